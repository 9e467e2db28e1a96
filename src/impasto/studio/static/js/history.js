// Undo and redo: one history of drafts. No value of a draft changes in place, so a step is the draft before it.
import { announce } from "./a11y.js";
import { byId, debounce } from "./dom.js";
import { loadHistory, saveHistory } from "./history_store.js";
import { leaveJob } from "./job.js";
import { DRAFT_KEYS, draftOf, store } from "./state.js";

const { state } = store;
const MAX_STEPS = 60;
const PAUSE_MS = 1000; // a longer pause between two values of one slider starts another step
const DRAWN = new Set(["masks", "protect"]); // large values, which are compared by identity
// What a step changed, in the order in which the first one names it.
const WORDS = {
  content: "photo",
  trained: "style",
  styles: "styles",
  masks: "mask",
  protect: "mask",
  preset: "preset",
  extra: "settings",
  print: "print size",
  size: "size",
  quality: "quality",
  clip: "clip settings",
  seed: "seed",
  mix: "mix",
  look: "look",
  otherGuides: "guides",
};
const LOOK_WORDS = { strength: "strength", stroke: "stroke", colors: "colour" };
const SLIDING = new Set([...Object.values(LOOK_WORDS), "mix", "size"]);

let past = []; // steps {draft, what}
let future = [];
let current = null; // the draft now
let last = { what: "", time: 0, gesture: 0 };
let gesture = 0; // counts presses of the pointer
let isPressed = false;

const isSame = (key, a, b) =>
  Object.is(a, b) || (!DRAWN.has(key) && JSON.stringify(a) === JSON.stringify(b));

function changesOf(before, after) {
  return DRAFT_KEYS.filter((key) => !isSame(key, before[key], after[key]));
}

function wordFor(keys, before, after) {
  const first = Object.keys(WORDS).find((key) => keys.includes(key));
  if (first !== "look") return WORDS[first];
  const fields = Object.keys(after.look).filter((name) => after.look[name] !== before.look[name]);
  return fields.length === 1 ? LOOK_WORDS[fields[0]] : WORDS.look;
}

/** Whether a change continues the last step: one slider, in one press or without a pause. */
function isContinued(what, now) {
  if (!SLIDING.has(what) || what !== last.what || !past.length) return false;
  return (isPressed && gesture === last.gesture) || now - last.time < PAUSE_MS;
}

function showSteps() {
  const wordOf = (steps) => steps[steps.length - 1]?.what ?? "";
  store.set({ steps: { undo: wordOf(past), redo: wordOf(future) } });
}

function record() {
  const draft = draftOf(state);
  const keys = changesOf(current, draft);
  if (keys.length) {
    const what = wordFor(keys, current, draft);
    const now = performance.now();
    if (!isContinued(what, now)) past = [...past.slice(1 - MAX_STEPS), { draft: current, what }];
    future = [];
    last = { what, time: now, gesture };
  }
  current = draft;
  showSteps();
}

function restore(draft) {
  const keys = changesOf(current, draft);
  // A job goes on in the background if the draft is about other pictures now.
  if (state.job && ["content", "styles", "trained"].some((key) => keys.includes(key))) leaveJob();
  current = draft;
  last = { what: "", time: 0, gesture };
  store.set({ ...draft, brushing: state.brushing && !keys.includes("content"), trouble: "" });
}

function step(from, to, verb) {
  const { draft, what } = from.pop();
  to.push({ draft: current, what });
  restore(draft);
  showSteps();
  announce(`${verb}: ${what}.`);
}

/** Undo the last step, if there is one. */
export function undo() {
  if (past.length) step(past, future, "Undone");
}

/** Redo the step that was undone last. */
export function redo() {
  if (future.length) step(future, past, "Redone");
}

function shortcut(event) {
  const key = event.key.toLowerCase();
  if (!(event.ctrlKey || event.metaKey) || (key !== "z" && key !== "y")) return;
  // Text fields have their own undo.
  const isText = event.target.matches(
    "input:not([type=range], [type=radio], [type=checkbox]), textarea",
  );
  if (isText || state.room !== "studio" || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  if (event.shiftKey || key === "y") redo();
  else undo();
}

function startButtons() {
  const buttons = [
    ["undo", "Undo", undo, "Ctrl+Z"],
    ["redo", "Redo", redo, "Ctrl+Shift+Z"],
  ];
  for (const [id, label, run, keys] of buttons) {
    const button = byId(id);
    button.addEventListener("click", run);
    const render = () => {
      const what = state.steps[id];
      // aria-disabled, not disabled: the last undo must not take the focus away.
      button.setAttribute("aria-disabled", String(!what));
      button.title = what ? `${label}: ${what} (${keys})` : `Nothing to ${id}`;
    };
    store.on(["steps"], render);
    render();
  }
}

/** Follow the draft from now on; the steps of this tab before a reload are kept. */
export function startHistory() {
  current = draftOf(state);
  const saved = loadHistory(current);
  if (saved) ({ past, future } = saved);
  const press = (pressed) => () => {
    isPressed = pressed;
    if (pressed) gesture += 1;
  };
  addEventListener("pointerdown", press(true), true);
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, press(false), true);
  addEventListener("keydown", shortcut);
  store.on(DRAFT_KEYS, record);
  const save = () => saveHistory({ past, future, current });
  store.on(["steps"], debounce(save, 500));
  addEventListener("pagehide", save);
  showSteps();
  startButtons();
}
