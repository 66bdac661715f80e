// @ts-check
// The camera: opened for a page, closed when the page is left or hidden; pictures are JPEG as the sensor saw them.

const SIDE_MAX = 1280;
const QUALITY = 0.9;

/**
 * Streams into `video` until `signal` ends; while the page is hidden the camera is given back. The picture may be
 * mirrored by CSS; frames taken never are.
 * @param {HTMLVideoElement} video @param {"user" | "environment"} facing @param {AbortSignal} signal
 * @returns {Promise<MediaStreamTrack>}
 */
export async function openCamera(video, facing, signal) {
  const turned = () => {
    if (document.visibilityState === "hidden") release(video);
    else if (!video.srcObject) attach(video, facing, signal).catch(() => undefined);
  };
  const track = await attach(video, facing, signal);
  document.addEventListener("visibilitychange", turned, { signal });
  signal.addEventListener("abort", () => release(video), { once: true });
  return track;
}

/** @param {HTMLVideoElement} video */
function release(video) {
  for (const track of /** @type {MediaStream | null} */ (video.srcObject)?.getTracks() ?? []) track.stop();
  video.srcObject = null;
}

/** @param {HTMLVideoElement} video @param {"user" | "environment"} facing @param {AbortSignal} signal */
async function attach(video, facing, signal) {
  const wanted = { facingMode: facing, width: { ideal: 1280 }, height: { ideal: 960 } };
  const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  video.srcObject = stream;
  if (signal.aborted) {
    release(video);
    throw new DOMException("left the page", "AbortError");
  }
  video.muted = true;
  video.playsInline = true;
  await video.play();
  const [track] = stream.getVideoTracks();
  await focusSharply(track);
  return track;
}

/** Continuous focus where the camera has it: small modules are what phones fail on. @param {MediaStreamTrack} track */
async function focusSharply(track) {
  const can = /** @type {any} */ (track.getCapabilities?.() ?? {});
  if (!can.focusMode?.includes("continuous")) return;
  const wanted = /** @type {any} */ ({ advanced: [{ focusMode: "continuous" }] });
  await track.applyConstraints(wanted).catch(() => undefined);
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
