// The Paint button, and the line beside it: what a painting would need, or why it cannot start.
import { announce, complain } from "./a11y.js";
import { api } from "./api.js";
import { isClip } from "./clip.js";
import { byId, el, show } from "./dom.js";
import { hasStyle, setPrint } from "./draft.js";
import { currentPlan, orderOf } from "./estimate.js";
import { bytes, duration, size } from "./format.js";
import { saveOnePass } from "./keep.js";
import { masksReady } from "./mask_upload.js";
import { withDpi } from "./print_sizes.js";
import { allowedSides, currentPrint, outputSize, paintedSize } from "./sizes.js";
import { store } from "./state.js";

const { state } = store;
const line = byId("estimate");
const button = byId("paint");
const onePass = byId("paint-one-pass");
let starting = false;
let passing = 0; // the timer while a large picture is painted in one pass

const shownSize = (side) => `${size(outputSize(state.content, side))} px`;
const LARGE_SIDE = 1024; // from here on, painting in one pass is offered beside painting
const LEAST_DPI = 100; // a coarser print shows its pixels

/** The slider's largest side up to the one that fits, or that one itself if it is smaller than all. */
function largestSide(most) {
  const sides = allowedSides().filter((side) => side <= most);
  return sides.length ? sides[sides.length - 1] : most;
}

function fitButton(side) {
  return el("button", {
    type: "button",
    class: "button small",
    id: "fit-size",
    text: `Use ${shownSize(side)}`,
    onclick: () => {
      store.set({ print: null, size: side });
      announce(`The size is ${shownSize(side)}.`);
      byId("panel").focus(); // this button disappears
    },
  });
}

/** A button that keeps the print and lowers its dots per inch until it fits; null if it would be too coarse. */
function dpiButton(largest) {
  const dpi = Math.floor((state.print.dpi * largest) / Math.max(...paintedSize()));
  if (dpi < LEAST_DPI) return null;
  return el("button", {
    type: "button",
    class: "button small",
    id: "fit-size",
    text: `Use ${dpi} DPI`,
    onclick: () => {
      setPrint(withDpi(state.print, dpi, state.content));
      announce(`The print has ${dpi} dots per inch.`);
      byId("panel").focus(); // this button disappears
    },
  });
}

function tooLarge({ value }) {
  if (isClip()) {
    const room = `${bytes(value.free_bytes)} are free.`;
    const advice = "Choose a smaller size, or a part of the clip.";
    return [
      `The clip needs about ${bytes(value.disk_bytes)} of disk; ${room}`,
      el("small", { text: advice }),
    ];
  }
  const free = value.available_bytes ? `; ${bytes(value.available_bytes)} are free` : "";
  const needs = `${size(paintedSize())} px needs ${bytes(value.memory_bytes)} of memory${free}.`;
  const { largest_size: largest } = value;
  if (largest)
    return [needs, (currentPrint() && dpiButton(largest)) || fitButton(largestSide(largest))];
  return [needs, el("small", { text: "Close other programs, or use fewer styles." })];
}

/** The memory of a painting, in words. */
function memoryNeeds({ memory_bytes: memory, tile }) {
  return `${bytes(memory)} of memory${tile ? ", painted in tiles" : ""}`;
}

/** What the painting of a clip needs, in words. */
function clipNeeds({ frames, disk_bytes: disk }) {
  return `${frames ? `${frames} frames, ` : ""}about ${bytes(disk)} of disk`;
}

/** Return {text, more, kind, blocked}: the line, and whether Paint is disabled. */
function status() {
  const { plan } = state;
  if (!state.content) return { text: "Choose a photo to start.", blocked: true };
  if (!hasStyle()) return { text: "Choose a style to start.", blocked: true };
  if (state.trained && !isClip())
    return { text: "Ready to save", more: "PNG with its settings inside" };
  if (plan.status === "ready")
    return {
      text: `About ${duration(plan.value.seconds)}`,
      more: isClip() ? clipNeeds(plan.value) : memoryNeeds(plan.value),
    };
  if (plan.status === "too-large") return { nodes: tooLarge(plan), kind: "warning", blocked: true };
  if (plan.status === "failed") {
    // Any other error may have passed when the order arrives.
    return { text: plan.message, kind: "error", blocked: plan.value.status === 422 };
  }
  return { text: plan.status === "estimating" ? "Estimating…" : "" };
}

function render() {
  const { text, more, nodes, kind = "", blocked = false } = status();
  line.replaceChildren(...(nodes ?? [text ?? "", more ? el("small", { text: more }) : ""]));
  line.dataset.kind = kind;
  line.setAttribute("aria-busy", String(state.plan.status === "estimating"));
  button.disabled = blocked || starting || !state.online;
  button.textContent = state.trained && !isClip() ? "Save picture" : "Paint";
  renderOnePass();
}

/** The other way to a large picture, with its time: one pass. */
function renderOnePass() {
  const seconds = state.plan.value?.one_pass_seconds;
  const isOffered = seconds && state.content && hasStyle() && !state.trained && !isClip();
  show(onePass, Boolean(isOffered) && Math.max(...paintedSize()) > LARGE_SIDE);
  onePass.disabled = starting || !state.online;
  if (!passing) onePass.textContent = `In one pass: about ${duration(seconds)}`;
}

/** Paint the full size in one pass; the button counts down. */
async function paintInOnePass() {
  const until = Date.now() + 1000 * state.plan.value.one_pass_seconds;
  const countDown = () => {
    const left = (until - Date.now()) / 1000;
    onePass.textContent = left > 1 ? `In one pass: ${duration(left)} left` : "Finishing…";
  };
  passing = setInterval(countDown, 1000);
  countDown();
  announce("Painting in one pass.");
  await run(saveOnePass);
  clearInterval(passing);
  passing = 0;
  render();
}

async function startJob(open) {
  const plan = await currentPlan();
  if (status().blocked) return; // the line says why
  const start = isClip() ? api.startClip : api.start;
  open({ ...(await start(orderOf())), expected: plan.value?.seconds ?? null });
}

/** Do something once the masks are uploaded; both buttons wait for it. */
async function run(task) {
  starting = true;
  render();
  try {
    await masksReady();
    await task();
  } catch (error) {
    complain(error);
  } finally {
    starting = false;
    render();
  }
}

/** Set up the button; `open(job)` shows a job that was just started. */
export function startPaintButton(open) {
  button.addEventListener("click", () =>
    run(state.trained && !isClip() ? saveOnePass : () => startJob(open)),
  );
  onePass.addEventListener("click", paintInOnePass);
  store.on(["content", "styles", "trained", "size", "print", "plan", "online"], render);
  render();
}
