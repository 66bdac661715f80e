// @ts-check
// The catalogue: search, categories, what is available now.

import { complain, h, heading, icon, notice, picture, replace, toast, tone, wait } from "../dom.js";
import { offers } from "../offers.js";
import { focusHeading } from "../router.js";
import { products, promotions, scan, shop } from "../shop.js";
import { inMine, latinDigits, money, t } from "../words.js";

/** @typedef {import("../shop.js").Product} Product */

const LIVE_MS = 5000;

/** @param {import("../router.js").Visit} visit */
export async function show({ main, signal }) {
  /** @type {Product[]} */
  let all = [];
  let category = "";
  const search = /** @type {HTMLInputElement} */ (h("input", { type: "search", id: "search", placeholder: t("browse.search"), "aria-label": t("browse.search"), autocomplete: "off", oninput: draw }));
  const chips = h("div", { class: "chips", role: "group", "aria-label": t("browse.categories") });
  const cheaper = h("div");
  const count = h("p", { class: "hint", role: "status" });
  const grid = h("ul", { class: "grid" });
  main.append(
    h("div", { class: "hero" }, heading(t("browse.title")), h("p", {}, t("scan_prompt")),
      h("a", { class: "button", href: "/scan" }, icon("scan"), h("span", {}, t("scan.open")))),
    h("div", { class: "search" }, icon("search"), search), chips, cheaper, count, grid);
  focusHeading();

  async function load() {
    const [sold, running] = await Promise.all([products(), promotions()]);
    all = sold;
    replace(cheaper, offers(running, sold));
    drawChips();
    draw();
  }

  function drawChips() {
    const names = [...new Map(all.map((p) => [p.category.en, inMine(p.category)]))];
    const chip = (/** @type {string} */ key, /** @type {string} */ label) =>
      h("button", { type: "button", class: "chip", "aria-pressed": String(category === key), onclick: () => ((category = key), drawChips(), draw()) }, label);
    replace(chips, chip("", t("browse.all")), ...names.map(([key, label]) => chip(key, label)));
  }

  function draw() {
    const wanted = all.filter((p) => (!category || p.category.en === category) && matches(p, search.value));
    count.textContent = search.value || category ? t("browse.found", { n: wanted.length }) : "";
    replace(grid, ...wanted.map(card));
    if (all.length && !wanted.length) replace(grid, h("li", { class: "wide" }, notice("plain", t("browse.none"), t("browse.none_more"))));
  }

  shop.addEventListener("change", () => void load().catch(complain), { signal });
  await load();
  while (!signal.aborted) {
    await wait(LIVE_MS, signal);
    if (document.visibilityState === "visible") await refreshQuietly();
  }

  /** Fresh numbers without touching the cards' focus: only what changed is rewritten. */
  async function refreshQuietly() {
    try {
      all = await products();
    } catch {
      return; // the next round tries again; the numbers on screen keep their age
    }
    for (const product of all) {
      const place = grid.querySelector(`[data-sku="${CSS.escape(product.sku)}"] .stock`);
      if (place) replace(place, stockWords(product));
    }
  }
}

/** @param {Product} product @param {string} text */
function matches(product, text) {
  const words = latinDigits(text).toLowerCase().split(/\s+/).filter(Boolean);
  const hay = [product.name.en, product.name.ar, product.sku, product.gtin, product.category.en, product.category.ar].join(" ").toLowerCase();
  return words.every((word) => hay.includes(word));
}

/** @param {Product} product */
export function stockWords(product) {
  if (product.available < 1) return t("product.sold_out");
  return t(product.available <= 5 ? "product.few" : "product.available", { n: product.available });
}

/** @param {Product} product */
function card(product) {
  const name = inMine(product.name);
  const add = h("button", { type: "button", class: "round add", "aria-label": t("product.add_named", { name }), disabled: product.available < 1, onclick: () => addOne(product, add) }, icon("plus"));
  return h("li", { class: "card", "data-sku": product.sku },
    h("a", { class: "cover", href: `/01/${product.gtin.padStart(14, "0")}` },
      picture(product.picture_url, 240),
      h("bdi", { class: "name" }, name)),
    h("p", { class: `stock${product.available < 1 ? " out" : ""}` }, stockWords(product)),
    h("div", { class: "foot" }, h("bdi", { class: "price" }, money(product.price_minor, product.currency)), add));
}

/** @param {Product} product @param {HTMLElement} pressed */
export async function addOne(product, pressed) {
  if (pressed.getAttribute("aria-disabled") === "true") return;
  pressed.setAttribute("aria-disabled", "true");
  try {
    await scan({ gtin: product.gtin });
    tone("good");
    toast(t("scan.added", { name: inMine(product.name) }), "good");
  } catch (wrong) {
    complain(wrong);
  } finally {
    pressed.removeAttribute("aria-disabled");
  }
}
