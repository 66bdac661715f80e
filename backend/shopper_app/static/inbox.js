// @ts-check
// Messages to this device; what is sealed is opened here and nowhere else.

import { ask } from "./api.js";
import { call, ownDevice } from "./session.js";
import { open } from "./sealed.js";

/** @typedef {{id: string, kind: string, title: string, body: string, payload: any, sealed: string | null, created_at: string, expires_at: string | null, read: boolean}} Message */

const READS_MAX = 50;
const A_FULL_READ = 100; // what the server gives at once

/** Everything after a message, over as many reads as it takes. @param {string} [after] @returns {Promise<Message[]>} oldest first */
export async function messages(after = "") {
  /** @type {Message[]} */
  const all = [];
  for (let reads = 0; reads < READS_MAX; reads += 1) {
    const last = all.at(-1)?.id ?? after;
    const path = `/v1/inbox${last ? `?after=${encodeURIComponent(last)}` : ""}`;
    /** @type {Message[]} */
    const more = (await call("GET", path, { proof: true })).body.messages;
    all.push(...more);
    if (more.length < A_FULL_READ) break;
  }
  return all;
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
