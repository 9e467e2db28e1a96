// Playback of a painted clip beside the unpainted one: two videos in step, with a divider or side by side.
import { announce } from "./a11y.js";
import { api } from "./api.js";
import { startDivider } from "./divider.js";
import { byId, el, icon, iconButton, show } from "./dom.js";
import { clock, percent } from "./format.js";
import { readStored, writeStored } from "./persist.js";
import { isActive, store } from "./state.js";

const { state } = store;
const STORED = "impasto.player";
const MODES = { slider: "Divider", side: "Side by side", after: "Painted only" };
const SEEK_DRIFT = 0.2; // seconds between the two from which one jumps; below, its rate changes
let share = 0.5;
let mode = readStored(localStorage, STORED) ?? "slider";
let shownJob = null;

const before = el("video", { playsInline: true, preload: "auto", "aria-label": "Before" });
const after = el("video", { playsInline: true, preload: "auto", "aria-label": "Painted" });
before.muted = true;
const split = el(
  "div",
  {
    class: "split",
    role: "slider",
    tabindex: "0",
    "aria-label": "Before and painted",
    "aria-valuemin": "0",
    "aria-valuemax": "100",
  },
  el("span", { class: "split-grip" }, icon("split")),
);
const frames = el("div", { class: "player-frames" }, before, after, split);
const trouble = el("p", { class: "player-trouble", role: "status" });
const seek = el("input", {
  type: "range",
  min: "0",
  max: "1",
  step: "any",
  value: "0",
  "aria-label": "Time",
});
const time = el("span", { class: "player-time" });
const play = iconButton("play", "Play", () => toggle());
const sound = iconButton("sound", "Sound", () => {
  after.muted = !after.muted;
  renderSound();
});
const modes = el(
  "select",
  { "aria-label": "View", onchange: () => setMode(modes.value) },
  ...Object.entries(MODES).map(([value, text]) => el("option", { value, text })),
);

function toggle() {
  if (after.paused) after.play().catch(() => {});
  else after.pause();
}

function renderSound() {
  sound.setAttribute("aria-pressed", String(!after.muted));
  sound.title = after.muted ? "Turn the sound on" : "Turn the sound off";
}

function renderPlay() {
  const label = after.paused ? "Play" : "Pause";
  play.replaceChildren(icon(after.paused ? "play" : "pause"));
  play.setAttribute("aria-label", label);
  play.title = `${label} (space)`;
}

function renderTime() {
  const total = Number.isFinite(after.duration) ? after.duration : 0;
  seek.max = String(total || 1);
  seek.value = String(after.currentTime);
  seek.style.setProperty("--share", String(total ? after.currentTime / total : 0));
  seek.setAttribute("aria-valuetext", `${clock(after.currentTime)} of ${clock(total)}`);
  time.textContent = `${clock(after.currentTime)} / ${clock(total)}`;
}

/** Keep the unpainted clip in step: a small drift changes its rate, a large one lets it jump. */
function keepStep() {
  const drift = before.currentTime - after.currentTime;
  const end = Number.isFinite(before.duration) ? before.duration : 0;
  if (after.paused || after.seeking) {
    if (!before.paused) before.pause();
    if (Math.abs(drift) > 1e-3) before.currentTime = Math.min(after.currentTime, end);
    return;
  }
  if (Math.abs(drift) > SEEK_DRIFT) before.currentTime = Math.min(after.currentTime, end);
  before.playbackRate = Math.min(1.25, Math.max(0.8, 1 - drift));
  if (before.paused && !before.ended) before.play().catch(() => {});
}

function tick() {
  renderTime();
  keepStep();
  if (!after.paused) requestAnimationFrame(tick);
}

/** The picture's place inside the videos' boxes, which both have its aspect. */
function placeSplit() {
  const isSlider = mode === "slider" && !before.hidden;
  show(split, isSlider);
  after.style.clipPath = isSlider ? `inset(0 0 0 ${share * 100}%)` : "";
  const box = after.getBoundingClientRect();
  const origin = frames.getBoundingClientRect();
  split.style.transform = `translate(${box.left - origin.left + share * box.width}px, ${box.top - origin.top}px)`;
  split.style.height = `${box.height}px`;
  split.setAttribute("aria-valuenow", String(Math.round(share * 100)));
  split.setAttribute("aria-valuetext", `${percent(share)} before, ${percent(1 - share)} painted`);
}

/** Give both videos the largest box of the clip's aspect that fits. */
function layout() {
  const [width, height] = state.job?.scale ?? [16, 9];
  const columns = mode === "side" && !before.hidden ? 2 : 1;
  const room = [frames.clientWidth / columns - (columns - 1) * 8, frames.clientHeight];
  if (room[0] <= 0 || room[1] <= 0) return;
  const scale = Math.min(room[0] / width, room[1] / height);
  for (const video of [before, after])
    Object.assign(video.style, { width: `${width * scale}px`, height: `${height * scale}px` });
  placeSplit();
}

function setMode(next) {
  mode = next in MODES ? next : "slider";
  modes.value = mode;
  frames.dataset.mode = mode;
  show(before, mode !== "after" && !before.error);
  writeStored(localStorage, STORED, mode);
  layout();
}

function fail(video) {
  if (!video.getAttribute("src") || shownJob === null) return;
  const text =
    video === after
      ? "This browser cannot play the painted clip; download it instead."
      : "This browser cannot play the clip as it was before.";
  trouble.textContent = text;
  if (video === before) show(before, false);
  layout();
}

function close() {
  shownJob = null;
  for (const video of [before, after]) {
    video.pause();
    video.removeAttribute("src");
    video.load();
  }
}

function render() {
  const { job } = state;
  const playing = Boolean(job?.clip && job.has_picture) && !isActive(job);
  show(byId("player"), playing);
  if (!playing) {
    if (shownJob !== null) close();
    return;
  }
  if (shownJob === job.id) return;
  shownJob = job.id;
  trouble.textContent = "";
  before.src = api.originalUrl(job.id);
  after.src = api.clipUrl(job.id);
  after.loop = Boolean(job.clip.loop);
  share = 0.5;
  const [width, height] = job.scale ?? [16, 9];
  byId("stage").style.setProperty("--aspect", String(width / height));
  setMode(mode);
  renderTime();
  announce("The painted clip is ready to play.");
}

function startEvents() {
  after.addEventListener("play", () => {
    renderPlay();
    tick();
  });
  for (const name of ["pause", "ended"]) after.addEventListener(name, renderPlay);
  for (const name of ["pause", "seeking", "seeked", "loadedmetadata", "timeupdate"])
    after.addEventListener(name, () => {
      renderTime();
      keepStep();
    });
  before.addEventListener("loadedmetadata", keepStep);
  for (const video of [before, after]) {
    video.addEventListener("error", () => fail(video));
    video.addEventListener("click", toggle);
  }
  seek.addEventListener("input", () => {
    after.currentTime = Number(seek.value);
  });
  byId("player").addEventListener("keydown", (event) => {
    if (event.target.matches("button, select, input") || event.key !== " ") return;
    event.preventDefault();
    toggle();
  });
  startDivider(split, {
    share: () => share,
    move(value) {
      share = value;
      placeSplit();
    },
    span() {
      const { left, right } = after.getBoundingClientRect();
      return [left, right];
    },
  });
  new ResizeObserver(layout).observe(frames);
}

/** Build the player and keep it in sync with the job that is shown. */
export function startClipPlayer() {
  byId("player").replaceChildren(
    frames,
    trouble,
    el("div", { class: "player-bar" }, play, seek, time, sound, modes),
  );
  startEvents();
  renderSound();
  renderPlay();
  store.on(["job"], render);
  render();
}
