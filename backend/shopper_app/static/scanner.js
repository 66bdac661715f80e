// @ts-check
// Reads QR labels and EAN codes: the browser's BarcodeDetector where it has one, else zxing as WebAssembly, loaded on need.

import { drawn } from "./camera.js";

const FORMATS = ["qr_code", "ean_13", "ean_8", "upc_a"];
const ZXING_FORMATS = ["QRCode", "EAN13", "EAN8", "UPCA"];

/** @typedef {(picture: HTMLCanvasElement) => Promise<string[]>} Read */

/** @type {Promise<Read> | null} */
let reader = null;

/** @returns {Promise<Read>} */
export function codeReader() {
  reader ??= native().then((read) => read ?? zxing());
  return reader;
}

/** @returns {Promise<Read | null>} */
async function native() {
  const Detector = /** @type {any} */ (globalThis).BarcodeDetector;
  if (!Detector) return null;
  const formats = await Detector.getSupportedFormats().catch(() => []);
  if (!formats.includes("qr_code")) return null;
  const detector = new Detector({ formats: FORMATS.filter((f) => formats.includes(f)) });
  return async (picture) => (await detector.detect(picture)).map((/** @type {any} */ found) => found.rawValue);
}

/** @returns {Promise<Read>} */
async function zxing() {
  const { prepareZXingModule, readBarcodes } = await import("./vendor/zxing-wasm/reader/index.js");
  const wasm = new URL("./vendor/zxing-wasm/zxing_reader.wasm", import.meta.url).href;
  await prepareZXingModule({ overrides: { locateFile: () => wasm }, fireImmediately: true });
  return async (picture) => {
    const pixels = /** @type {CanvasRenderingContext2D} */ (picture.getContext("2d")).getImageData(0, 0, picture.width, picture.height);
    const found = await readBarcodes(pixels, { formats: /** @type {any} */ (ZXING_FORMATS), maxNumberOfSymbols: 2, tryHarder: true });
    return found.filter((code) => code.isValid).map((code) => code.text);
  };
}

/** Codes in a picture file. @param {File} file */
export async function readFile(file) {
  const picture = await createImageBitmap(file);
  const read = await codeReader();
  return read(drawn(picture));
}

const LOOKS_PER_S = 12;
const GONE_MS = 1000;

/**
 * Calls `found` once for each code that comes into view; a code counts again after it was out of view for a second.
 * @param {HTMLVideoElement} video @param {AbortSignal} signal @param {(code: string) => Promise<void>} found
 */
export async function watch(video, signal, found) {
  const read = await codeReader();
  /** @type {Map<string, number>} */
  const seenAt = new Map();
  while (!signal.aborted) {
    const began = performance.now();
    const codes = video.videoWidth ? await read(drawn(video)) : [];
    for (const code of codes) {
      const before = seenAt.get(code) ?? -Infinity;
      const now = performance.now();
      seenAt.set(code, now);
      if (now - before > GONE_MS) {
        await found(code);
        seenAt.set(code, performance.now());
      }
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(10, 1000 / LOOKS_PER_S - (performance.now() - began))));
  }
}
