// Everything that changes the draft, and the draft as the server wants it.
import { known } from "./persist.js";
import { emptyDraft, emptyLayer, LOOK, MOST_ONE_PASS, MOST_STYLES, store } from "./state.js";
import { even, normalise, withOneMore, without } from "./weights.js";

const { state } = store;
// Fields with a control of their own; all others belong to the form of all settings.
export const OWN_FIELDS = [
  "strength",
  "stroke",
  "colors",
  "mix",
  "preset",
  "size",
  "quality",
  "seed",
];
// What no form in a browser can mean: files of the server's disk, and which machine it is.
export const NOT_OURS = ["weights", "device", "start_picture"];

/** Take a photograph; masks were drawn on the old one and go with it. */
export function setContent(picture) {
  known.remember(picture);
  if (state.content?.id === picture.id) return;
  store.set({
    content: picture,
    protect: emptyLayer(),
    masks: state.styles.map(emptyLayer),
    kept: {},
    brushing: false,
  });
}

/** Add a style, or replace the one at `index`. */
export function addStyle(picture, index = -1) {
  known.remember(picture);
  store.set({ trained: null });
  if (index >= 0) {
    store.set({ styles: state.styles.map((style, i) => (i === index ? picture : style)) });
  } else if (state.styles.length < mostStyles()) {
    store.set({
      styles: [...state.styles, picture],
      mix: withOneMore(state.mix),
      masks: [...state.masks, emptyLayer()],
      kept: {},
    });
  }
}

/** Take a trained style in place of all others; null gives it back. Its strength ends at 1, its size sooner. */
export function setTrained(trained) {
  const look = { ...state.look, strength: Math.min(1, state.look.strength) };
  store.set({
    trained,
    styles: [],
    mix: [],
    masks: [],
    kept: {},
    look,
    size: Math.min(MOST_ONE_PASS, state.size),
  });
}

/** Whether there is something to paint with. */
export const hasStyle = () => Boolean(state.trained) || state.styles.length > 0;

/** What the one-pass network is asked for, but its size. */
export function toOnePass() {
  const { masks, protect } = state.maskIds;
  const own = state.trained
    ? { trained: state.trained.name }
    : {
        styles: state.styles.map((style) => style.id),
        mix: state.styles.length > 1 ? state.mix : null,
        masks: masks ?? state.kept.masks ?? null,
      };
  return {
    content: state.content.id,
    ...own,
    ...state.look,
    protect: protect ?? state.kept.protect ?? null,
  };
}

/** How many styles a picture may have here. */
export function mostStyles() {
  return Math.min(MOST_STYLES, state.info?.limits?.styles ?? MOST_STYLES);
}

/** Take a style away. */
export function removeStyle(index) {
  store.set({
    styles: state.styles.filter((_, i) => i !== index),
    mix: without(state.mix, index),
    masks: state.masks.filter((_, i) => i !== index),
    kept: {},
  });
}

/** Forget the whole draft. */
export function clearDraft() {
  store.set({ ...emptyDraft(), brushing: false, fast: null, job: null });
}

/** What /api/plan and /api/jobs take; masks must have been uploaded. */
export function toRequest() {
  const { look, preset, size, quality, seed, extra, maskIds } = state;
  const recipe = { preset, size, quality, seed, ...look, ...extra };
  if (state.styles.length > 1) recipe.mix = state.mix;
  const guides = { ...state.kept };
  if (maskIds.masks) guides.masks = maskIds.masks;
  if (maskIds.protect) guides.protect = maskIds.protect;
  return {
    content: state.content?.id ?? null,
    styles: state.styles.map((style) => style.id),
    recipe,
    guides,
  };
}

/** The file name of a painting of the present photograph. */
export function paintingName(suffix) {
  const stem = (state.content?.name ?? "painting")
    .replace(/\.[^.]+$/, "")
    .replace(/[^\p{L}\p{N} _-]/gu, "");
  return `${stem || "painting"}-impasto.${suffix}`;
}

function differs(a, b) {
  return JSON.stringify(a ?? null) !== JSON.stringify(b ?? null);
}

/** The value a field has when nobody touches it. */
export function usual(field, preset = state.preset) {
  const fields = state.info?.preset_fields?.[preset];
  return fields && field in fields
    ? fields[field]
    : state.info?.recipe_schema?.properties?.[field]?.default;
}

function extraOf(recipe) {
  const extra = {};
  for (const [field, value] of Object.entries(recipe)) {
    if (OWN_FIELDS.includes(field) || NOT_OURS.includes(field)) continue;
    if (differs(value, usual(field, recipe.preset))) extra[field] = value;
  }
  return extra;
}

/** Split a recipe's guides into layers that can be brushed and those only carried along. */
function layersOf(guides, count) {
  const drawable = (id) => typeof id === "string" && /^[0-9a-f]{8,}$/.test(id);
  const masks = Array.from({ length: count }, emptyLayer);
  const kept = Object.fromEntries(
    Object.entries(guides ?? {}).filter(([, value]) => value && value.length !== 0),
  );
  if (Array.isArray(kept.masks) && kept.masks.every(drawable)) {
    kept.masks.forEach((id, i) => {
      if (masks[i]) masks[i] = { ...emptyLayer(), base: id };
    });
    delete kept.masks;
  }
  let protect = emptyLayer();
  if (drawable(kept.protect)) {
    protect = { ...protect, base: kept.protect };
    delete kept.protect;
  }
  return { masks, protect, kept };
}

/** Make a job or a replayed picture the draft. `content` and `styles` are pictures, null where they are lost. */
export function loadDraft({ recipe, guides, trained }, content, styles) {
  const present = styles.filter(Boolean);
  const n = present.length;
  let mix = recipe.mix ?? even(n);
  if (mix.length === 1 && n === 2) mix = [mix[0], 1 - mix[0]];
  const look = Object.fromEntries(Object.keys(LOOK).map((key) => [key, recipe[key] ?? LOOK[key]]));
  const fresh = emptyDraft();
  store.set({
    ...fresh,
    content,
    styles: present,
    trained: state.info?.trained_styles?.find((style) => style.name === trained) ?? null,
    look,
    mix: mix.length === n ? normalise(mix) : even(n),
    preset: recipe.preset ?? fresh.preset,
    size: recipe.size ?? fresh.size,
    quality: recipe.quality ?? fresh.quality,
    seed: recipe.seed ?? 0,
    extra: extraOf(recipe),
    ...layersOf(content ? guides : {}, n),
    brushing: false,
    fast: null, // it showed other pictures
  });
}
