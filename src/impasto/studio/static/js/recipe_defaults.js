// Default values of recipe fields: those of the preset, adapted to the quality and the start.
import { store } from "./state.js";

const { state } = store;
// Fields with their own controls; all others are in the form of the settings.
export const CONTROL_FIELDS = [
  "strength",
  "stroke",
  "colors",
  "mix",
  "preset",
  "size",
  "quality",
  "seed",
];
// Fields with controls beside a size in print; a recipe in pixels may have them too.
export const PRINT_FIELDS = ["dpi", "framing"];
// Fields that a browser cannot set: files and the device of the server.
export const SERVER_FIELDS = ["weights", "device", "start_picture"];

/** Return all default fields for `chosen`, with `preset`, `quality` and `start`. */
function defaultsOf({ preset, quality, start }) {
  const fields = { ...state.info?.preset_fields?.[preset] };
  const values = { quality, start: start ?? fields.start };
  for (const variant of state.info?.preset_variants?.[preset] ?? []) {
    const applies = Object.entries(variant.when).every(([name, value]) => values[name] === value);
    if (applies) Object.assign(fields, variant.fields);
  }
  return fields;
}

const chosenInDraft = () => ({
  preset: state.preset,
  quality: state.quality,
  start: state.extra.start,
});

/** Return a field's default value in the draft, or in another recipe. */
export function defaultValue(field, recipe = chosenInDraft()) {
  // The default start itself does not depend on the start that was chosen.
  const fields = defaultsOf(field === "start" ? { ...recipe, start: undefined } : recipe);
  return field in fields ? fields[field] : state.info?.recipe_schema?.properties?.[field]?.default;
}

const differs = (a, b) => JSON.stringify(a ?? null) !== JSON.stringify(b ?? null);

/** Return the fields of a recipe that have no control of their own and differ from its defaults. */
export function extraOf(recipe) {
  const extra = {};
  for (const [field, value] of Object.entries(recipe)) {
    if (CONTROL_FIELDS.includes(field) || SERVER_FIELDS.includes(field)) continue;
    if (differs(value, defaultValue(field, recipe))) extra[field] = value;
  }
  return extra;
}
