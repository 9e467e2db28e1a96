// Changes of the draft, and requests made from it.
import { known } from "./persist.js";
import { DEFAULT_DPI, parsePrint, printPixels } from "./print_sizes.js";
import { extraOf, PRINT_FIELDS } from "./recipe_defaults.js";
import { currentPrint, DEFAULT_SIDE, nearestSide, ownSide } from "./sizes.js";
import {
  CLIP,
  emptyDraft,
  emptyLayer,
  LOOK,
  MAX_ONE_PASS_SIDE,
  MAX_STYLES,
  store,
} from "./state.js";
import { even, normalise, withNewWeight, without } from "./weights.js";

const { state } = store;
/** Set the photo; masks of the old photo are removed. */
export function setContent(picture) {
  known.remember(picture);
  if (state.content?.id === picture.id) return;
  store.set({
    content: picture,
    at: 0,
    clip: { ...state.clip, start: CLIP.start, stop: CLIP.stop }, // a part fits only its own clip
    protect: emptyLayer(),
    masks: state.styles.map(emptyLayer),
    otherGuides: {},
    brushing: false,
  });
}

/** Add a style, or replace the one at `index`. */
export function addStyle(picture, index = -1) {
  known.remember(picture);
  store.set({ trained: null });
  if (index >= 0) {
    store.set({ styles: state.styles.map((style, i) => (i === index ? picture : style)) });
  } else if (state.styles.length < maxStyles()) {
    store.set({
      styles: [...state.styles, picture],
      mix: withNewWeight(state.mix),
      masks: [...state.masks, emptyLayer()],
      otherGuides: {},
    });
  }
}

/** Use this style alone. */
export function useStyle(picture) {
  known.remember(picture);
  store.set({ trained: null, styles: [picture], mix: [1], masks: [emptyLayer()], otherGuides: {} });
}

/** Ranges of instant styles that differ from those of paintings. */
export const ONE_PASS = { stroke: { min: 0.5, max: 1.5 } };

/** Return a stroke within the range of instant styles. */
export function instantStroke(stroke) {
  const { min, max } = ONE_PASS.stroke;
  return Math.min(max, Math.max(min, stroke));
}

/** Use an instant style instead of all other styles; null removes it. The size has a lower limit. */
export function setTrained(trained) {
  store.set({
    trained,
    styles: [],
    mix: [],
    masks: [],
    otherGuides: {},
    size: Math.min(MAX_ONE_PASS_SIDE, state.size),
  });
}

/** Whether any style is set. */
export const hasStyle = () => Boolean(state.trained) || state.styles.length > 0;

/** The styles that are painted, with weights and masks: one whose area the other masks cover is left out. */
function paintedStyles(masks = state.maskIds.masks) {
  const isPainted = (_, i) => !masks || Boolean(masks[i]);
  return {
    styles: state.styles.filter(isPainted).map((style) => style.id),
    mix: normalise(state.mix.filter(isPainted)),
    masks: masks?.filter(isPainted),
    isPainted,
  };
}

/** The request to the one-pass network, without the size; `content` is a photograph, or the clip of the draft. */
export function onePassRequest(content = state.content) {
  const { protect } = state.maskIds;
  const { styles, mix, masks } = paintedStyles();
  const styleFields = state.trained
    ? { trained: state.trained.name }
    : {
        styles,
        mix: styles.length > 1 ? mix : null,
        masks: masks ?? state.otherGuides.masks ?? null,
      };
  const look = { ...state.look };
  if (state.trained) look.stroke = instantStroke(look.stroke);
  return {
    content: content.id,
    ...(content.clip && { at: state.at }),
    // The quick preview of a clip is painted by the network that paints the clip.
    ...(content.clip && !state.trained && { network: state.clip.network }),
    ...styleFields,
    ...look,
    protect: protect ?? state.otherGuides.protect ?? null,
  };
}

/** The largest number of styles. */
export function maxStyles() {
  return Math.min(MAX_STYLES, state.info?.limits?.styles ?? MAX_STYLES);
}

/** Remove a style. */
export function removeStyle(index) {
  store.set({
    styles: state.styles.filter((_, i) => i !== index),
    mix: without(state.mix, index),
    masks: state.masks.filter((_, i) => i !== index),
    otherGuides: {},
  });
}

/** Remove the photo and its masks; styles and look stay. */
export function removeContent() {
  store.set({
    content: null,
    protect: emptyLayer(),
    masks: state.styles.map(emptyLayer),
    otherGuides: {},
    brushing: false,
  });
}

/** The request to /api/plan and /api/jobs; masks must have been uploaded. */
export function jobRequest(maskIds = state.maskIds) {
  const { look, preset, size, quality, seed, extra } = state;
  const recipe = { preset, size, quality, seed, ...look, ...extra, ...currentPrint() };
  const { styles, mix, masks, isPainted } = paintedStyles(maskIds.masks);
  if (styles.length > 1) recipe.mix = mix;
  const guides = { ...state.otherGuides };
  if (masks) {
    guides.masks = masks;
    if (guides.style_masks) guides.style_masks = guides.style_masks.filter(isPainted);
    delete guides.regions; // masks replace colour maps
    delete guides.style_regions;
  }
  if (maskIds.protect) guides.protect = maskIds.protect;
  return {
    content: state.content?.id ?? null,
    styles,
    recipe,
    guides,
  };
}

/** Split a recipe's guides into layers that can be brushed and other guides, which are only passed on. */
function layersOf(guides, count) {
  const drawable = (id) => typeof id === "string" && /^[0-9a-f]{8,}$/.test(id);
  const masks = Array.from({ length: count }, emptyLayer);
  const otherGuides = Object.fromEntries(
    Object.entries(guides ?? {}).filter(([, value]) => value && value.length !== 0),
  );
  if (Array.isArray(otherGuides.masks) && otherGuides.masks.every(drawable)) {
    otherGuides.masks.forEach((id, i) => {
      if (masks[i]) masks[i] = { ...emptyLayer(), base: id };
    });
    delete otherGuides.masks;
  }
  let protect = emptyLayer();
  if (drawable(otherGuides.protect)) {
    protect = { ...protect, base: otherGuides.protect };
    delete otherGuides.protect;
  }
  return { masks, protect, otherGuides };
}

/** Return size and print of a recipe. */
function sizeOf({ size, dpi, framing }, content) {
  if (typeof size === "string" && parsePrint(size)) {
    const print = { size, dpi: dpi ?? DEFAULT_DPI, framing: framing ?? "crop" };
    return { print, size: Math.max(...printPixels(print, content)) };
  }
  return { print: null, size: typeof size === "number" ? size : ownSide(content) };
}

/** Use a size in print ({size, dpi, framing}), or with null one in pixels again. */
export function setPrint(print) {
  const size = print
    ? Math.max(...printPixels(print, state.content))
    : nearestSide(state.print ? state.size : DEFAULT_SIDE);
  store.set({ print, size, extra: withoutPrint(state.extra) });
}

/** Return settings without those that a size in print sets. */
function withoutPrint(settings) {
  return Object.fromEntries(
    Object.entries(settings).filter(([name]) => !PRINT_FIELDS.includes(name) && name !== "canvas"),
  );
}

/** The fields of size in a request for one pass. */
export const onePassSize = () => currentPrint() ?? { size: state.size };

/** Load a job or a replayed picture into the draft. Pictures that no longer exist are null. */
export function loadDraft({ recipe, guides, trained, clip }, content, styles) {
  const present = styles.filter(Boolean);
  const n = present.length;
  // What belongs to a style that no longer exists goes with it.
  const isPresent = (_, i) => Boolean(styles[i]);
  let mix = recipe.mix ?? even(styles.length);
  if (mix.length === 1 && styles.length === 2) mix = [mix[0], 1 - mix[0]];
  mix = mix.filter(isPresent);
  const ownGuides = { ...guides };
  for (const name of ["masks", "style_masks"])
    if (Array.isArray(ownGuides[name])) ownGuides[name] = ownGuides[name].filter(isPresent);
  const look = Object.fromEntries(Object.keys(LOOK).map((key) => [key, recipe[key] ?? LOOK[key]]));
  const fresh = emptyDraft();
  const { print, size } = sizeOf(recipe, content);
  const extra = extraOf(recipe);
  store.set({
    ...fresh,
    content,
    styles: present,
    trained: state.info?.trained_styles?.find((style) => style.name === trained) ?? null,
    look,
    clip: { ...fresh.clip, ...clip },
    at: clip?.start ?? 0,
    mix: mix.length === n ? normalise(mix) : even(n),
    preset: recipe.preset ?? fresh.preset,
    print,
    size,
    quality: recipe.quality ?? fresh.quality,
    seed: recipe.seed ?? 0,
    extra: print ? withoutPrint(extra) : extra,
    ...layersOf(content ? ownGuides : {}, n),
    brushing: false,
    fast: null, // the preview showed other pictures
  });
}
