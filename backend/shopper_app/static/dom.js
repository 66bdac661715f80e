// @ts-check
// Elements without a framework: `h` makes them, the rest speaks to the shopper (toast, announcement, sound).

import { t } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const ICONS = new URL("./icons.svg", import.meta.url).href;

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, any>} Props
 */

/**
 * One element. `on…` props are listeners, `class` and `data-…` are attributes, true and false set or leave out.
 * Strings become text, never markup.
 * @param {string} tag @param {Props} [props] @param {...(Child | Child[])} children
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") /** @type {any} */ (element).value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  put(element, ...children);
  return element;
}

/** @param {Element} element @param {...(Child | Child[])} children */
export function put(element, ...children) {
  const wanted = children.flat().filter((c) => c !== null && c !== undefined && c !== false);
  element.append(...wanted.map((c) => (c instanceof Node ? c : String(c))));
}

/** @param {Element} element @param {...(Child | Child[])} children */
export function replace(element, ...children) {
  element.replaceChildren();
  put(element, ...children);
}

/**
 * Where a step took the place of the button that was pressed, the focus goes to the new step, not to nowhere; a
 * page that was just opened keeps it where the browser put it.
 * @param {Element} place
 */
export function keepFocus(place) {
  if (document.activeElement !== document.body || !navigator.userActivation?.hasBeenActive) return;
  const first = /** @type {HTMLElement | null} */ (place.querySelector("h2, a, button, input"));
  if (first?.matches("h2")) first.setAttribute("tabindex", "-1");
  first?.focus({ preventScroll: true });
}

/** @param {Element} place @param {...(Child | Child[])} children */
export function turnTo(place, ...children) {
  replace(place, ...children);
  keepFocus(place);
}

/** @param {string} name a symbol of icons.svg @param {string} [cls] */
export function icon(name, cls = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${cls}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${ICONS}#${name}`);
  svg.append(use);
  return svg;
}

/** @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no #${id} in the page`);
  return element;
}

/** A product's picture, decoration beside its name; a quiet square where there is none. @param {string | null} url @param {number} side_px */
export function picture(url, side_px) {
  if (!url) return h("span", { class: "no-picture" }, icon("image"));
  return h("img", { src: url, alt: "", width: side_px, height: side_px, loading: "lazy", decoding: "async" });
}

/** A page's heading; it takes the focus after a change of page. @param {string} text @param {...Child} more */
export function heading(text, ...more) {
  document.title = `${text} · ${t("brand")}`;
  return h("div", { class: "page-head" }, h("h1", { tabindex: "-1" }, text), ...more);
}

/**
 * A button that shows its own work and cannot be pressed twice meanwhile.
 * @param {string} label @param {() => any} act @param {Props & {icon?: string}} [props]
 */
export function button(label, act, props = {}) {
  const { icon: name, ...rest } = props;
  const words = h("span", {}, label);
  const made = h("button", { type: "button", class: "button", ...rest, onclick: press }, name ? icon(name) : null, words);
  async function press() {
    if (made.getAttribute("aria-disabled") === "true") return;
    made.setAttribute("aria-disabled", "true");
    try {
      await act();
    } catch (wrong) {
      complain(wrong);
    } finally {
      made.removeAttribute("aria-disabled");
    }
  }
  return made;
}

/** @param {string} href @param {string} label @param {Props & {icon?: string}} [props] */
export function link(href, label, props = {}) {
  const { icon: name, ...rest } = props;
  return h("a", { href, ...rest }, name ? icon(name) : null, h("span", {}, label));
}

/**
 * A labelled field with room for its error. @param {string} label @param {Props} props @param {string} [hint]
 * @returns {{row: HTMLElement, input: HTMLInputElement, refuse: (text: string) => void}}
 */
export function field(label, props, hint) {
  const id = `f-${props.name}`;
  const input = /** @type {HTMLInputElement} */ (h("input", { id, ...props, "aria-describedby": `${id}-more` }));
  const more = h("p", { id: `${id}-more`, class: "hint" }, hint ?? "");
  const row = h("div", { class: "field" }, h("label", { for: id }, label), input, more);
  input.addEventListener("input", () => {
    input.removeAttribute("aria-invalid");
    more.className = "hint";
    more.textContent = hint ?? "";
  });
  return {
    row,
    input,
    refuse(text) {
      input.setAttribute("aria-invalid", "true");
      more.className = "hint error";
      more.textContent = text;
      input.focus();
    },
  };
}

/** Said by screen readers, seen by nobody. @param {string} text */
export function announce(text) {
  byId("announcer").textContent = text;
}

/** @param {string} text @param {"good" | "bad" | "plain"} [mood] */
export function toast(text, mood = "plain") {
  const note = h("div", { class: `toast ${mood}` }, icon(mood === "bad" ? "alert" : "check"), h("p", {}, text));
  byId("toasts").append(note);
  setTimeout(() => note.remove(), mood === "bad" ? 7000 : 3500);
}

/** Says what went wrong, in the shopper's language. @param {any} wrong */
export function complain(wrong) {
  if (wrong?.name === "AbortError") return;
  if (!wrong?.sentence) console.warn(wrong);
  toast(wrong?.sentence ?? t("problem.unknown"), "bad");
  tone("bad");
}

/** A notice in the page, with a way on. @param {"bad" | "plain" | "good"} mood @param {string} title @param {string} text @param {...Child} actions */
export function notice(mood, title, text, ...actions) {
  const name = mood === "bad" ? "alert" : mood === "good" ? "check" : "info";
  return h("section", { class: `notice ${mood}`, role: mood === "bad" ? "alert" : null },
    icon(name, "big"), h("h2", {}, title), text ? h("p", {}, text) : null,
    actions.length ? h("div", { class: "actions" }, ...actions) : null);
}

/** @type {AudioContext | null} */
let sound = null;

/** A short beep for a good scan, two low tones for a refusal; never the only signal. @param {"good" | "bad"} mood */
export function tone(mood) {
  if (localStorage.getItem("sound") === "off") return;
  navigator.vibrate?.(mood === "good" ? 30 : [40, 60, 40]);
  sound ??= new AudioContext();
  if (sound.state === "suspended") return void sound.resume().catch(() => undefined);
  const starts = mood === "good" ? [0] : [0, 0.16];
  for (const at of starts) {
    const wave = sound.createOscillator();
    const volume = sound.createGain();
    wave.frequency.value = mood === "good" ? 1320 : 260;
    volume.gain.setValueAtTime(0.08, sound.currentTime + at);
    volume.gain.exponentialRampToValueAtTime(0.001, sound.currentTime + at + 0.12);
    wave.connect(volume).connect(sound.destination);
    wave.start(sound.currentTime + at);
    wave.stop(sound.currentTime + at + 0.13);
  }
}

/** @param {number} ms @param {AbortSignal} [signal] */
export function wait(ms, signal) {
  return new Promise((resolve, reject) => {
    const left = () => reject(new DOMException("left the page", "AbortError"));
    if (signal?.aborted) return left();
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), left()), { once: true });
  });
}
