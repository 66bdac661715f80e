// @ts-check
// What is cheaper now for everybody, in words.

import { h } from "./dom.js";
import { inMine, moment, money, t } from "./words.js";

/** @typedef {import("./shop.js").Promotion} Promotion */
/** @typedef {import("./shop.js").Product} Product */

/**
 * Those of a product, or all; of a bundle only where the store sells all of it.
 * @param {Promotion[]} promotions @param {Product[]} products @param {Product} [product]
 */
export function offers(promotions, products, product) {
  const usable = promotions.filter((p) => pieces(p).every(([sku]) => products.some((sold) => sold.sku === sku)));
  const wanted = usable.filter((p) => !product || isAbout(p, product));
  if (!wanted.length) return null;
  return h("section", { class: "offers", "aria-labelledby": "offers" }, h("h2", { id: "offers" }, t("offer.title")),
    h("ul", {}, ...wanted.map((promotion) => offer(promotion, products))));
}

/** @param {Promotion} promotion @param {Product} product */
function isAbout(promotion, product) {
  if (promotion.bundle) return product.sku in promotion.bundle;
  return [null, product.sku].includes(promotion.sku) && [null, product.category.en].includes(promotion.category_en);
}

/** @param {Promotion} promotion @returns {[string, number][]} */
function pieces(promotion) {
  return promotion.sku ? [[promotion.sku, 1]] : Object.entries(promotion.bundle ?? {});
}

/** @param {Promotion} promotion @param {Product[]} products */
function offer(promotion, products) {
  const of = (/** @type {string} */ sku) => /** @type {Product} */ (products.find((p) => p.sku === sku));
  const named = pieces(promotion).map(([sku, count]) => h("li", {},
    ...(promotion.bundle ? [h("bdi", { dir: "ltr" }, `${count} ×`), " "] : []),
    h("a", { href: `/01/${of(sku).gtin.padStart(14, "0")}` }, h("bdi", {}, inMine(of(sku).name)))));
  const category = products.find((p) => p.category.en === promotion.category_en)?.category;
  const rest = category ? inMine(category) : promotion.category_en ?? t("offer.cart");
  return h("li", {}, h("strong", {}, inMine(promotion.name)), h("span", {}, worth(promotion)),
    named.length ? h("ul", {}, ...named) : h("span", { class: "hint" }, rest),
    promotion.valid_to ? h("span", { class: "hint" }, t("offer.until", { moment: moment(promotion.valid_to) })) : null);
}

/** @param {Promotion} promotion */
function worth({ kind, percent_bp, amount_minor, currency, take, pay }) {
  if (kind === "percent") return t("offer.percent", { percent: Number(percent_bp) / 100 });
  if (kind === "n_for_m") return t("offer.n_for_m", { take: Number(take), pay: Number(pay) });
  return t(kind === "bundle" ? "offer.bundle" : "offer.amount", { amount: money(Number(amount_minor), currency) });
}
