// The Paint button, and the line beside it: what a painting would need, or why it cannot start.
import { announce, complain } from "./a11y.js";
import { api } from "./api.js";
import { isClip } from "./clip.js";
import { byId, el } from "./dom.js";
import { hasStyle } from "./draft.js";
import { currentPlan, orderOf } from "./estimate.js";
import { bytes, duration, size } from "./format.js";
import { saveOnePass } from "./keep.js";
import { masksReady } from "./mask_upload.js";
import { allowedSides, outputSize } from "./sizes.js";
import { store } from "./state.js";

const { state } = store;
const line = byId("estimate");
const button = byId("paint");
let starting = false;

const shownSize = (side) => `${size(outputSize(state.content, side))} px`;

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
      store.set({ size: side });
      announce(`The size is ${shownSize(side)}.`);
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
  const needs = `${shownSize(state.size)} needs ${bytes(value.memory_bytes)} of memory${free}.`;
  if (value.largest_size) return [needs, fitButton(largestSide(value.largest_size))];
  return [needs, el("small", { text: "Close other programs, or use fewer styles." })];
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
      more: isClip() ? clipNeeds(plan.value) : `${bytes(plan.value.memory_bytes)} of memory`,
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
}

async function startJob(open) {
  const plan = await currentPlan();
  if (status().blocked) return; // the line says why
  const start = isClip() ? api.startClip : api.start;
  open({ ...(await start(orderOf())), expected: plan.value?.seconds ?? null });
}

async function paint(open) {
  starting = true;
  render();
  try {
    await masksReady();
    await (state.trained && !isClip() ? saveOnePass() : startJob(open));
  } catch (error) {
    complain(error);
  } finally {
    starting = false;
    render();
  }
}

/** Set up the button; `open(job)` shows a job that was just started. */
export function startPaintButton(open) {
  button.addEventListener("click", () => paint(open));
  store.on(["content", "styles", "trained", "size", "plan", "online"], render);
  render();
}
