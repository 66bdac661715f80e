// @ts-check
// Who is shopping here. The access token lives in memory, the refresh token in a cookie no script can read;
// whoever scans for the first time silently becomes a guest, and registering later keeps the same cart.

import { ask, Problem } from "./api.js";
import * as devices from "./device.js";
import { h } from "./dom.js";
import { language } from "./words.js";

/** @typedef {import("./device.js").Device} Device */
/** @typedef {{id: string, login: string | null, display_name: string | null, guest: boolean, language: string, has_pin: boolean, face: {consented: boolean, templates: number, templates_min: number, templates_max: number, outdated: boolean}, wallet: {balance_minor: number, currency: string}}} Me */

/** @type {Device | null} */
let device = null;
let token = "";
let tokenEndsAt = 0;
const COOKIE = { "X-Refresh": "cookie" };

/** @param {any} answer */
function accept(answer) {
  token = answer.access_token;
  tokenEndsAt = performance.now() + (answer.expires_in_s - 30) * 1000;
}

export function known() {
  return device !== null;
}

/** Is anybody known on this device? Called once, when the app starts. */
export async function restore() {
  device = (await devices.stored()) ?? null;
}

/**
 * One refresh at a time over all tabs, since each spends the cookie before it. A proof that was refused for our wrong
 * clock is made once more: the refusal's Date header taught us the shop's.
 */
async function refresh() {
  await navigator.locks.request("smartpay-refresh", async () => {
    const own = /** @type {Device} */ (device);
    const renew = () => ask("POST", "/v1/sessions/refresh", { json: {}, device: own, headers: COOKIE });
    try {
      accept((await renew().catch((wrong) => (wrong.code === "device_proof_refused" ? renew() : Promise.reject(wrong)))).body);
    } catch (wrong) {
      if (wrong instanceof Problem && wrong.status === 401) await lose();
      throw wrong;
    }
  });
}

async function lose() {
  device = null;
  token = "";
  await devices.forget();
}

async function ready() {
  if (device && performance.now() >= tokenEndsAt) await refresh();
}

/** Makes a guest where nobody is known yet. */
export async function ensureShopper() {
  try {
    await ready();
  } catch (wrong) {
    if (!(wrong instanceof Problem && wrong.status === 401)) throw wrong;
  }
  if (device) return;
  const own = await devices.fresh();
  const json = { device: await devices.introduction(own), language };
  const { body } = await ask("POST", "/v1/shoppers", { json, device: own, introduce: true, headers: COOKIE });
  await settle(own, body);
}

/** @param {Device} own @param {any} answer */
async function settle(own, answer) {
  own.shopperId = answer.shopper_id;
  await devices.keep(own);
  device = own;
  accept(answer);
}

/** Signs an account in on this device, with new keys: the old ones belonged to somebody else. @param {string} login @param {string} password */
export async function signIn(login, password) {
  const own = await devices.fresh();
  const json = { login, password, device: await devices.introduction(own) };
  const { body } = await ask("POST", "/v1/sessions", { json, device: own, introduce: true, headers: COOKIE });
  await settle(own, body);
}

export async function signOut() {
  try {
    await call("DELETE", "/v1/sessions/current");
  } finally {
    await lose();
  }
}

/**
 * A call as the shopper. With `proof` the device signs it. An access token that ended meanwhile is renewed once.
 * @param {string} method @param {string} path
 * @param {Omit<import("./api.js").Request, "token" | "device"> & {proof?: boolean}} [request]
 */
export async function call(method, path, request = {}) {
  const { proof, ...rest } = request;
  await ready();
  if (!device) throw new Problem(401, { code: "signed_out" });
  const full = () => ({ ...rest, token, device: proof ? /** @type {Device} */ (device) : undefined });
  try {
    return await ask(method, path, full());
  } catch (wrong) {
    if (!(wrong instanceof Problem) || wrong.status !== 401) throw wrong;
    await refresh();
    return ask(method, path, full());
  }
}

/** A file that only its owner may have, so no plain link leads to it. @param {string} path @param {string} name */
export async function download(path, name) {
  const { body } = await call("GET", path);
  const href = URL.createObjectURL(body);
  h("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** @returns {Promise<Me | null>} null: nobody is known here */
export async function me() {
  if (!device) return null;
  try {
    return (await call("GET", "/v1/shoppers/me")).body;
  } catch (wrong) {
    if (wrong instanceof Problem && wrong.status === 401) return null;
    throw wrong;
  }
}

/** This device's keys, for opening what is sealed to it. */
export function ownDevice() {
  if (!device) throw new Problem(401, { code: "signed_out" });
  return device;
}
