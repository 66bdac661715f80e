// @ts-check
// Messages to this device; what is sealed is opened here and nowhere else.

import { ask } from "./api.js";
import { call, ownDevice } from "./session.js";
import { open } from "./sealed.js";

/** @typedef {{id: string, kind: string, title: string, body: string, payload: any, sealed: string | null, created_at: string, expires_at: string | null, read: boolean}} Message */

/** @param {string} [after] @returns {Promise<Message[]>} oldest first */
export async function messages(after = "") {
  const path = `/v1/inbox${after ? `?after=${encodeURIComponent(after)}` : ""}`;
  return (await call("GET", path, { proof: true })).body.messages;
}

/** @param {string} id */
export async function markRead(id) {
  await call("POST", `/v1/inbox/${id}/read`, { json: {}, proof: true });
}

/** What was sealed to this device, or null where it was not meant for its key. @param {Message} message */
export async function opened(message) {
  if (!message.sealed) return null;
  try {
    return await open(message.sealed, ownDevice().opens.privateKey);
  } catch (wrong) {
    console.warn("a sealed message did not open", wrong);
    return null;
  }
}

/** The shop's published keys; asked again each time, since they rotate. */
export async function publishedKeys() {
  return (await ask("GET", "/.well-known/jwks.json")).body;
}
