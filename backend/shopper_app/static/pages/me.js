// @ts-check
// The shopper: wallet, orders, what is set up, signing out.

import { button, h, heading, icon, link, notice, replace, toast } from "../dom.js";
import { focusHeading, go } from "../router.js";
import { call, me, signOut } from "../session.js";
import { loadCart, storeOf } from "../shop.js";
import { inMine, money, t } from "../words.js";

/** @typedef {import("../session.js").Me} Me */

/** @param {import("../router.js").Visit} visit */
export async function show({ main }) {
  const who = await me();
  main.append(heading(who && !who.guest ? (who.display_name ?? t("nav.me")) : t("me.guest")));
  focusHeading();
  if (!who || who.guest) {
    main.append(notice("plain", t("me.guest_title"), t("me.guest_more"), link("/enrol", t("enrol.register"), { class: "button" }), link("/enrol?have=account", t("enrol.sign_in"), { class: "button quiet" })));
    if (!who) return settings(main);
  }
  const [wallet, orders] = await Promise.all([call("GET", "/v1/wallet?limit=1"), call("GET", "/v1/orders")]);
  if (!who.guest || wallet.body.balance_minor) main.append(walletCard(wallet.body)); // a voucher is a guest's too
  if (!who.guest) main.append(setup(who));
  main.append(orderList(orders.body.orders));
  settings(main);
  if (!who.guest) main.append(button(t("me.sign_out"), leave, { class: "button quiet wide", icon: "out", id: "sign-out" }));
}

async function leave() {
  await signOut();
  await loadCart();
  toast(t("me.signed_out"));
  await go("/");
}

/** @param {any} wallet */
function walletCard({ balance_minor, currency }) {
  return h("section", { class: "wallet" }, h("h2", {}, icon("wallet"), " ", t("me.wallet")), h("p", { class: "amount" }, h("bdi", { id: "balance" }, money(balance_minor, currency))), h("p", { class: "hint" }, t("me.topup")),
    link("/wallet", t("me.statement"), { class: "button quiet" }));
}

/** @param {Me} who */
function setup(who) {
  const enrolled = who.face.consented && who.face.templates >= who.face.templates_min;
  const row = (/** @type {boolean} */ good, /** @type {string} */ name, /** @type {any} */ action, why = "") => h("li", { class: good ? "good" : "" }, icon(good ? "check" : "info"), h("span", {}, name, why ? h("small", { class: "hint" }, why) : null), action);
  return h("section", { class: "panel" }, h("h2", {}, t("me.setup")), h("ul", { class: "checks" },
    row(who.has_pin, t("me.pin"), who.has_pin ? null : link("/enrol", t("me.set_up"), { class: "button quiet small" })),
    row(enrolled, enrolled ? t("me.face_on", { n: who.face.templates }) : t(who.face.outdated ? "me.face_again" : "me.face_off"),
      enrolled ? eraseFace() : link("/enrol", t("me.set_up"), { class: "button quiet small" }), who.face.outdated ? t("face.outdated") : ""),
    who.face.outdated ? row(false, t("me.face_kept"), eraseFace()) : null));
}

/** Asked once more before it happens; the consent goes, and with it the templates and their key. */
function eraseFace() {
  const place = h("span", { class: "actions" });
  const first = button(t("me.face_erase"), async () => {
    replace(place, button(t("me.face_erase_sure"), async () => {
      await call("DELETE", "/v1/shoppers/me/consents/face", { proof: true });
      toast(t("me.face_erased"), "good");
      await go("/me", { replace: true });
    }, { class: "button danger small" }));
  }, { class: "button quiet small" });
  place.append(first);
  return place;
}

/** @param {any[]} orders */
function orderList(orders) {
  return h("section", { class: "panel" }, h("h2", {}, t("me.orders")), orders.length ? h("ul", { class: "orders" }, ...orders.map((order) => {
    const store = storeOf(order.store_id);
    return h("li", {}, h("a", { href: `/orders/${order.id}` }, h("span", {}, h("bdi", {}, String(order.receipt_number)), h("small", { class: "hint" }, " ", store ? inMine(store.name) : "")),
      h("span", { class: `tag ${order.state}` }, t(`order.state.${order.state}`)), h("bdi", { class: "price" }, money(order.total_minor, order.currency))));
  })) : h("p", { class: "hint" }, t("me.no_orders")));
}

/** @param {HTMLElement} main */
function settings(main) {
  const sound = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", id: "sound", onchange: () => localStorage.setItem("sound", sound.checked ? "on" : "off") }));
  sound.checked = localStorage.getItem("sound") !== "off";
  main.append(h("section", { class: "panel" }, h("h2", {}, t("me.settings")), h("label", { class: "switch", for: "sound" }, sound, h("span", {}, t("me.sound")))));
}
