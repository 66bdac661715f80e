// @ts-check
// RFC 8785 (JSON Canonicalization Scheme) for what the shop hashes, base64url and SHA-256.

/**
 * RFC 8785 text. ECMAScript's own number and string forms are the ones it prescribes; names are sorted by UTF-16 unit.
 * @param {any} value JSON @returns {string}
 */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const names = Object.keys(value).sort();
    return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
  }
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError("JSON has no such number");
  return JSON.stringify(value);
}

/** @param {ArrayBuffer | Uint8Array<ArrayBuffer>} bytes @returns {string} base64url without padding */
export function toBase64url(bytes) {
  const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  let text = "";
  for (const byte of view) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} text base64url without padding @returns {Uint8Array<ArrayBuffer>} */
export function fromBase64url(text) {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new TypeError("not base64url");
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
}

/** @param {string} text */
export function utf8(text) {
  return new TextEncoder().encode(text);
}

/** @param {string | Uint8Array<ArrayBuffer>} content @returns {Promise<ArrayBuffer>} */
export function sha256(content) {
  return crypto.subtle.digest("SHA-256", typeof content === "string" ? utf8(content) : content);
}

/** RFC 7638 thumbprint of a P-256 public key, 43 characters. @param {JsonWebKey} jwk */
export async function thumbprint(jwk) {
  const { crv, kty, x, y } = /** @type {Record<string, string>} */ (jwk);
  return toBase64url(await sha256(canonical({ crv, kty, x, y })));
}
