// What the state holds, and which part of it is the draft: the picture being thought of, not yet painted.
import { createStore } from "./store.js";

export const MOST_STYLES = 4;
export const MOST_ONE_PASS = 4096; // longest side that a network paints in one pass
export const LOOK = { strength: 0.5, stroke: 1, colors: 0 };

/** An empty mask: a picture or nothing below, strokes above it, and those that were undone. */
export function emptyLayer() {
  return { base: null, strokes: [], undone: [] };
}

/** A draft with nothing in it. */
export function emptyDraft() {
  return {
    content: null, // {id, width, height, name}
    styles: [], // the same
    trained: null, // or {name, title, credit, thumb}: a network of its own, which paints in one pass
    look: { ...LOOK },
    mix: [], // one weight a style, adding up to 1
    preset: "impasto",
    size: 512,
    quality: "normal",
    seed: 0,
    extra: {}, // fields of the recipe that the form for all settings changed
    masks: [], // one layer a style
    protect: emptyLayer(),
    kept: {}, // guides of a replayed recipe that the page cannot draw (words, colour maps)
  };
}

export const DRAFT_KEYS = Object.keys(emptyDraft());
// What changes the picture that the one-pass network shows.
export const PREVIEW_KEYS = [
  "content",
  "styles",
  "trained",
  "look",
  "mix",
  "masks",
  "protect",
  "kept",
];

export const store = createStore({
  ...emptyDraft(),
  info: null,
  online: true,
  job: null, // the job on the stage
  losses: [], // its curve, [step, loss]
  room: "studio",
  brushing: false,
  maskIds: { masks: null, protect: null }, // the layers as uploaded
  masksBusy: false, // and whether they lag behind what is drawn
  fast: null, // {url, seconds}: the last answer of the one-pass network
  trouble: "", // why there is no preview or plan, in the server's own sentence
});

/** The draft alone, as it is stored and compared. */
export function draftOf(state) {
  return Object.fromEntries(DRAFT_KEYS.map((key) => [key, state[key]]));
}

export const ACTIVE = new Set(["queued", "running", "paused"]);

/** Whether the job on the stage is not over yet. */
export function isActive(job) {
  return Boolean(job) && ACTIVE.has(job.state);
}
