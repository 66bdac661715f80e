// @ts-check
// Starts the app: words, stores, who is here, the bar of the cart, then the page of this address.

import { byId, complain, h, icon, link, replace, announce } from "./dom.js";
import { start } from "./router.js";
import { restore } from "./session.js";
import { allStores, cartSecondsLeft, currentCart, enter, loadCart, loadStores, shop, store } from "./shop.js";
import { inMine, language, loadWords, minutes, money, t } from "./words.js";

/** @type {import("./router.js").Route[]} */
const ROUTES = [
  [/^\/$/, "shop", () => import("./pages/browse.js")],
  [/^\/01\/(?<gtin>\d{14})$/, "shop", () => import("./pages/product.js")],
  [/^\/scan$/, "scan", () => import("./pages/scan.js")],
  [/^\/cart$/, "cart", () => import("./pages/cart.js")],
  [/^\/pay$/, "cart", () => import("./pages/pay.js")],
  [/^\/enrol$/, "me", () => import("./pages/enrol.js")],
  [/^\/me$/, "me", () => import("./pages/me.js")],
  [/^\/wallet$/, "me", () => import("./pages/wallet.js")],
  [/^\/orders\/(?<id>[\w-]+)$/, "me", () => import("./pages/order.js")],
  [/^\/inbox$/, "inbox", () => import("./pages/inbox.js")],
];

const YEAR_S = 31_536_000;

/** @param {string} name @param {string} value */
function remember(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR_S}; samesite=lax`;
}

function wireHeader() {
  byId("language").addEventListener("click", () => {
    remember("language", language === "ar" ? "en" : "ar");
    location.reload();
  });
  byId("theme").addEventListener("click", () => {
    const order = ["auto", "light", "dark"];
    const root = document.documentElement;
    const next = order[(order.indexOf(root.dataset.theme ?? "auto") + 1) % order.length];
    root.dataset.theme = next;
    remember("theme", next);
    announce(t(`theme.${next}`));
    byId("theme").title = t(`theme.${next}`);
  });
}

function drawStores() {
  const select = /** @type {HTMLSelectElement} */ (byId("store"));
  replace(select, ...allStores().map((s) => h("option", { value: s.code }, inMine(s.name))));
  select.value = store().code;
  select.onchange = () => enter(select.value).catch(complain);
  byId("store-row").hidden = allStores().length < 2;
}

function drawCartBar() {
  const cart = currentCart();
  const badge = byId("cart-badge");
  badge.hidden = !cart;
  badge.textContent = cart ? String(cart.pieces) : "";
  const bar = byId("cart-bar");
  bar.hidden = !cart || !["/", "/scan"].includes(location.pathname) && !location.pathname.startsWith("/01/");
  if (!cart || bar.hidden) return;
  replace(bar, link("/cart", t("pieces", { n: cart.pieces }), { class: "cart-link", icon: "cart" }),
    h("bdi", { class: "price" }, money(cart.total_minor, cart.currency)),
    h("span", { class: "left" }, icon("clock"), h("bdi", { dir: "ltr", id: "bar-left" }, minutes(cartSecondsLeft()))));
}

const MARKS_S = [300, 60, 30];
let heard = Infinity;

/** Once a second: the time left, said aloud at the three marks; at zero the server is asked what remains. */
function tick() {
  if (!currentCart()) return;
  const left = cartSecondsLeft();
  for (const clock of document.querySelectorAll("#bar-left, [data-clock]")) clock.textContent = minutes(left);
  const mark = MARKS_S.find((s) => left <= s && heard > s && left > s - 5);
  if (mark) announce(mark >= 60 ? t("cart.minutes_left", { n: mark / 60 }) : t("cart.seconds_left", { n: mark }));
  const ranOut = left === 0 && heard > 0;
  heard = left;
  if (ranOut && location.pathname !== "/pay") loadCart().catch(complain);
}

async function main() {
  await loadWords();
  wireHeader();
  await restore();
  await loadStores();
  drawStores();
  shop.addEventListener("change", () => {
    drawStores();
    drawCartBar();
  });
  addEventListener("smartpay:moved", drawCartBar);
  await loadCart().catch(complain);
  setInterval(tick, 1000);
  await start(ROUTES);
}

main().catch((wrong) => {
  console.warn(wrong);
  byId("main").textContent = t("problem.start");
});
