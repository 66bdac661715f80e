// @ts-check
// Three doors into the cart: the camera, a picture, the typed number.

import { hasTorch, openCamera, setTorch } from "../camera.js";
import { announce, button, field, h, heading, icon, picture, replace, toast, tone } from "../dom.js";
import { focusHeading } from "../router.js";
import { readFile, watch } from "../scanner.js";
import { product, scan } from "../shop.js";
import { inMine, latinDigits, money, t } from "../words.js";
import { stockWords } from "./browse.js";

const LABEL = /^https?:\/\//i;
const NUMBER = /^\d{8,14}$/;

/** @param {import("../router.js").Visit} visit */
export async function show({ main, signal }) {
  const video = /** @type {HTMLVideoElement} */ (h("video", { class: "view", "aria-label": t("scan.view") }));
  const say = h("p", { class: "say", role: "status" }, t("scan.starting"));
  const last = h("div", { class: "last" });
  const stage = h("div", { class: "stage scan-stage" }, video, h("div", { class: "aim", "aria-hidden": "true" }), say);
  const number = field(t("scan.number"), { name: "gtin", inputmode: "numeric", dir: "ltr", autocomplete: "off", maxlength: 14, placeholder: "0000000000000" }, t("scan.number_hint"));
  const pick = /** @type {HTMLInputElement} */ (h("input", { type: "file", id: "picture", accept: "image/*", class: "hidden-input", onchange: fromPicture }));
  main.append(heading(t("scan.title")), h("p", { class: "lead" }, t("scan_prompt")), stage, last,
    h("div", { class: "doors" },
      h("form", { class: "inline", onsubmit: typed }, number.row, h("button", { class: "button", type: "submit" }, icon("plus"), h("span", {}, t("scan.add")))),
      h("div", {}, pick, h("label", { for: "picture", class: "button quiet" }, icon("image"), h("span", {}, t("scan.picture"))))));
  focusHeading();

  /** @param {{code: string} | {gtin: string}} what */
  async function take(what) {
    say.textContent = t("scan.reading");
    try {
      const line = await scan(what);
      tone("good");
      say.textContent = t("scan.added", { name: inMine(line.name) });
      stage.classList.add("hit");
      setTimeout(() => stage.classList.remove("hit"), 500);
      await drawLast(line);
    } catch (wrong) {
      const sentence = /** @type {any} */ (wrong).sentence ?? t("problem.unknown");
      tone("bad");
      toast(sentence, "bad");
      say.textContent = sentence;
    }
  }

  /** @param {import("../shop.js").Line} line */
  async function drawLast(line) {
    const found = await product(line.sku);
    replace(last, h("article", { class: "row just-added" },
      picture(line.picture_url, 72),
      h("div", {}, h("bdi", { class: "name" }, inMine(line.name)), h("p", { class: "stock" }, stockWords(found))),
      h("div", { class: "end" }, h("bdi", { class: "price" }, money(line.unit_price_minor, found.currency)),
        h("p", { class: "hint" }, t("scan.in_cart", { n: line.quantity })))));
  }

  /** @param {Event} event */
  async function typed(event) {
    event.preventDefault();
    const digits = latinDigits(number.input.value).replace(/[\s-]/g, "");
    if (!NUMBER.test(digits)) return number.refuse(t("scan.number_wrong"));
    await take({ gtin: digits });
    number.input.value = "";
  }

  async function fromPicture() {
    const [file] = pick.files ?? [];
    pick.value = "";
    if (!file) return;
    say.textContent = t("scan.reading");
    const codes = await readFile(file).catch(() => []);
    if (codes.length) return take(meant(codes[0]));
    say.textContent = t("scan.no_code");
    number.refuse(t("scan.no_code"));
  }

  async function withCamera() {
    const track = await openCamera(video, "environment", signal);
    say.textContent = t("scan.aim");
    if (hasTorch(track)) stage.append(torch(track));
    await watch(video, signal, (code) => take(meant(code)));
  }

  try {
    await withCamera();
  } catch (wrong) {
    if (signal.aborted) return;
    stage.classList.add("no-camera");
    say.textContent = t("scan.no_camera");
    announce(t("scan.no_camera"));
  }
}

/** A label is sent whole, a bare number as the product's; anything else the server names. @param {string} code */
function meant(code) {
  return !LABEL.test(code) && NUMBER.test(code) ? { gtin: code } : { code };
}

/** @param {MediaStreamTrack} track */
function torch(track) {
  let on = false;
  const made = button(t("scan.torch"), async () => {
    on = !on;
    await setTorch(track, on);
    made.setAttribute("aria-pressed", String(on));
  }, { class: "button quiet torch", icon: "torch", "aria-pressed": "false" });
  return made;
}
