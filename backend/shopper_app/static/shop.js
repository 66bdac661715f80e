// @ts-check
// The store the shopper is in, its catalogue, and the one open cart there.

import { ask } from "./api.js";
import { call, ensureShopper, known } from "./session.js";

/** @typedef {{id: string, code: string, name: {en: string, ar: string}, currency: string, timezone: string}} Store */
/** @typedef {{sku: string, gtin: string, name: {en: string, ar: string}, category: {en: string, ar: string}, price_minor: number, currency: string, vat_rate_bp: number, picture_url: string | null, available: number}} Product */
/** @typedef {{id: string, kind: string, name: {en: string, ar: string}, percent_bp: number | null, amount_minor: number | null, currency: string, take: number | null, pay: number | null, sku: string | null, category_en: string | null, bundle: Record<string, number> | null, valid_to: string | null}} Promotion */
/** @typedef {{id: string, sku: string, name: {en: string, ar: string}, picture_url: string | null, quantity: number, unit_price_minor: number, current_price_minor: number | null, gross_minor: number, discount_minor: number, vat_rate_bp: number, vat_minor: number}} Line */
/** @typedef {{id: string, name: {en: string, ar: string}, amount_minor: number}} Discount */
/** @typedef {{id: string, store: string, state: string, currency: string, lines: Line[], discounts: Discount[], coupon: string | null, total_minor: number, vat_minor: number, pieces: number, seconds_left: number, extensions_left: number, cart_hash: string}} Cart */

/** @type {Store[]} */
let stores = [];
/** @type {Cart | null} */
let cart = null;
/** On performance.now()'s scale, so that a wrong wall clock does not matter. */
let cartEndsAt = 0;

/** Fires "change" when the cart or the store did. */
export const shop = new EventTarget();
const changed = () => shop.dispatchEvent(new Event("change"));

export async function loadStores() {
  stores = (await ask("GET", "/v1/stores")).body.stores;
}

export function allStores() {
  return stores;
}

/** @returns {Store} */
export function store() {
  return stores.find((s) => s.code === localStorage.getItem("store")) ?? stores[0];
}

/** @param {string} code */
export async function enter(code) {
  if (code === store().code || !stores.some((s) => s.code === code)) return;
  localStorage.setItem("store", code);
  cart = null;
  changed();
  await loadCart();
}

/** @param {string} idOrCode */
export function storeOf(idOrCode) {
  return stores.find((s) => s.id === idOrCode || s.code === idOrCode);
}

export function currentCart() {
  return cart;
}

export function cartSecondsLeft() {
  return Math.max(0, Math.round((cartEndsAt - performance.now()) / 1000));
}

/** @param {Cart | null} next @returns {Cart | null} */
export function takeCart(next) {
  cart = next && next.lines.length ? next : null;
  if (cart) cartEndsAt = performance.now() + cart.seconds_left * 1000;
  changed();
  return cart;
}

export async function loadCart() {
  if (!known()) return takeCart(null);
  return takeCart((await call("GET", `/v1/carts/current?store=${store().code}`)).body.cart);
}

/**
 * One piece into the cart; the first scan makes a guest. `scan_id` makes a repeat after a lost answer harmless.
 * @param {{code: string} | {gtin: string}} what @returns {Promise<Line>}
 */
export async function scan(what) {
  await ensureShopper();
  const scan_id = crypto.randomUUID();
  const json = "code" in what ? { scan_id, code: what.code } : { scan_id, store: store().code, gtin: what.gtin };
  const { body } = await call("POST", "/v1/scans", { json, key: scan_id });
  const there = storeOf(body.cart.store);
  if (there) localStorage.setItem("store", there.code);
  takeCart(body.cart);
  return body.line;
}

/** @param {Line} line @param {number} quantity */
export async function setQuantity(line, quantity) {
  const path = `/v1/carts/${/** @type {Cart} */ (cart).id}/lines/${line.id}`;
  const { body } = quantity < 1 ? await call("DELETE", path) : await call("PATCH", path, { json: { quantity } });
  return takeCart(body);
}

export async function extendCart() {
  return takeCart((await call("POST", `/v1/carts/${/** @type {Cart} */ (cart).id}/extension`, { json: {} })).body);
}

export async function acceptPrices() {
  return takeCart((await call("POST", `/v1/carts/${/** @type {Cart} */ (cart).id}/prices`, { json: {} })).body);
}

/** @param {string} code in place of the coupon that the cart has; "" for none */
export async function setCoupon(code) {
  const path = `/v1/carts/${/** @type {Cart} */ (cart).id}/coupon`;
  return takeCart((await (code ? call("PUT", path, { json: { code } }) : call("DELETE", path))).body);
}

export async function emptyCart() {
  await call("DELETE", `/v1/carts/${/** @type {Cart} */ (cart).id}`);
  return takeCart(null);
}

const PAGES_MAX = 20;
let catalogue = { store: "", etags: /** @type {Record<string, {etag: string | null, body: any}>} */ ({}) };

/** The whole catalogue of the store; pages that did not change are not sent again (ETag). @returns {Promise<Product[]>} */
export async function products() {
  const code = store().code;
  if (catalogue.store !== code) catalogue = { store: code, etags: {} };
  const found = [];
  let after = "";
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const path = `/v1/products?store=${code}${after ? `&after=${encodeURIComponent(after)}` : ""}`;
    const before = catalogue.etags[path];
    const answer = await ask("GET", path, { headers: before?.etag ? { "If-None-Match": before.etag } : {} });
    const body = answer.status === 304 ? before.body : answer.body;
    catalogue.etags[path] = { etag: answer.etag, body };
    found.push(...body.products);
    after = body.next;
    if (!after) break;
  }
  return found;
}

/** What is cheaper there now for everybody; nothing to buy hangs on it. @returns {Promise<Promotion[]>} */
export async function promotions() {
  const answer = await ask("GET", `/v1/stores/${store().code}/promotions`).catch(() => null);
  return answer?.body.promotions ?? [];
}

/** @param {string} sku @returns {Promise<Product>} */
export async function product(sku) {
  return (await ask("GET", `/v1/products/${encodeURIComponent(sku)}?store=${store().code}`)).body;
}

/**
 * Signing in changes who is shopping: what the guest had taken is put back and taken again for the account.
 * @param {() => Promise<void>} signIn
 */
export async function carryCart(signIn) {
  const before = cart?.state === "open" ? cart : null;
  const gtins = await Promise.all((before?.lines ?? []).map(async (line) => ({ gtin: (await product(line.sku)).gtin, quantity: line.quantity })));
  if (before) await emptyCart();
  try {
    await signIn();
  } finally {
    for (const { gtin, quantity } of gtins) {
      const line = await scan({ gtin });
      if (quantity > 1) await setQuantity(line, line.quantity + quantity - 1);
    }
    await loadCart();
  }
}
