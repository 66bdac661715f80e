// @ts-check
// The shopper's language: sentences, plural forms, money, dates and digits.

/** @typedef {Record<string, string | Record<string, string>>} Words */

export const language = document.documentElement.lang === "ar" ? "ar" : "en";

/** Latin digits in both languages: they are what price tags and keypads here show. */
const LOCALE = language === "ar" ? "ar-SA-u-nu-latn-ca-gregory" : "en-GB";
const plurals = new Intl.PluralRules(language);

/** @type {Words} */
let words = {};

export async function loadWords() {
  const answer = await fetch(new URL(`./words/${language}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`words ${answer.status}`);
  words = await answer.json();
}

/** @param {string} key */
export function has(key) {
  return key in words;
}

/**
 * The sentence of `key`; `{name}` is filled in. Where a sentence has plural forms, `n` chooses.
 * @param {string} key @param {Record<string, string | number>} [facts]
 * @returns {string}
 */
export function t(key, facts = {}) {
  const found = words[key];
  if (found === undefined) {
    console.error(`no words for ${key}`);
    return key;
  }
  const text = typeof found === "string" ? found : (found[plurals.select(Number(facts.n))] ?? found.other ?? key);
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in facts ? String(facts[name]) : whole));
}

/** @param {{en: string, ar: string}} both */
export function inMine(both) {
  return both[language] || both.en;
}

/** @param {number} minor @param {string} currency ISO 4217 */
export function money(minor, currency) {
  const format = new Intl.NumberFormat(LOCALE, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(minor / 10 ** digits);
}

/** @param {string} iso */
export function moment(iso) {
  return new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));
}

/** @param {string} iso */
export function clock(iso) {
  return new Intl.DateTimeFormat(LOCALE, { timeStyle: "short" }).format(new Date(iso));
}

/** @param {number} seconds */
export function minutes(seconds) {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** Arabic-Indic and Persian digits as Latin ones. @param {string} text */
export function latinDigits(text) {
  return text.replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15));
}
