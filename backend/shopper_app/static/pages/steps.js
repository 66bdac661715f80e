// @ts-check
// Parts that enrolment and payment share: the six digits, the face camera, the way to a missing step.

import { frame, openCamera } from "../camera.js";
import { field, h } from "../dom.js";
import { latinDigits, t } from "../words.js";

/** Six digits; paste and autofill work. @param {string} name @param {string} label @param {string} autocomplete @param {string} [hint] */
export function pinField(name, label, autocomplete, hint) {
  const made = field(label, { name, type: "password", inputmode: "numeric", pattern: "[0-9٠-٩]{6}", maxlength: 6, minlength: 6, required: true, dir: "ltr", autocomplete, class: "pin" }, hint);
  return { ...made, digits: () => latinDigits(made.input.value) };
}

/** @param {string} digits */
export function isPin(digits) {
  return /^\d{6}$/.test(digits);
}

/** The oval the face goes into. `open` starts the camera. */
export function faceStage() {
  const video = /** @type {HTMLVideoElement} */ (h("video", { class: "view mirrored", "aria-label": t("face.view") }));
  const say = h("p", { class: "say", role: "status" }, t("face.starting"));
  const stage = h("div", { class: "stage face-stage" }, video, h("div", { class: "oval", "aria-hidden": "true" }), say);
  return {
    stage,
    /** @param {string} text */
    say: (text) => void (say.textContent = text),
    /** @param {AbortSignal} signal */
    open: (signal) => openCamera(video, "user", signal),
    frame: () => frame(video),
  };
}
