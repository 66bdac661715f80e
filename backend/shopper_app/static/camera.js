// @ts-check
// The camera: opened for a page, closed when the page is left or hidden; pictures are JPEG as the sensor saw them.

const SIDE_MAX = 1280;
const QUALITY = 0.9;

/**
 * Streams into `video` until `signal` ends. The picture may be mirrored by CSS; frames taken never are.
 * @param {HTMLVideoElement} video @param {"user" | "environment"} facing @param {AbortSignal} signal
 * @returns {Promise<MediaStreamTrack>}
 */
export async function openCamera(video, facing, signal) {
  const wanted = { facingMode: facing, width: { ideal: 1280 }, height: { ideal: 960 } };
  const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  const [track] = stream.getVideoTracks();
  const stop = () => {
    track.stop();
    video.srcObject = null;
  };
  if (signal.aborted) {
    stop();
    throw new DOMException("left the page", "AbortError");
  }
  signal.addEventListener("abort", stop, { once: true });
  video.srcObject = stream;
  video.muted = true;
  video.playsInline = true;
  await video.play();
  await focusSharply(track);
  return track;
}

/** Continuous focus and a little zoom where the camera has them: small modules are what phones fail on. @param {MediaStreamTrack} track */
async function focusSharply(track) {
  const can = /** @type {any} */ (track.getCapabilities?.() ?? {});
  const advanced = [];
  if (can.focusMode?.includes("continuous")) advanced.push({ focusMode: "continuous" });
  if (advanced.length) await track.applyConstraints(/** @type {any} */ ({ advanced })).catch(() => undefined);
}

/** @param {MediaStreamTrack} track */
export function hasTorch(track) {
  return Boolean(/** @type {any} */ (track.getCapabilities?.() ?? {}).torch);
}

/** @param {MediaStreamTrack} track @param {boolean} on */
export function setTorch(track, on) {
  return track.applyConstraints(/** @type {any} */ ({ advanced: [{ torch: on }] }));
}

/** @param {HTMLVideoElement | ImageBitmap} source @returns {HTMLCanvasElement} at most SIDE_MAX on the longer side */
export function drawn(source) {
  const [width, height] = source instanceof HTMLVideoElement ? [source.videoWidth, source.videoHeight] : [source.width, source.height];
  const scale = Math.min(1, SIDE_MAX / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d", { willReadFrequently: true })?.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

/** One JPEG of what the camera sees now. @param {HTMLVideoElement} video @returns {Promise<Blob>} */
export function frame(video) {
  return new Promise((resolve, reject) =>
    drawn(video).toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", QUALITY),
  );
}
