// @ts-check
// The cart: its lines, its total, and the time the goods are held.

import { button, complain, field, h, heading, icon, link, notice, picture, replace } from "../dom.js";
import { focusHeading, go } from "../router.js";
import { acceptPrices, cartSecondsLeft, currentCart, emptyCart, extendCart, loadCart, setCoupon, setQuantity, shop } from "../shop.js";
import { inMine, minutes, money, t } from "../words.js";

/** @typedef {import("../shop.js").Cart} Cart */
/** @typedef {import("../shop.js").Line} Line */

const LINE_MAX = 20;

/** @param {import("../router.js").Visit} visit */
export async function show({ main, signal }) {
  const body = h("div", { class: "cart-body" });
  main.append(heading(t("cart.title")), body);
  focusHeading();
  let had = false;
  const draw = () => {
    const cart = currentCart();
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.id;
    replace(body, ...(cart ? drawn(cart) : [had && cartSecondsLeft() === 0 ? expired() : empty()]));
    had ||= cart !== null;
    if (focused) document.getElementById(focused)?.focus();
  };
  shop.addEventListener("change", draw, { signal });
  await loadCart();
}

function empty() {
  return notice("plain", t("cart.empty"), t("scan_prompt"), link("/scan", t("scan.open"), { class: "button", icon: "scan" }), link("/", t("nav.shop"), { class: "button quiet" }));
}

function expired() {
  return notice("bad", t("cart.expired"), t("cart.expired_more"), link("/scan", t("scan.open"), { class: "button", icon: "scan" }));
}

/** @param {Cart} cart */
function drawn(cart) {
  const prices = cart.lines.some((line) => line.current_price_minor !== line.unit_price_minor);
  const gone = cart.lines.some((line) => line.current_price_minor === null);
  const frozen = cart.state === "frozen";
  return [
    frozen ? notice("plain", t("cart.frozen"), t("cart.frozen_more"), link("/pay", t("pay.go_on"), { class: "button", icon: "lock" })) : timeLeft(cart),
    prices && !frozen ? notice("bad", t("cart.price_changed"), t("cart.price_changed_more"), gone ? null : button(t("cart.price_accept"), acceptPrices, { class: "button", id: "accept-prices" })) : null,
    h("ul", { class: "lines" }, ...cart.lines.map((line) => row(cart, line, frozen))),
    h("section", { class: "sum" },
      h("dl", {}, ...discountRows(cart), h("dt", {}, t("cart.vat")), h("dd", {}, h("bdi", {}, money(cart.vat_minor, cart.currency))),
        h("dt", { class: "total" }, t("cart.total")), h("dd", { class: "total" }, h("bdi", { id: "total" }, money(cart.total_minor, cart.currency)))),
      frozen ? null : coupon(cart),
      frozen ? null : button(t("cart.pay"), () => go("/pay"), { class: "button wide", icon: "lock", id: "pay", disabled: prices }),
      h("p", { class: "hint center" }, t("pay_prompt")),
      frozen ? null : button(t("cart.clear"), emptyCart, { class: "button plain", id: "clear" })),
  ];
}

/** What promotions take off, of a cart or a checkout. @param {{discounts: import("../shop.js").Discount[], currency: string}} priced */
export function discountRows({ discounts, currency }) {
  return discounts.flatMap((each) => [h("dt", {}, h("bdi", {}, inMine(each.name))), h("dd", {}, h("bdi", {}, money(-each.amount_minor, currency)))]);
}

/** @param {Cart} cart */
function coupon(cart) {
  if (cart.coupon) return h("p", { class: "coupon" }, h("bdi", {}, cart.coupon), " ", button(t("cart.coupon_off"), () => setCoupon(""), { class: "button plain small", id: "coupon-off" }));
  const code = field(t("cart.coupon"), { name: "coupon", dir: "ltr", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 32, required: true });
  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    await setCoupon(code.input.value.trim()).catch(complain);
  }
  return h("form", { class: "form coupon", onsubmit: send }, code.row, h("button", { class: "button quiet", type: "submit", id: "coupon-use" }, t("cart.coupon_use")));
}

/** @param {Cart} cart */
function timeLeft(cart) {
  return h("div", { class: "held" }, icon("clock"),
    h("p", {}, t("cart.held"), " ", h("bdi", { dir: "ltr", class: "clock", "data-clock": "" }, minutes(cartSecondsLeft()))),
    cart.extensions_left > 0 ? button(t("cart.extend"), extendCart, { class: "button quiet small", id: "extend" }) : h("p", { class: "hint" }, t("cart.no_more_extensions")));
}

/** @param {Line} line @param {Cart} cart */
function newPrice(line, cart) {
  if (line.current_price_minor === null) return h("strong", { class: "new-price" }, " ", t("cart.no_longer_sold"));
  return h("strong", { class: "new-price" }, " ", t("cart.now"), " ", h("bdi", {}, money(line.current_price_minor, cart.currency)));
}

/** @param {Cart} cart @param {Line} line @param {boolean} frozen */
function row(cart, line, frozen) {
  const name = inMine(line.name);
  const step = (/** @type {string} */ sign, /** @type {number} */ by, /** @type {string} */ words) =>
    button("", () => setQuantity(line, line.quantity + by), { class: "round", icon: sign, id: `${sign}-${line.id}`, "aria-label": t(words, { name }), disabled: by > 0 && line.quantity >= LINE_MAX });
  const changed = line.current_price_minor !== line.unit_price_minor;
  return h("li", { class: "row line" },
    picture(line.picture_url, 72),
    h("div", { class: "what" }, h("bdi", { class: "name" }, name),
      h("p", { class: "hint" }, h("bdi", {}, money(line.unit_price_minor, cart.currency)), changed ? newPrice(line, cart) : null),
      frozen ? h("p", {}, t("pieces", { n: line.quantity })) : h("div", { class: "stepper" },
        step(line.quantity === 1 ? "trash" : "minus", -1, line.quantity === 1 ? "cart.remove" : "cart.less"),
        h("output", { class: "quantity", "aria-label": t("cart.quantity", { name }) }, String(line.quantity)),
        step("plus", 1, "cart.more"))),
    h("bdi", { class: "price end" }, money(line.gross_minor, cart.currency)));
}
