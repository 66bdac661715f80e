// @ts-check
// The public API: one way to ask, answers as they come, refusals as `Problem` with a sentence in the shopper's language.

import { learnClock, proof } from "./device.js";
import { has, t } from "./words.js";

/** @typedef {import("./device.js").Device} Device */
/**
 * @typedef {object} Request
 * @property {any} [json] @property {FormData} [form]
 * @property {string} [key] Idempotency-Key: the same for every try of one intention
 * @property {string} [token] @property {Device} [device] @property {boolean} [introduce]
 * @property {Record<string, string>} [headers] @property {AbortSignal} [signal]
 */

const NETWORK_TRIES = 3;

export class Problem extends Error {
  /** @param {number} status @param {any} body problem+json @param {number} [retryAfter] seconds */
  constructor(status, body, retryAfter) {
    super(body.code ?? String(status));
    this.status = status;
    this.code = String(body.code ?? "unknown");
    this.facts = body;
    this.retryAfter = retryAfter;
  }

  get sentence() {
    const facts = { ...this.facts, ...this.facts.facts };
    for (const key of [`problem.${this.code}`, `problem.${this.status}`]) if (has(key)) return t(key, facts);
    return t("problem.unknown");
  }
}

/** @param {Request} request @returns {Promise<{bytes: Uint8Array<ArrayBuffer>, type: string | null}>} */
async function encoded({ json, form }) {
  if (form) {
    const packed = new Response(form);
    return { type: packed.headers.get("Content-Type"), bytes: new Uint8Array(await packed.arrayBuffer()) };
  }
  if (json === undefined) return { type: null, bytes: new Uint8Array() };
  return { type: "application/json", bytes: new TextEncoder().encode(JSON.stringify(json)) };
}

/**
 * One request. A GET, or a request with a key, is tried again after a network error; a proof is made anew each time.
 * @param {string} method @param {string} path @param {Request} [request]
 * @returns {Promise<{status: number, body: any, etag: string | null}>}
 */
export async function ask(method, path, request = {}) {
  const { bytes, type } = await encoded(request);
  const repeatable = method === "GET" || request.key !== undefined;
  for (let attempt = 1; ; attempt += 1) {
    const headers = await headersOf(method, path, request, bytes, type);
    try {
      const answer = await fetch(path, { method, headers, body: bytes.length ? bytes : undefined, signal: request.signal, cache: "no-store" });
      learnClock(answer.headers.get("Date"));
      return await readAnswer(answer);
    } catch (wrong) {
      if (wrong instanceof Problem || /** @type {any} */ (wrong).name === "AbortError") throw wrong;
      if (!repeatable || attempt === NETWORK_TRIES) throw new Problem(0, { code: "offline" });
      await new Promise((resolve) => setTimeout(resolve, 400 * attempt));
    }
  }
}

/** @param {string} method @param {string} path @param {Request} request @param {Uint8Array<ArrayBuffer>} body @param {string | null} type */
async function headersOf(method, path, request, body, type) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", ...request.headers };
  if (type) headers["Content-Type"] = type;
  if (request.token) headers.Authorization = `Bearer ${request.token}`;
  if (request.key) headers["Idempotency-Key"] = request.key;
  if (request.device) {
    const { device, token, introduce } = request;
    headers["Device-Proof"] = await proof(device, { method, path, body, token, introduce });
  }
  return headers;
}

/** @param {Response} answer */
async function readAnswer(answer) {
  const etag = answer.headers.get("ETag");
  if (answer.status === 204 || answer.status === 304) return { status: answer.status, body: null, etag };
  const file = !answer.headers.get("Content-Type")?.includes("json");
  const body = await (file && answer.ok ? answer.blob() : answer.json().catch(() => ({})));
  if (answer.ok) return { status: answer.status, body, etag };
  throw new Problem(answer.status, body, Number(answer.headers.get("Retry-After")) || undefined);
}
