// @ts-check
// The shopper's wallet: the balance, a voucher to redeem, and what came and went, as far back as one reads.

import { button, complain, field, h, heading, notice, put, replace, toast, tone } from "../dom.js";
import { focusHeading } from "../router.js";
import { call, download, ensureShopper, known } from "../session.js";
import { moment, money, t } from "../words.js";

const PAGE = 20;

/** @param {import("../router.js").Visit} visit */
export async function show({ main }) {
  const scanned = location.hash.slice(1);
  if (scanned) history.replaceState(null, "", location.pathname); // the code is money: not for the history
  const balance = h("bdi", { id: "balance" });
  const entries = h("ul", { class: "entries", id: "entries" });
  const more = h("div", {});
  const code = field(t("wallet.code"), { name: "code", dir: "ltr", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 40, required: true, value: scanned }, t("wallet.code_hint"));
  let key = crypto.randomUUID();
  code.input.addEventListener("input", () => (key = crypto.randomUUID()));

  main.append(heading(t("me.wallet")),
    h("section", { class: "wallet" }, h("h2", {}, t("wallet.balance")), h("p", { class: "amount" }, balance), h("p", { class: "hint" }, t("me.topup"))),
    h("section", { class: "panel" }, h("h2", {}, t("wallet.voucher")),
      h("form", { class: "inline", onsubmit: redeem }, code.row, h("button", { class: "button", type: "submit", id: "redeem" }, t("wallet.redeem")))),
    h("section", { class: "panel" }, h("h2", {}, t("me.entries")), entries, more));
  focusHeading();
  await load();

  /** The newest entries, or those before `after`. @param {string} [after] */
  async function load(after) {
    if (!known()) return replace(more, notice("plain", t("wallet.empty"), ""));
    const { body } = await call("GET", `/v1/wallet?limit=${PAGE}${after ? `&after=${after}` : ""}`);
    balance.textContent = money(body.balance_minor, body.currency);
    if (!after) replace(entries);
    put(entries, ...body.entries.map((/** @type {any} */ entry) => line(entry, body.currency)));
    replace(more,
      entries.childElementCount ? null : h("p", { class: "hint" }, t("wallet.empty")),
      body.next ? button(t("wallet.older"), () => load(body.next), { class: "button quiet wide", id: "older" }) : null,
      entries.childElementCount ? button(t("wallet.csv"), () => download("/v1/wallet/statement.csv", "wallet-statement.csv"), { class: "button quiet wide", id: "statement" }) : null);
  }

  /** @param {Event} event */
  async function redeem(event) {
    event.preventDefault();
    try {
      await ensureShopper();
      const { body } = await call("POST", "/v1/wallet/vouchers", { json: { code: code.input.value }, key });
      tone("good");
      toast(t("wallet.redeemed", { amount: money(body.value_minor, body.currency) }), "good");
      code.input.value = "";
      await load();
    } catch (wrong) {
      const problem = /** @type {any} */ (wrong);
      if (!problem.code?.startsWith("voucher_")) return complain(wrong);
      code.refuse(problem.sentence);
      tone("bad");
    }
  }
}

/** @param {any} entry @param {string} currency */
function line(entry, currency) {
  return h("li", {}, h("span", {}, t(`wallet.kind.${entry.kind}`), h("small", { class: "hint" }, moment(entry.at))),
    h("span", { class: "end" }, h("bdi", { dir: "ltr", class: entry.amount_minor > 0 ? "plus" : "" }, money(entry.amount_minor, currency)),
      h("small", { class: "hint" }, t("wallet.after", { balance: money(entry.balance_minor, currency) }))));
}
