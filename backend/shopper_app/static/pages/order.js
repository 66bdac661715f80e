// @ts-check
// One order, from paid to handed over; the pick-up code is opened on this device only.

import { button, h, heading, icon, link, notice, replace, tone, wait } from "../dom.js";
import { messages, opened } from "../inbox.js";
import { focusHeading } from "../router.js";
import { Problem } from "../api.js";
import { call, download } from "../session.js";
import { storeOf } from "../shop.js";
import { clock, inMine, moment, money, t } from "../words.js";

const POLL_MS = 2000;
const STEPS = ["paid", "accepted", "packing", "ready", "handed_over"];
const UNPACKED = ["paid", "accepted"];
const ENDS = ["handed_over", "mismatch", "cancelled"];

/** @param {import("../router.js").Visit} visit */
export async function show({ main, params, query, signal }) {
  const path = `/v1/orders/${params.id}`;
  const top = h("div", { "aria-live": "polite" });
  const rest = h("div", { class: "order" });
  const back = h("div");
  let order = (await call("GET", path)).body;
  let etag = "";
  const cancelKey = crypto.randomUUID();
  main.append(heading(t("order.title", { number: order.receipt_number })), top, rest, back);
  focusHeading();
  draw();
  if (query.has("paid")) tone("good");
  while (!ENDS.includes(order.state)) {
    await showCode();
    await wait(POLL_MS, signal);
    if (document.visibilityState !== "visible") continue;
    const answer = await call("GET", path, { headers: etag ? { "If-None-Match": etag } : {} }).catch(quietly);
    if (!answer || answer.status === 304) continue;
    etag = answer.etag ?? "";
    const before = order;
    order = answer.body;
    if (["state", "code_sent_at", "refunded_minor"].some((fact) => order[fact] !== before[fact])) draw();
  }

  function draw() {
    replace(top, ...banner(order));
    replace(rest, progress(order), receipt(order), ...(UNPACKED.includes(order.state) ? [cancelling()] : []));
    if (order.refunded_minor) void refunds(order).then((list) => replace(back, list), () => null);
  }

  function cancelling() {
    const amount = money(order.total_minor - order.refunded_minor, order.currency);
    return h("details", {}, h("summary", {}, t("order.cancel")), h("p", { class: "hint" }, t("order.cancel_more")),
      button(t("order.cancel_confirm", { amount }), cancel, { class: "button quiet wide", id: "cancel-order" }));
  }

  async function cancel() {
    order = (await call("POST", `${path}/cancellation`, { json: {}, key: cancelKey, proof: true })).body;
    draw();
    focusHeading();
  }

  async function showCode() {
    const place = top.querySelector("#pickup");
    if (order.state !== "ready" || !place || place.childElementCount) return;
    const code = await pickupCode(order).catch(() => null);
    if (!code) return;
    place.nextElementSibling?.remove();
    replace(place, h("p", { class: "digits", dir: "ltr", "aria-label": [...code].join(" ") }, code), await qr(code), h("p", { class: "hint" }, t("order.code_more")));
  }
}

/** A lost poll is no news; anything the server says no to is. @param {any} wrong */
function quietly(wrong) {
  if (wrong instanceof Problem && wrong.status !== 0 && wrong.status < 500) throw wrong;
  return null;
}

/** @param {any} order */
function banner(order) {
  if (order.state === "handed_over") return [notice("good", t("thanks"), t("order.thanks_more"), link("/", t("nav.shop"), { class: "button" }))];
  if (order.state === "mismatch") return [notice("bad", t("order_mismatch"), t("order.mismatch_more"), link("/inbox", t("nav.inbox"), { class: "button quiet" }))];
  if (order.state === "cancelled") return [notice("bad", t("order.state.cancelled"), t("order.cancelled_more"))];
  if (order.state === "ready") return [h("section", { class: "notice pickup" }, h("h2", {}, t("pickup_prompt")), h("div", { id: "pickup" }), h("p", { class: "wait" }, t("order.code_coming")))];
  return [notice("good", t("payment_success"), t("order.packing_more"))];
}

/** The one that counts now: an earlier code opens nothing any more. @param {any} order @returns {Promise<string | null>} */
async function pickupCode(order) {
  for (const message of (await messages()).reverse()) {
    if (new Date(message.created_at) < new Date(order.code_sent_at)) break;
    const content = await opened(message);
    if (content?.cty !== "application/json") continue;
    const said = JSON.parse(content.text);
    if (said.order_id === order.id && /^\d{6}$/.test(said.code)) return said.code;
  }
  return null;
}

/** @param {string} text */
async function qr(text) {
  const { encode } = await import("../vendor/uqr/index.js");
  /** @type {{data: boolean[][], size: number}} */
  const { data, size } = encode(text, { ecc: "M", border: 2 });
  const canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { class: "qr", width: size, height: size, role: "img", "aria-label": t("order.qr") }));
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, size, size);
  pen.fillStyle = "#000";
  for (const [y, row] of data.entries()) for (const [x, dark] of row.entries()) if (dark) pen.fillRect(x, y, 1, 1);
  return canvas;
}

/** @param {any} order */
function progress(order) {
  const at = Object.fromEntries(order.steps.map((/** @type {any} */ step) => [step.state, step.at]));
  const ended = ["mismatch", "cancelled"].includes(order.state);
  const way = STEPS.slice(0, -1).filter((state) => at[state] || order.state !== "cancelled");
  const states = [...way, ended ? order.state : "handed_over"];
  const reached = states.indexOf(order.state);
  return h("ol", { class: "timeline" }, ...states.map((state, i) =>
    h("li", { class: i < reached ? "done" : i === reached ? "done now" : "", "aria-current": state === order.state ? "step" : null },
      h("span", { class: "dot", "aria-hidden": "true" }, i <= reached ? icon(ended && state === order.state ? "alert" : "check") : null),
      h("span", {}, t(`order.state.${state}`)), at[state] ? h("time", { datetime: at[state] }, clock(at[state])) : null)));
}

/** @param {any} order */
function receipt(order) {
  const price = (/** @type {number} */ minor) => h("bdi", {}, money(minor, order.currency));
  const store = storeOf(order.store_id);
  const off = order.lines.reduce((/** @type {number} */ sum, /** @type {any} */ line) => sum + line.discount_minor, 0);
  const paid = order.steps.find((/** @type {any} */ step) => step.state === "paid");
  return h("section", { class: "receipt" }, h("h2", {}, t("order.receipt")),
    h("p", { class: "hint" }, store ? inMine(store.name) : "", " · ", h("bdi", {}, String(order.receipt_number)), paid ? ` · ${moment(paid.at)}` : ""),
    h("ul", {}, ...order.lines.map((/** @type {any} */ line) => h("li", {}, h("span", {}, h("bdi", {}, inMine(line.name)), " ", h("bdi", { class: "hint", dir: "ltr" }, `× ${line.quantity}`)), price(line.gross_minor)))),
    h("dl", {}, ...(off > 0 ? [h("dt", {}, t("cart.discount")), h("dd", {}, price(-off))] : []), ...Object.entries(order.vat_by_rate).filter(([, vat_minor]) => vat_minor > 0).flatMap(([rate_bp, vat_minor]) => [h("dt", {}, t("order.vat", { rate: Number(rate_bp) / 100 })), h("dd", {}, price(vat_minor))]),
      h("dt", { class: "total" }, t("cart.total")), h("dd", { class: "total" }, price(order.total_minor)),
      ...(order.refunded_minor ? [h("dt", {}, t("order.refunded")), h("dd", {}, price(order.refunded_minor))] : [])),
    button(t("order.receipt_pdf"), () => download(`/v1/orders/${order.id}/receipt.pdf`, `receipt-${order.receipt_number}.pdf`), { class: "button quiet wide", id: "receipt-pdf" }));
}

/** What was paid back, each with its credit note. @param {any} order */
async function refunds(order) {
  const path = `/v1/orders/${order.id}/refunds`;
  const made = (await call("GET", path)).body.refunds;
  return h("section", { class: "receipt" }, h("h2", {}, t("order.refunds")),
    h("ul", {}, ...made.map((/** @type {any} */ refund) => h("li", {},
      h("span", {}, h("bdi", {}, money(refund.amount_minor, refund.currency)), refund.state === "done" ? "" : ` · ${t(`refund.${refund.state}`)}`, h("br"), h("span", { class: "hint" }, moment(refund.at))),
      refund.number ? button(t("order.credit_note", { number: refund.number }), () => download(`${path}/${refund.id}/credit-note.pdf`, `credit-note-${refund.number}.pdf`), { class: "button quiet", id: `credit-note-${refund.number}` }) : null))));
}
