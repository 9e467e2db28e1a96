// Examples on the empty page: a photo and its painting, with a divider that moves once and then follows the pointer.
import { complain } from "./a11y.js";
import { byId, show } from "./dom.js";
import { addStyle, setContent } from "./draft.js";
import { percent } from "./format.js";
import { sample } from "./pictures.js";
import { store } from "./state.js";

const { state } = store;
// Names of samples, and of their pictures in the folder tour (benchmarks/studio_welcome.py).
const EXAMPLES = [
  {
    photo: "Astronaut",
    style: "Night over the river",
    before: "astronaut",
    after: "astronaut-swirls",
  },
  { photo: "Coffee", style: "Rose window", before: "coffee", after: "coffee-glass" },
  { photo: "Rocket", style: "The breaker", before: "rocket", after: "rocket-woodcut" },
];
// The divider's way over time, both as fractions: most of the painting is uncovered, then half.
const WAY = [
  [0, 1],
  [0.2, 1],
  [0.65, 0.08],
  [0.75, 0.08],
  [1, 0.5],
];
const SWEEP_MS = 4200; // motion that starts on its own ends within five seconds
const slider = byId("tour-share");
let current = 0;
let frame = 0;

function setShare(share) {
  byId("tour").style.setProperty("--share", String(share));
  slider.value = String(Math.round(100 * share));
  slider.setAttribute("aria-valuetext", `${percent(share)} photo, ${percent(1 - share)} painting`);
}

function shareAt(time) {
  const next = Math.max(
    1,
    WAY.findIndex(([at]) => at >= time),
  );
  const [[t0, s0], [t1, s1]] = [WAY[next - 1], WAY[next]];
  const part = (time - t0) / (t1 - t0);
  return s0 + (s1 - s0) * (part * part * (3 - 2 * part)); // slow at both ends
}

function sweep() {
  cancelAnimationFrame(frame);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return setShare(0.5);
  const began = performance.now();
  const move = (now) => {
    const time = Math.min(1, Math.max(0, now - began) / SWEEP_MS);
    setShare(shareAt(time));
    if (time < 1 && !byId("welcome").hidden) frame = requestAnimationFrame(move);
  };
  return move(began);
}

function entryOf(kind, name) {
  return state.info?.samples.find((entry) => entry.kind === kind && entry.name === name);
}

async function showExample(index) {
  current = index % EXAMPLES.length;
  const { photo, style, before, after } = EXAMPLES[current];
  const [photoImage, paintingImage] = [byId("tour-before"), byId("tour-after")];
  photoImage.src = `static/tour/${before}.webp`;
  paintingImage.src = `static/tour/${after}.webp`;
  byId("tour-words").textContent = `${photo}, painted like ${style}`;
  show(byId("tour-try"), Boolean(entryOf("content", photo) && entryOf("style", style)));
  setShare(1);
  await Promise.all([photoImage.decode(), paintingImage.decode()]).catch(() => {});
  sweep();
}

async function tryExample() {
  const { photo, style } = EXAMPLES[current];
  try {
    const pictures = [entryOf("content", photo), entryOf("style", style)].map(sample);
    const [content, painting] = await Promise.all(pictures);
    setContent(content);
    addStyle(painting, state.styles.length ? 0 : -1);
  } catch (error) {
    complain(error);
  }
}

/** Show the first example on the empty page; the others load when they are asked for. */
export function startTour() {
  slider.addEventListener("input", () => {
    cancelAnimationFrame(frame);
    setShare(slider.value / 100);
  });
  byId("tour-next").addEventListener("click", () => showExample(current + 1));
  byId("tour-try").addEventListener("click", tryExample);
  let isShown = false;
  const start = () => {
    if (isShown || state.content || state.job || !state.info) return;
    isShown = true;
    showExample(0);
  };
  store.on(["info", "content", "job"], start);
  start();
}
