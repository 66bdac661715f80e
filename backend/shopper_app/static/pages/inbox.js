// @ts-check
// What the shop has told this device.

import { h, heading, icon, notice, replace, wait, complain } from "../dom.js";
import { markRead, messages } from "../inbox.js";
import { focusHeading } from "../router.js";
import { known } from "../session.js";
import { moment, t } from "../words.js";

const POLL_MS = 4000;

/** @param {import("../router.js").Visit} visit */
export async function show({ main, signal }) {
  const list = h("ul", { class: "messages" });
  main.append(heading(t("nav.inbox")), h("p", { class: "lead" }, t("inbox.lead")), list);
  focusHeading();
  let shown = "";
  while (!signal.aborted) {
    const all = known() ? (await messages()).reverse() : [];
    const state = all.map((m) => m.id).join();
    if (state !== shown || !all.length) replace(list, ...(all.length ? all.map(row) : [h("li", {}, notice("plain", t("inbox.empty"), t("inbox.empty_more")))]));
    shown = state;
    for (const message of all.filter((m) => !m.read)) markRead(message.id).catch(complain);
    if (!known()) return;
    await wait(POLL_MS, signal);
  }
}

/** @param {import("../inbox.js").Message} message */
function row(message) {
  const order = message.payload?.order_id;
  const bad = /refused|locked|mismatch|cancelled|expired/.test(message.kind);
  return h("li", { class: `message${message.read ? "" : " new"}` }, icon(bad ? "alert" : message.sealed ? "lock" : "inbox", bad ? "bad" : ""),
    h("div", {}, h("h2", { dir: "auto" }, message.title), h("p", { dir: "auto" }, message.body), // in the language of the account, which may not be the page's
      h("p", { class: "hint" }, h("time", { datetime: message.created_at }, moment(message.created_at)), order ? " · " : "", order ? h("a", { href: `/orders/${order}` }, t("inbox.order")) : null,
        message.kind === "face.outdated" ? " · " : "", message.kind === "face.outdated" ? h("a", { href: "/enrol" }, t("me.set_up")) : null)));
}
