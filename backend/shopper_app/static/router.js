// @ts-check
// Addresses and pages. Each page module is loaded on first need; leaving a page aborts its signal.

import { byId, complain, replace } from "./dom.js";

/** @typedef {{main: HTMLElement, signal: AbortSignal, params: Record<string, string>, query: URLSearchParams}} Visit */
/** @typedef {{show: (visit: Visit) => Promise<void>}} Page */

/** @typedef {[RegExp, string, () => Promise<Page>]} Route its path, the tab it stands under, its module */

/** @type {Route[]} */
let routes = [];
let leaving = new AbortController();

/** @param {string} href @param {{replace?: boolean}} [how] */
export function go(href, how = {}) {
  history[how.replace ? "replaceState" : "pushState"](null, "", href);
  return render();
}

async function render() {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const main = byId("main");
  for (const [pattern, tab, load] of routes) {
    const match = pattern.exec(location.pathname);
    if (!match) continue;
    mark(tab);
    const visit = { main, signal, params: { ...match.groups }, query: new URLSearchParams(location.search) };
    try {
      const page = await load();
      if (signal.aborted) return;
      replace(main);
      dispatchEvent(new Event("smartpay:moved"));
      window.scrollTo(0, 0);
      await page.show(visit);
    } catch (wrong) {
      if (!signal.aborted) complain(wrong);
    }
    return;
  }
  location.assign("/");
}

/** @param {string} tab */
function mark(tab) {
  for (const item of document.querySelectorAll("nav [data-tab]"))
    if (item.getAttribute("data-tab") === tab) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
}

/** A page calls this when its heading stands: the focus moves there after a change of page, not at the first load. */
let moved = false;
export function focusHeading() {
  if (moved) /** @type {HTMLElement | null} */ (document.querySelector("main h1"))?.focus({ preventScroll: true });
  moved = true;
}

/** @param {Route[]} all */
export function start(all) {
  routes = all;
  addEventListener("popstate", () => void render());
  document.addEventListener("click", (event) => {
    const anchor = /** @type {Element} */ (event.target).closest("a[href^='/']");
    if (!anchor || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    const href = /** @type {string} */ (anchor.getAttribute("href"));
    if (anchor.hasAttribute("download") || !routes.some(([pattern]) => pattern.test(href.split("?")[0]))) return;
    event.preventDefault();
    void go(href);
  });
  return render();
}
