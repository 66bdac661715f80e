// @ts-check
// One product: where a label leads that a phone's own camera app has opened.

import { button, h, heading, notice, picture, toast, tone } from "../dom.js";
import { offers } from "../offers.js";
import { focusHeading } from "../router.js";
import { enter, products, promotions, scan } from "../shop.js";
import { inMine, money, t } from "../words.js";
import { stockWords } from "./browse.js";

/** The label's text as it is printed: browsers lower scheme and host, and the shop may answer under another name. */
function labelText() {
  const host = document.documentElement.dataset.labelHost ?? location.host;
  return `HTTPS://${host.toUpperCase()}${location.pathname}${location.search}`;
}

/** A GTIN as it stands under the bars: without the zeros that make it 14 digits. @param {string} gtin */
function printed(gtin) {
  return gtin.replace(/^0{6}|^0/, "");
}

/** @param {import("../router.js").Visit} visit */
export async function show({ main, params, query }) {
  const signed = query.has("g");
  if (query.get("s")) await enter(String(query.get("s")));
  const [sold, cheaper] = await Promise.all([products(), promotions()]);
  const found = sold.find((p) => p.gtin.padStart(14, "0") === params.gtin);
  if (!found) {
    main.append(heading(t("product.unknown")), notice("plain", t("product.unknown"), t("product.unknown_more"), h("a", { class: "button", href: "/" }, t("nav.shop"))));
    return focusHeading();
  }
  const add = button(t("product.add"), async () => {
    await scan(signed ? { code: labelText() } : { gtin: found.gtin });
    tone("good");
    toast(t("scan.added", { name: inMine(found.name) }), "good");
  }, { icon: "plus", class: "button wide", id: "add", disabled: found.available < 1 });
  main.append(
    h("article", { class: "product" },
      picture(found.picture_url, 480),
      h("div", {}, h("p", { class: "hint" }, inMine(found.category)), heading(inMine(found.name)),
        h("p", { class: "price big" }, h("bdi", {}, money(found.price_minor, found.currency))),
        h("p", { class: "hint" }, t("product.vat", { rate: found.vat_rate_bp / 100 })),
        h("p", { class: `stock${found.available < 1 ? " out" : ""}` }, stockWords(found)),
        offers(cheaper, sold, found),
        add,
        h("p", { class: "hint" }, t("product.number"), " ", h("bdi", { dir: "ltr" }, printed(found.gtin))))));
  focusHeading();
}
