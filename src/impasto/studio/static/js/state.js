// The page's state. The draft is the part that describes the next painting.
import { createStore } from "./store.js";

export const MAX_STYLES = 4;
export const MAX_ONE_PASS_SIDE = 4096; // longest side of a picture painted in one pass
export const LOOK = { strength: 0.5, stroke: 1, colors: 0 };

// How a clip is painted; the fields are those of the API's ClipSettings.
export const CLIP = {
  method: "fast",
  network: "any-live",
  roughness: 0,
  loop: false,
  keyframes: null,
  start: 0,
  stop: null,
  format: "mp4",
};

/** An empty mask layer: a base picture or null, and strokes. */
export function emptyLayer() {
  return { base: null, strokes: [] };
}

/** An empty draft. */
export function emptyDraft() {
  return {
    content: null, // {id, width, height, name}, and of a clip also {clip: {seconds, fps, ...}}
    styles: [], // of the same form
    trained: null, // or {name, title, credit, thumb}: an instant style
    look: { ...LOOK },
    clip: { ...CLIP },
    mix: [], // one weight per style, with a sum of 1
    preset: "impasto",
    size: 512, // pixels of the longer side; with a print, what that comes to
    print: null, // or {size, dpi, framing}: a size in print, see print_sizes.js
    quality: "normal",
    seed: 0,
    extra: {}, // recipe fields changed in the form of all settings
    masks: [], // one layer per style
    protect: emptyLayer(),
    otherGuides: {}, // guides of a replayed recipe that the brush cannot edit (words, colour maps)
  };
}

export const DRAFT_KEYS = Object.keys(emptyDraft());
// Keys that change the one-pass preview.
export const PREVIEW_KEYS = [
  "content",
  "styles",
  "trained",
  "look",
  "mix",
  "masks",
  "protect",
  "otherGuides",
  "at",
  "clip",
];

export const store = createStore({
  ...emptyDraft(),
  info: null,
  online: true,
  job: null, // the job that is shown
  losses: [], // of that job, [step, loss]
  room: "studio",
  brushing: false,
  at: 0, // second of the frame that is previewed, where the content is a clip
  clipUpload: null, // or {name, share, cancel()}
  maskIds: { masks: null, protect: null }, // ids of the uploaded layers
  masksBusy: false, // whether the uploaded layers are outdated
  fast: null, // {url, seconds, size, content}: the latest one-pass preview
  trouble: "", // the server's message if there is no preview
  steps: { undo: "", redo: "" }, // what the buttons would undo and redo; see history.js
  plan: { status: "none", key: "", value: null, message: "" }, // see estimate.js
});

/** Return only the draft, which is stored and compared. */
export function draftOf(state) {
  return Object.fromEntries(DRAFT_KEYS.map((key) => [key, state[key]]));
}

const ACTIVE = new Set(["queued", "running", "paused"]);

/** Whether a job is unfinished. */
export function isActive(job) {
  return Boolean(job) && ACTIVE.has(job.state);
}
