// @ts-check
// Account → PIN → consent → pictures of the face. Each step stands alone: who comes back goes on where they were.

import { button, complain, field, h, heading, icon, keepFocus, link, notice, replace, toast, turnTo } from "../dom.js";
import { focusHeading, go } from "../router.js";
import { ask } from "../api.js";
import { call, ensureShopper, me, signIn } from "../session.js";
import { carryCart } from "../shop.js";
import { language, t } from "../words.js";
import { faceStage, isPin, pinField } from "./steps.js";

/** @typedef {import("../session.js").Me} Me */
/** @typedef {{body: HTMLElement, signal: AbortSignal, next: () => Promise<void>, back: string}} Here */

const STEPS = ["account", "pin", "consent", "face"];
const POSES = ["front", "left", "right", "up"];

/** @param {import("../router.js").Visit} visit */
export async function show({ main, signal, query }) {
  const back = query.get("then") === "pay" ? "/pay" : "/me";
  const without = query.get("face") === "no";
  const body = h("div", { class: "step" });
  const trail = h("ol", { class: "trail", "aria-label": t("enrol.steps") });
  main.append(heading(t("enrol.title")), trail, body);
  focusHeading();
  let stepSignal = new AbortController();
  signal.addEventListener("abort", () => stepSignal.abort());

  async function next() {
    stepSignal.abort();
    stepSignal = new AbortController();
    if (signal.aborted) return;
    const who = await me();
    const step = missing(who, without);
    if (step === "done") return void (await go(back));
    replace(trail, ...STEPS.map((name) => h("li", { class: STEPS.indexOf(name) < STEPS.indexOf(step) ? "done" : "", "aria-current": name === step ? "step" : null }, t(`enrol.step.${name}`))));
    replace(body);
    const here = { body, signal: stepSignal.signal, next, back };
    if (step === "account") account(here, query.get("have") === "account");
    else if (step === "pin") pin(here);
    else if (step === "consent") await consent(here);
    else await faces(here, /** @type {Me} */ (who));
    keepFocus(body);
  }
  await next();
}

/** @param {Me | null} who @param {boolean} without a face */
function missing(who, without) {
  if (!who || who.guest) return "account";
  if (!who.has_pin) return "pin";
  if (without) return "done";
  if (!who.face.consented) return "consent";
  return who.face.templates < who.face.templates_min ? "face" : "done";
}

/** @param {Here} here @param {boolean} existing */
function account({ body, next }, existing) {
  const login = field(t("enrol.login"), { name: "login", autocomplete: "username", dir: "ltr", autocapitalize: "none", spellcheck: "false", required: true, minlength: 3, maxlength: 64 }, existing ? undefined : t("enrol.login_hint"));
  const password = field(t("enrol.password"), { name: "password", type: "password", autocomplete: existing ? "current-password" : "new-password", dir: "ltr", required: true, maxlength: 128 }, existing ? undefined : t("enrol.password_hint"));
  const name = field(t("enrol.name"), { name: "name", autocomplete: "name", required: true, maxlength: 80 }, t("enrol.name_hint"));
  const places = { login_taken: login, login_malformed: login, password_too_short: password, password_too_long: password, password_common: password, display_name_malformed: name, sign_in_refused: password };

  async function send() {
    const given = { login: login.input.value.trim(), password: password.input.value };
    if (existing) await carryCart(() => signIn(given.login, given.password));
    else {
      await ensureShopper();
      await call("POST", "/v1/shoppers/me/registration", { json: { ...given, display_name: name.input.value.trim() }, proof: true });
    }
    toast(t(existing ? "enrol.welcome_back" : "enrol.registered"), "good");
    await next();
  }
  const rows = existing ? [login.row, password.row] : [name.row, login.row, password.row];
  body.append(h("h2", {}, t(existing ? "enrol.sign_in" : "enrol.register")), form(rows, t(existing ? "enrol.sign_in" : "enrol.register"), send, places),
    h("button", { type: "button", class: "button plain", id: "switch", onclick: () => (replace(body), account(/** @type {Here} */ ({ body, next }), !existing)) }, t(existing ? "enrol.need_account" : "enrol.have_account")));
}

/**
 * A form whose refusals are said at the field they belong to.
 * @param {Node[]} rows @param {string} label @param {() => Promise<void>} send @param {Record<string, {refuse: (text: string) => void}>} places
 */
function form(rows, label, send, places) {
  const submit = h("button", { class: "button wide", type: "submit" }, h("span", {}, label));
  const made = h("form", { class: "form", onsubmit: pressed }, ...rows, submit);
  /** @param {Event} event */
  async function pressed(event) {
    event.preventDefault();
    if (submit.getAttribute("aria-disabled")) return;
    submit.setAttribute("aria-disabled", "true");
    try {
      await send();
    } catch (wrong) {
      const { code, sentence } = /** @type {any} */ (wrong);
      if (code in places) places[code].refuse(sentence);
      else complain(wrong);
    } finally {
      submit.removeAttribute("aria-disabled");
    }
  }
  return made;
}

/** @param {Here} here */
function pin({ body, next }) {
  const first = pinField("pin", t("pin.choose"), "new-password", t("pin.hint"));
  const again = pinField("pin-again", t("pin.again"), "new-password");
  async function send() {
    if (!isPin(first.digits())) return first.refuse(t("pin.six"));
    if (first.digits() !== again.digits()) return again.refuse(t("pin.differ"));
    await call("PUT", "/v1/shoppers/me/pin", { json: { pin: first.digits() }, proof: true });
    await next();
  }
  body.append(h("h2", {}, t("pin.title")), h("p", {}, t("pin.why")), form([first.row, again.row], t("pin.save"), send, { pin_too_common: first, pin_malformed: first, invalid_body: first }));
  first.input.focus();
}

/** @param {Here} here */
async function consent({ body, next, back }) {
  const { version, texts, sha256 } = (await ask("GET", "/v1/consents/face")).body;
  const text = h("div", { class: "consent", tabindex: "0", role: "region", "aria-label": t("consent.title"), onscroll: read },
    ...String(texts[language]).split(/\n{2,}/).map((part) => h("p", {}, part)));
  const agree = button(t("consent.accept"), async () => {
    await call("PUT", "/v1/shoppers/me/consents/face", { json: { version, language, text_sha256: sha256[language] }, proof: true });
    await next();
  }, { class: "button wide", id: "agree", disabled: true });
  function read() {
    if (text.scrollTop + text.clientHeight >= text.scrollHeight - 8) agree.removeAttribute("disabled");
  }
  body.append(h("h2", {}, t("consent.title")), h("p", {}, t("consent.lead")), text, h("p", { class: "hint" }, t("consent.scroll")), agree,
    link(back, t("consent.without"), { class: "button plain" }));
  read();
}

/** @param {Here} here @param {Me} who */
async function faces({ body, signal, next, back }, who) {
  let have = who.face.templates;
  const { templates_min: min } = who.face;
  const camera = faceStage();
  const pose = h("h2", { class: "pose", role: "status" });
  const dots = h("div", { class: "dots", role: "img" });
  const problem = h("div", { "aria-live": "assertive" });
  const pick = /** @type {HTMLInputElement} */ (h("input", { type: "file", id: "face-file", accept: "image/jpeg,image/png,image/webp", multiple: true, class: "hidden-input", onchange: fromFiles }));
  const take = button(t("face.take"), async () => send(await camera.frame()), { class: "button wide shutter", icon: "camera", id: "take", disabled: true });
  if (who.face.outdated) body.append(h("p", { class: "hint" }, t("face.outdated")));
  body.append(pose, camera.stage, dots, problem, take,
    h("p", { class: "hint center" }, t("face.tips")), pick, h("label", { for: "face-file", class: "button quiet" }, icon("image"), h("span", {}, t("face.files"))),
    link(back, t("consent.without"), { class: "button plain" }));
  draw();

  function draw() {
    pose.textContent = t(`face.pose.${POSES[have % POSES.length]}`);
    dots.setAttribute("aria-label", t("face.progress", { n: have, min }));
    replace(dots, ...Array.from({ length: min }, (_, i) => h("i", { class: i < have ? "on" : "" })), h("span", { class: "hint" }, t("face.progress", { n: have, min })));
  }

  /** @param {Blob} picture */
  async function send(picture) {
    replace(problem);
    camera.say(t("face.checking"));
    const form = new FormData();
    form.append("picture", picture, "face.jpg");
    try {
      have = (await call("POST", "/v1/shoppers/me/faces", { form, proof: true })).body.templates;
      camera.say(t("face.good"));
      draw();
      if (have >= min) await done();
    } catch (wrong) {
      camera.say("");
      const sentence = /** @type {any} */ (wrong).sentence;
      if (!sentence) throw wrong;
      replace(problem, h("p", { class: "refused" }, icon("alert"), h("span", {}, sentence)));
    }
  }

  async function fromFiles() {
    for (const file of [...(pick.files ?? [])]) if (have < min) await send(file);
    pick.value = "";
  }

  async function done() {
    turnTo(body, notice("good", t("face.done"), t("face.done_more"), button(t("face.go_on"), next, { class: "button", id: "go-on" })));
  }

  try {
    await camera.open(signal);
    camera.say(t("face.place"));
    take.removeAttribute("disabled");
  } catch {
    if (!signal.aborted) camera.say(t("face.no_camera"));
  }
}
