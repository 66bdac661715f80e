// @ts-check
// Messages sealed to this device: compact JWE (RFC 7516), ECDH-ES (RFC 7518 4.6) + A256GCM, and the grant inside.

import { fromBase64url, sha256, utf8 } from "./canonical.js";

const P256 = { name: "ECDH", namedCurve: "P-256" };

export class SealRefused extends Error {
  /** @param {string} code @param {string} why */
  constructor(code, why) {
    super(why);
    this.code = code;
  }
}

/** @param {boolean} good @param {string} why @param {string} [code] @returns {asserts good} */
function demand(good, why, code = "seal_broken") {
  if (!good) throw new SealRefused(code, why);
}

/** @param {string} part @returns {any} */
function json(part) {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(fromBase64url(part)));
}

/** A 32-bit big-endian length before the bytes. @param {Uint8Array} bytes */
function counted(bytes) {
  const out = new Uint8Array(4 + bytes.length);
  new DataView(out.buffer).setUint32(0, bytes.length);
  out.set(bytes, 4);
  return out;
}

/**
 * Concat KDF of NIST SP 800-56A as RFC 7518 4.6.2 profiles it, one round (keys up to 256 bits).
 * @param {Uint8Array<ArrayBuffer>} secret Z @param {string} algorithm `enc` @param {string} apu base64url @param {string} apv base64url
 * @param {number} bits
 */
export async function concatKdf(secret, algorithm, apu, apv, bits) {
  const last = new Uint8Array(4);
  new DataView(last.buffer).setUint32(0, bits);
  const parts = [
    Uint8Array.of(0, 0, 0, 1), secret, counted(utf8(algorithm)), counted(fromBase64url(apu)), counted(fromBase64url(apv)), last,
  ];
  const all = new Uint8Array(await new Blob(parts).arrayBuffer());
  return new Uint8Array(await sha256(all)).slice(0, bits / 8);
}

/** Z: the x coordinate both sides share. @param {CryptoKey} own @param {any} epk @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function agree(own, epk) {
  const other = await crypto.subtle.importKey("jwk", { kty: "EC", crv: "P-256", x: epk.x, y: epk.y }, P256, false, []);
  return new Uint8Array(await crypto.subtle.deriveBits({ name: "ECDH", public: other }, own, 256));
}

/**
 * Opens a compact JWE; nothing but ECDH-ES and A256GCM is accepted.
 * @param {string} jwe @param {CryptoKey} own private ECDH key @returns {Promise<{cty: string, text: string}>}
 */
export async function open(jwe, own) {
  const parts = jwe.split(".");
  demand(parts.length === 5, "a compact JWE has five parts");
  const [head, key, iv, body, tag] = parts;
  const header = json(head);
  demand(header.alg === "ECDH-ES" && header.enc === "A256GCM", "algorithm not allowed");
  demand(!("zip" in header) && !("crit" in header) && key === "", "header not allowed");
  demand(header.epk?.kty === "EC" && header.epk.crv === "P-256", "ephemeral key not allowed");
  const bits = await concatKdf(await agree(own, header.epk), "A256GCM", header.apu ?? "", header.apv ?? "", 256);
  const secret = await crypto.subtle.importKey("raw", bits, "AES-GCM", false, ["decrypt"]);
  const sealed = new Uint8Array(await new Blob([fromBase64url(body), fromBase64url(tag)]).arrayBuffer());
  const how = { name: "AES-GCM", iv: fromBase64url(iv), additionalData: utf8(head), tagLength: 128 };
  const plain = await crypto.subtle.decrypt(how, secret, sealed);
  return { cty: String(header.cty ?? ""), text: new TextDecoder("utf-8", { fatal: true }).decode(plain) };
}

/**
 * The claims of a JWS that the shop signed (ES256). @param {string} jws @param {{keys: any[]}} jwks
 * @returns {Promise<any>}
 */
export async function verified(jws, jwks) {
  const [head, body, signature] = jws.split(".");
  const header = json(head);
  demand(header.alg === "ES256" && !("crit" in header), "algorithm not allowed");
  const jwk = jwks.keys.find((k) => k.kid === header.kid && k.kty === "EC" && k.crv === "P-256");
  demand(jwk !== undefined, "signed by a key the shop does not publish");
  const ecdsa = { name: "ECDSA", namedCurve: "P-256" };
  const key = await crypto.subtle.importKey("jwk", { kty: "EC", crv: "P-256", x: jwk.x, y: jwk.y }, ecdsa, false, ["verify"]);
  const good = await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, fromBase64url(signature), utf8(`${head}.${body}`));
  demand(good, "signature is wrong");
  return json(body);
}

/**
 * What a grant must say before anything of it is shown.
 * @param {any} grant claims @param {{deviceId: string, checkoutId: string, cartHash: string, nowMs: number}} here
 */
export function checkGrant(grant, here) {
  demand(grant.aud === `device:${here.deviceId}` && grant.cnf?.jkt === here.deviceId, "meant for another device", "grant_foreign");
  demand(grant.checkout === here.checkoutId, "meant for another checkout", "grant_foreign");
  demand(grant.exp * 1000 > here.nowMs, "ran out", "grant_expired");
  demand(grant.cart_hash === here.cartHash, "another cart than the one on this screen", "grant_other_cart");
}

