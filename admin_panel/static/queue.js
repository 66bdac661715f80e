// @ts-check
// Keeps the queue current without a reload: asks twice a second, mostly gets an empty 304, and swaps the cards
// without disturbing what is being typed. Without this script the page still works; it then needs a reload.

const POLL_MS = 500;
const PATIENCE_MS = 8000; // an answer that takes longer counts as none
const OLD_MS = 6000;

const board = /** @type {HTMLElement} */ (document.getElementById("board"));
const state = /** @type {HTMLElement} */ (document.getElementById("live-state"));
const announcer = /** @type {HTMLElement} */ (document.getElementById("announcer"));
const chime = /** @type {HTMLInputElement} */ (document.getElementById("chime"));

let etag = "";
let seenAt = Date.now();
/** @type {AudioContext | undefined} */
let audio;

/** @returns {Map<string, {number: string, column: string}>} */
function cards() {
  const found = new Map();
  for (const card of board.querySelectorAll("[data-order]")) {
    const { order, number, column } = /** @type {HTMLElement} */ (card).dataset;
    found.set(order, { number, column });
  }
  return found;
}

/** Swap the list; typed codes, ticked boxes, the focus and the cursor stay.
 * @param {string} html */
function show(html) {
  const before = cards();
  const typed = new Map();
  for (const input of board.querySelectorAll("input[id]")) {
    const { value, checked } = /** @type {HTMLInputElement} */ (input);
    typed.set(input.id, { value, checked });
  }
  const focused = document.activeElement instanceof HTMLElement && board.contains(document.activeElement)
    ? document.activeElement : null;
  const cursor = focused instanceof HTMLInputElement ? focused.selectionStart : null;
  board.innerHTML = html;
  for (const [id, value] of typed) {
    const input = document.getElementById(id);
    if (input instanceof HTMLInputElement) Object.assign(input, value);
  }
  if (focused?.id) {
    const again = document.getElementById(focused.id);
    again?.focus({ preventScroll: true });
    if (again instanceof HTMLInputElement && cursor !== null) again.setSelectionRange(cursor, cursor);
  }
  tell(before, cards());
}

/** @param {Map<string, {number: string, column: string}>} before
 *  @param {Map<string, {number: string, column: string}>} after */
function tell(before, after) {
  const said = [];
  for (const [order, card] of after) {
    const known = before.get(order);
    if (!known && card.column === "new") {
      said.push((announcer.dataset.new ?? "").replace("{number}", card.number));
      document.getElementById(`order-${order}`)?.classList.add("card-fresh");
    } else if (card.column === "ready" && known && known.column !== "ready") {
      said.push((announcer.dataset.ready ?? "").replace("{number}", card.number));
    }
  }
  if (said.length === 0) return;
  announcer.textContent = said.join(". ");
  ring();
}

/** Two soft notes, only if wanted; never the only sign. */
function ring() {
  if (!chime.checked || !audio) return;
  for (const [after, pitch] of [[0, 659], [0.18, 880]]) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    const begin = audio.currentTime + after;
    volume.gain.setValueAtTime(0.0001, begin);
    volume.gain.exponentialRampToValueAtTime(0.2, begin + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, begin + 0.35);
    tone.connect(volume).connect(audio.destination);
    tone.start(begin);
    tone.stop(begin + 0.4);
  }
}

function age() {
  const old = Date.now() - seenAt;
  const kind = !navigator.onLine || old > 30000 ? "offline" : old > OLD_MS ? "old" : "live";
  const text = (state.dataset[kind] ?? "").replace("{n}", String(Math.round(old / 1000)));
  if (state.dataset.state !== kind) state.dataset.state = kind;
  if (state.textContent !== text) state.textContent = text;
}

async function poll() {
  try {
    const answer = await fetch(board.dataset.source ?? "", {
      headers: etag ? { "If-None-Match": etag } : {},
      cache: "no-store",
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (answer.type === "opaqueredirect" || answer.status === 401) {
      location.reload(); // the session has ended: the server shows the way
      return;
    }
    if (answer.status === 200) {
      etag = answer.headers.get("ETag") ?? "";
      show(await answer.text());
    }
    if (answer.status === 200 || answer.status === 304) seenAt = Date.now();
  } catch {
    // offline or slow: age() says so
  }
  age();
}

async function run() {
  for (;;) {
    if (document.visibilityState === "visible") await poll();
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}

chime.checked = localStorage.getItem("staff-chime") === "on";
chime.closest("label")?.removeAttribute("hidden");
chime.addEventListener("change", () => {
  localStorage.setItem("staff-chime", chime.checked ? "on" : "off");
  if (chime.checked) {
    audio ??= new AudioContext();
    ring();
  }
});
document.addEventListener("pointerdown", () => {
  if (chime.checked) audio ??= new AudioContext(); // browsers give sound only after a touch
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void poll();
});
setInterval(age, 1000);
void run();
