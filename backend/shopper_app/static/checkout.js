// @ts-check
// One checkout on this device: opened, proven by face or password, its grant taken from the inbox and checked, paid.

import { canonical, sha256 } from "./canonical.js";
import { nowSeconds } from "./device.js";
import { wait } from "./dom.js";
import { messages, opened, publishedKeys } from "./inbox.js";
import { checkGrant, SealRefused, verified } from "./sealed.js";
import { call, ownDevice } from "./session.js";

/** @typedef {{id: string, state: string, store: string, lines: any[], discounts: import("./shop.js").Discount[], total_minor: number, vat_minor: number, currency: string, cart_hash: string, expires_at: string}} Checkout */
/** @typedef {{jws: string, claims: any}} Grant */

const POLLS_MAX = 60;
const POLL_MS = 1000;
const SOON_MS = 400; // most answers are there within a second or two
const SOON_POLLS = 6;
const KEY = "checkout";

/** The intention to pay this cart, kept over a reload and a closed tab, so that a repeat is the same request. @param {string} cartId */
function intention(cartId) {
  const saved = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  if (saved.cartId === cartId) return saved;
  const made = { cartId, openKey: crypto.randomUUID(), payKey: crypto.randomUUID(), id: "" };
  localStorage.setItem(KEY, JSON.stringify(made));
  return made;
}

/** What costs more by now than the shopper saw is refused. @param {import("./shop.js").Cart} cart @returns {Promise<Checkout>} */
export async function openCheckout(cart) {
  const saved = intention(cart.id);
  const { body } = await call("POST", "/v1/checkouts", { json: { cart_id: cart.id, total_minor: cart.total_minor }, key: saved.openKey, proof: true });
  localStorage.setItem(KEY, JSON.stringify({ ...saved, id: body.id }));
  return body;
}

/** The one that a reload interrupted. @returns {Promise<Checkout | null>} */
export async function resumed() {
  const { id } = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  if (!id) return null;
  const checkout = await call("GET", `/v1/checkouts/${id}`).then((answer) => answer.body, () => null);
  const stands = checkout?.state === "open" && Date.parse(checkout.expires_at) > nowSeconds() * 1000;
  return stands ? checkout : null;
}

export function forgetIntention() {
  localStorage.removeItem(KEY);
}

/** @param {Checkout} checkout */
export async function cancel(checkout) {
  forgetIntention();
  await call("DELETE", `/v1/checkouts/${checkout.id}`);
}

/** The hash of what stands on this screen, by our own count: see backend/carts/cart.py. @param {Checkout} checkout */
export async function cartHash(checkout) {
  const lines = [...checkout.lines].sort((a, b) => (a.id < b.id ? -1 : 1));
  const agreed = {
    store: checkout.store,
    currency: checkout.currency,
    lines: lines.map((line) => [line.sku, line.quantity, line.unit_price_minor, line.vat_rate_bp]),
    discounts: checkout.discounts.map((each) => [each.id, each.amount_minor]).sort(([a], [b]) => (a < b ? -1 : 1)),
    total: lines.reduce((sum, line) => sum + line.quantity * line.unit_price_minor, 0) - checkout.discounts.reduce((sum, each) => sum + each.amount_minor, 0),
  };
  return [...new Uint8Array(await sha256(canonical(agreed)))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Pictures of the face against a fresh challenge. @param {Checkout} checkout @param {() => Promise<Blob[]>} takeFrames */
export async function proveFace(checkout, takeFrames) {
  const { nonce } = (await call("POST", `/v1/checkouts/${checkout.id}/challenge`, { json: {}, proof: true })).body;
  const form = new FormData();
  form.append("nonce", nonce);
  (await takeFrames()).forEach((picture, i) => form.append("frame", picture, `frame-${i}.jpg`));
  await call("POST", `/v1/checkouts/${checkout.id}/face`, { form, proof: true });
}

/** @param {Checkout} checkout @param {string} password */
export async function provePassword(checkout, password) {
  await call("POST", `/v1/checkouts/${checkout.id}/password`, { json: { password }, proof: true });
}

/** The newest message now; what comes after it belongs to this try. */
export async function lastMessageId() {
  return (await messages()).at(-1)?.id ?? "";
}

/**
 * The answer to a proof comes to this device alone: a grant sealed to its key, or the news that it was refused.
 * @param {Checkout} checkout @param {string} after @param {AbortSignal} signal
 * @returns {Promise<Grant | "face_failed" | "late">}
 */
export async function awaitGrant(checkout, after, signal) {
  for (let i = 0; i < POLLS_MAX; i += 1) {
    for (const message of await messages(after)) {
      const grant = await grantOf(message, checkout);
      if (grant) return grant;
      if (message.kind === "face.refused" && aboutThis(message, checkout)) return "face_failed";
    }
    await wait(i < SOON_POLLS ? SOON_MS : POLL_MS, signal);
  }
  return "late";
}

/** @param {import("./inbox.js").Message} message @param {Checkout} checkout */
function aboutThis(message, checkout) {
  const named = message.payload?.checkout_id;
  return named === undefined || named === checkout.id;
}

/** @param {import("./inbox.js").Message} message @param {Checkout} checkout @returns {Promise<Grant | null>} */
async function grantOf(message, checkout) {
  const content = await opened(message);
  if (content?.cty !== "grant+jwt") return null;
  const claims = await verified(content.text, await publishedKeys());
  const device = ownDevice();
  try {
    checkGrant(claims, { deviceId: device.id, checkoutId: checkout.id, cartHash: await cartHash(checkout), nowMs: nowSeconds() * 1000 });
  } catch (wrong) {
    if (wrong instanceof SealRefused && wrong.code !== "grant_other_cart") return null; // of an earlier try
    throw wrong;
  }
  return { jws: content.text, claims };
}

/** @param {Checkout} checkout @param {Grant} grant @param {string} pin */
export async function pay(checkout, grant, pin) {
  const saved = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  const { body } = await call("POST", `/v1/checkouts/${checkout.id}/pay`, { json: { grant: grant.jws, pin }, key: saved.payKey, proof: true });
  forgetIntention();
  return body.order;
}

/** A refused try is over: the next one is another request. */
export function newPayKey() {
  const saved = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  localStorage.setItem(KEY, JSON.stringify({ ...saved, payKey: crypto.randomUUID() }));
}
