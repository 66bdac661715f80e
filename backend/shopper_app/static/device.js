// @ts-check
// This device's two P-256 key pairs: ECDH opens what is sealed to it, ECDSA proves that a request is its own.
// The private keys cannot be extracted; IndexedDB holds them as objects, never as bytes.

import { sha256, thumbprint, toBase64url, utf8 } from "./canonical.js";

/**
 * @typedef {{id: string, opens: CryptoKeyPair, proves: CryptoKeyPair, shopperId: string}} Device
 */

const ES256 = { name: "ECDSA", namedCurve: "P-256" };

/** @returns {Promise<IDBDatabase>} */
function database() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("smartpay", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("device");
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

/** @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} work @returns {Promise<T>} */
async function withStore(mode, work) {
  const db = await database();
  try {
    return await new Promise((resolve, reject) => {
      const asked = work(db.transaction("device", mode).objectStore("device"));
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  } finally {
    db.close();
  }
}

/** @returns {Promise<Device | undefined>} */
export function stored() {
  return withStore("readonly", (store) => store.get("current"));
}

/** @param {Device} device */
export async function keep(device) {
  await withStore("readwrite", (store) => store.put(device, "current"));
}

export async function forget() {
  await withStore("readwrite", (store) => store.clear());
}

/** A device nobody knows yet. @returns {Promise<Device>} */
export async function fresh() {
  const opens = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);
  const proves = await crypto.subtle.generateKey(ES256, false, ["sign", "verify"]);
  return { id: await thumbprint(await publicJwk(proves)), opens, proves, shopperId: "" };
}

/** The public half, in the members RFC 7638 counts. @param {CryptoKeyPair} pair */
async function publicJwk(pair) {
  const { crv, kty, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return { crv, kty, x, y };
}

/** How a device introduces itself. @param {Device} device */
export async function introduction(device) {
  const [jwk_enc, jwk_sig] = await Promise.all([publicJwk(device.opens), publicJwk(device.proves)]);
  return { jwk_enc, jwk_sig, name: deviceName() };
}

function deviceName() {
  const agent = navigator.userAgent;
  const system = /Android|iPhone|iPad|Windows|Mac OS X|Linux/.exec(agent)?.[0] ?? "Web";
  const browser = /Firefox|Edg|Chrome|Safari/.exec(agent)?.[0] ?? "";
  return `${browser} ${system}`.trim().replace("Edg ", "Edge ");
}

/** Seconds by which the shop's clock is ahead of ours; proofs are good for ±30 s only. */
let ahead = 0;

/** @param {string | null} date an answer's Date header */
export function learnClock(date) {
  const theirs = date ? Date.parse(date) : NaN;
  if (Number.isFinite(theirs)) ahead = Math.round((theirs - Date.now()) / 1000);
}

export function nowSeconds() {
  const skew = Math.abs(ahead) > 5 ? ahead : 0;
  return Math.floor(Date.now() / 1000) + skew;
}

/**
 * The Device-Proof header of one request: DPoP's shape (RFC 9449), the path alone as `htu`, the body's digest inside.
 * @param {Device} device
 * @param {{method: string, path: string, body: Uint8Array<ArrayBuffer>, token?: string, introduce?: boolean}} request
 */
export async function proof(device, request) {
  const head = { typ: "device-proof+jwt", alg: "ES256", ...(request.introduce ? { jwk: await publicJwk(device.proves) } : { kid: device.id }) };
  const claims = {
    htm: request.method,
    htu: request.path.split("?")[0],
    iat: nowSeconds(),
    jti: crypto.randomUUID(),
    body_sha256: toBase64url(await sha256(request.body)),
    ...(request.token ? { ath: toBase64url(await sha256(request.token)) } : {}),
  };
  const signed = [head, claims].map((part) => toBase64url(utf8(JSON.stringify(part)))).join(".");
  const how = { name: "ECDSA", hash: "SHA-256" };
  return `${signed}.${toBase64url(await crypto.subtle.sign(how, device.proves.privateKey, utf8(signed)))}`;
}
