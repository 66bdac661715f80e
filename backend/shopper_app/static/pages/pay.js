// @ts-check
// Paying: face (or password) → the sealed grant comes to this device → PIN → paid.

import { awaitGrant, cancel, forgetIntention, lastMessageId, newPayKey, openCheckout, pay, proveFace, provePassword, resumed } from "../checkout.js";
import { button, complain, field, h, heading, icon, link, notice, replace, tone, turnTo, wait } from "../dom.js";
import { focusHeading, go } from "../router.js";
import { me } from "../session.js";
import { currentCart, loadCart, storeOf } from "../shop.js";
import { inMine, money, t } from "../words.js";
import { discountRows } from "./cart.js";
import { faceStage, isPin, pinField } from "./steps.js";

/** @typedef {import("../checkout.js").Checkout} Checkout */
/** @typedef {{body: HTMLElement, signal: AbortSignal, checkout: Checkout}} Here */

const FRAMES = 3;
const FRAME_GAP_MS = 250;
const OVER = ["checkout_expired", "checkout_not_open", "checkout_not_found"];

/** @param {import("../router.js").Visit} visit */
export async function show({ main, signal }) {
  const body = h("div", { class: "step" });
  main.append(heading(t("pay.title")), body);
  focusHeading();
  const who = await me();
  if (!who || who.guest || !who.has_pin) return void (await go("/enrol?then=pay", { replace: true }));
  const checkout = await opened(body);
  if (checkout) choose({ body, signal, checkout }, who);
}

/** @param {HTMLElement} body */
async function opened(body) {
  const before = await resumed();
  if (before) return before;
  await loadCart();
  const cart = currentCart();
  if (!cart) {
    turnTo(body, notice("plain", t("cart.empty"), t("scan_prompt"), link("/scan", t("scan.open"), { class: "button", icon: "scan" })));
    return null;
  }
  try {
    return await openCheckout(cart);
  } catch (wrong) {
    over(body, wrong);
    return null;
  }
}

/** No try of this checkout can help any more. @param {HTMLElement} body @param {any} wrong */
function over(body, wrong) {
  forgetIntention();
  turnTo(body, notice("bad", t("pay.cannot"), wrong.sentence ?? t("problem.unknown"), link("/cart", t("pay.back_to_cart"), { class: "button" })));
}

/** What is to be paid, from the server's answer. @param {Checkout} checkout */
function summary(checkout) {
  const store = storeOf(checkout.store);
  return h("dl", { class: "summary" }, h("dt", {}, t("pay.to")), h("dd", {}, store ? inMine(store.name) : checkout.store),
    h("dt", {}, t("pay.pieces")), h("dd", {}, t("pieces", { n: checkout.lines.reduce((n, line) => n + line.quantity, 0) })),
    ...discountRows(checkout),
    h("dt", { class: "total" }, t("cart.total")), h("dd", { class: "total" }, h("bdi", {}, money(checkout.total_minor, checkout.currency))));
}

/** @param {Here} here @param {import("../session.js").Me} who */
function choose(here, who) {
  const { body, checkout } = here;
  const enrolled = who.face.consented && who.face.templates >= who.face.templates_min;
  turnTo(body, summary(checkout), h("p", { class: "lead" }, t("pay_prompt")),
    h("div", { class: "actions" },
      who.face.outdated ? h("p", { class: "hint" }, t("face.outdated")) : null,
      enrolled ? button(t("pay.with_face"), () => face(here, who), { class: "button wide", icon: "face", id: "with-face" })
        : link("/enrol?then=pay", t("pay.enrol_face"), { class: "button quiet wide", icon: "face" }),
      button(t("pay.with_password"), async () => password(here, who), { class: "button quiet wide", icon: "lock", id: "with-password" }),
      button(t("pay.cancel"), async () => {
        await cancel(checkout);
        await go("/cart");
      }, { class: "button plain" })));
}

/** @param {Here} here @param {import("../session.js").Me} who */
async function face(here, who) {
  const { body, signal, checkout } = here;
  const stop = new AbortController();
  signal.addEventListener("abort", () => stop.abort());
  const camera = faceStage();
  const problem = h("div", { "aria-live": "assertive" });
  const take = button(t("pay.take"), look, { class: "button wide shutter", icon: "camera", id: "look", disabled: true });
  turnTo(body, h("h2", {}, t("pay.face_title")), camera.stage, problem, take, h("p", { class: "hint center" }, t("face.tips")),
    button(t("pay.other_way"), async () => (stop.abort(), choose(here, who)), { class: "button plain" }));

  async function look() {
    replace(problem);
    camera.say(t("face.hold_still"));
    const after = await lastMessageId();
    try {
      await proveFace(checkout, () => frames(camera.frame, signal));
    } catch (wrong) {
      const { code, sentence } = /** @type {any} */ (wrong);
      if (!sentence) throw wrong;
      if (OVER.includes(code)) return over(body, wrong);
      camera.say(t("face.place"));
      replace(problem, h("p", { class: "refused" }, icon("alert"), h("span", {}, sentence)));
      if (code === "face_outdated") take.replaceWith(link("/enrol?then=pay", t("pay.enrol_face"), { class: "button wide", icon: "face" })); // another look would be refused as well
      return;
    }
    stop.abort();
    await granted(here, who, after);
  }

  try {
    await camera.open(stop.signal);
    camera.say(t("face.place"));
    take.removeAttribute("disabled");
  } catch {
    if (!stop.signal.aborted) camera.say(t("face.no_camera"));
  }
}

/** @param {() => Promise<Blob>} take @param {AbortSignal} signal */
async function frames(take, signal) {
  const taken = [];
  for (let i = 0; i < FRAMES; i += 1) {
    if (i) await wait(FRAME_GAP_MS, signal);
    taken.push(await take());
  }
  return taken;
}

/** @param {Here} here @param {import("../session.js").Me} who */
function password(here, who) {
  const { body, checkout } = here;
  const secret = field(t("enrol.password"), { name: "password", type: "password", autocomplete: "current-password", dir: "ltr", required: true });
  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    try {
      const after = await lastMessageId();
      await provePassword(checkout, secret.input.value);
      await granted(here, who, after);
    } catch (wrong) {
      if (OVER.includes(/** @type {any} */ (wrong).code)) return over(body, wrong);
      complain(wrong);
    }
  }
  turnTo(body, h("h2", {}, t("pay.password_title")), h("p", {}, t("pay.password_why")),
    h("form", { class: "form", onsubmit: send }, h("input", { type: "text", name: "username", autocomplete: "username", value: who.login ?? "", hidden: true }), secret.row, h("button", { class: "button wide", type: "submit" }, t("pay.go_on"))),
    button(t("pay.other_way"), async () => choose(here, who), { class: "button plain" }));
  secret.input.focus();
}

/** Waits for the sealed message and goes on to the PIN. @param {Here} here @param {import("../session.js").Me} who @param {string} after */
async function granted(here, who, after) {
  const { body, signal, checkout } = here;
  turnTo(body, h("div", { class: "waiting", role: "status" }, h("div", { class: "pulse", "aria-hidden": "true" }), h("p", {}, t("pay.waiting"))));
  try {
    const grant = await awaitGrant(checkout, after, signal);
    if (grant === "face_failed" || grant === "late") return failed(here, who, t("face_failed"), t(grant === "late" ? "pay.late" : "pay.face_failed_more"));
    askPin(here, who, grant);
  } catch (wrong) {
    if (signal.aborted) return;
    failed(here, who, t("payment_failed"), /** @type {any} */ (wrong).sentence ?? t("pay.grant_refused"));
  }
}

/** @param {Here} here @param {import("../session.js").Me} who @param {string} title @param {string} text */
function failed(here, who, title, text) {
  tone("bad");
  turnTo(here.body, notice("bad", title, text, button(t("pay.again"), async () => choose(here, who), { class: "button", id: "again" }), link("/inbox", t("nav.inbox"), { class: "button quiet" })),
    h("p", { class: "hint center" }, t("pay.cart_stays")));
}

/** Seller and amount stand here as the grant says them, and what is paid is that. @param {Here} here @param {import("../session.js").Me} who @param {import("../checkout.js").Grant} grant */
function askPin(here, who, grant) {
  const { body, checkout } = here;
  const { store, amount, currency } = grant.claims;
  const seller = storeOf(store);
  if (!seller || amount !== checkout.total_minor || currency !== checkout.currency) return failed(here, who, t("payment_failed"), t("pay.grant_refused"));
  const pin = pinField("pin", t("pin.enter"), "off");
  const submit = h("button", { class: "button wide", type: "submit", id: "pay-now" }, icon("lock"), h("span", {}, t("pay.now")));
  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    if (!isPin(pin.digits())) return pin.refuse(t("pin.six"));
    if (submit.getAttribute("aria-disabled")) return;
    submit.setAttribute("aria-disabled", "true");
    try {
      const order = await pay(checkout, grant, pin.digits());
      tone("good");
      await loadCart();
      await go(`/orders/${order.id}?paid`, { replace: true });
    } catch (wrong) {
      newPayKey();
      refusedPayment(here, who, wrong);
    } finally {
      submit.removeAttribute("aria-disabled");
    }
  }
  turnTo(body, h("section", { class: "grant" }, h("p", { class: "hint" }, t("pay.you_pay")), h("p", { class: "amount" }, h("bdi", { id: "grant-amount" }, money(amount, currency))),
    h("p", { class: "seller" }, t("pay.to"), " ", h("bdi", { id: "grant-store" }, inMine(seller.name)))),
  h("form", { class: "form", onsubmit: send }, pin.row, submit), h("p", { class: "hint center" }, icon("shield"), " ", t("pay.sealed")));
  pin.input.focus();
}

/** @param {Here} here @param {import("../session.js").Me} who @param {any} wrong */
function refusedPayment(here, who, wrong) {
  if (OVER.includes(wrong.code)) return over(here.body, wrong);
  if (wrong.code === "wallet_short") {
    const { balance_minor: has, needed_minor: needs } = wrong.facts;
    const { currency } = here.checkout;
    return failed(here, who, t("payment_failed"), t("pay.short", { balance: money(has, currency), needed: money(needs, currency) }));
  }
  failed(here, who, t("payment_failed"), wrong.sentence ?? t("problem.unknown"));
}
