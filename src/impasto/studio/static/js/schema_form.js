// The forms of more and of expert settings, built from the JSON schema of recipes.
import { byId, el, iconButton, show } from "./dom.js";
import { CONTROL_FIELDS, defaultValue, PRINT_FIELDS, SERVER_FIELDS } from "./recipe_defaults.js";
import { fieldOf, fromText, labelOf, toText } from "./schema_fields.js";
import { seedRow } from "./seed.js";
import { store } from "./state.js";

const { state } = store;
// The second of three tiers: strength, stroke, colour, size and quality are always open, all others are for experts.
export const MORE_FIELDS = [
  "steps",
  "start",
  "balance",
  "color_method",
  "layout",
  "variation_weight",
];
let refreshers = [];

function put(name, value) {
  const extra = { ...state.extra };
  const isDefault =
    JSON.stringify(value) === JSON.stringify(defaultValue(name) ?? null) ||
    value === toText(defaultValue(name)).replaceAll(" ", "");
  if (value === undefined || isDefault) delete extra[name];
  else extra[name] = value;
  store.set({ extra });
}

function current(name) {
  return name in state.extra ? state.extra[name] : (defaultValue(name) ?? null);
}

function choiceInput(name, field, id) {
  const blank = field.optional ? [el("option", { value: "", text: "automatic" })] : [];
  const input = el(
    "select",
    { id },
    ...blank,
    ...field.choices
      .filter((choice) => name !== "start" || choice !== "picture") // files cannot be chosen here
      .map((choice) => el("option", { value: String(choice), text: String(choice) })),
  );
  input.addEventListener("change", () => put(name, input.value === "" ? null : input.value));
  return [
    input,
    () => {
      input.value = current(name) ?? "";
    },
  ];
}

function flagInput(name, _field, id) {
  const input = el("input", { type: "checkbox", id, class: "switch" });
  input.addEventListener("change", () => put(name, input.checked));
  return [
    input,
    () => {
      input.checked = Boolean(current(name));
    },
  ];
}

function textInput(name, field, id) {
  const numeric = field.kind === "number";
  const input = el("input", {
    id,
    type: numeric ? "number" : "text",
    step: numeric ? "any" : undefined,
    min: field.minimum?.toString(),
    max: field.maximum?.toString(),
    placeholder: field.optional ? "automatic" : undefined,
    spellcheck: "false",
    autocomplete: "off",
  });
  input.addEventListener("change", () => {
    const value = fromText(input.value, field);
    put(name, value === null && !field.optional ? undefined : value);
    refresh();
  });
  return [
    input,
    () => {
      if (document.activeElement !== input) input.value = toText(current(name));
    },
  ];
}

function row(name, schema, root) {
  const field = fieldOf(schema, root);
  const id = `field-${name}`;
  const make = { choice: choiceInput, flag: flagInput }[field.kind] ?? textInput;
  const [input, update] = make(name, field, id);
  input.setAttribute("aria-describedby", `${id}-about`);
  const reset = iconButton("reset", `${labelOf(name)}: reset to default`, () => {
    put(name, undefined);
    input.focus();
  });
  const node = el(
    "div",
    { class: "field", data: { kind: field.kind } },
    el("label", { for: id, text: labelOf(name) }),
    el("span", { class: "field-input" }, reset, input),
    el("p", { class: "field-about", id: `${id}-about`, text: field.description }),
  );
  refreshers.push(() => {
    update();
    const changed = name in state.extra;
    node.classList.toggle("is-changed", changed);
    reset.classList.toggle("invisible", !changed);
  });
  return node;
}

function presetRow(presets) {
  const input = el(
    "select",
    { id: "field-preset" },
    ...Object.keys(presets).map((name) => el("option", { value: name, text: name })),
  );
  const about = el("p", { class: "field-about", id: "field-preset-about" });
  input.setAttribute("aria-describedby", about.id);
  input.addEventListener("change", () => store.set({ preset: input.value, extra: {} }));
  refreshers.push(() => {
    input.value = state.preset;
    about.textContent = presets[state.preset] ?? "";
  });
  return el(
    "div",
    { class: "field" },
    el("label", { for: "field-preset", text: "Preset" }),
    el("span", { class: "field-input" }, input),
    about,
  );
}

function shownFields(schema) {
  const elsewhere = [...CONTROL_FIELDS, ...PRINT_FIELDS, ...SERVER_FIELDS];
  return (name) => !elsewhere.includes(name) && name in schema.properties;
}

/** Return [title, names] of the groups of expert settings. */
function panelsOf(schema) {
  const named = Object.values(schema.panels ?? {}).flat();
  const others = Object.keys(schema.properties).filter((name) => !named.includes(name));
  const isShown = shownFields(schema);
  return [...Object.entries(schema.panels ?? {}), ["Other settings", others]]
    .map(([title, names]) => [
      title,
      names.filter((name) => isShown(name) && !MORE_FIELDS.includes(name)),
    ])
    .filter(([, names]) => names.length);
}

const changedIn = (tier) => Object.keys(state.extra).filter(tier).length;
const isMore = (name) => MORE_FIELDS.includes(name);
const isExpert = (name) => !isMore(name);

function resetButton(tier) {
  const button = el("button", {
    type: "button",
    class: "button small",
    text: "Reset these settings",
    onclick: () => {
      const rest = Object.entries(state.extra).filter(([name]) => !tier(name));
      store.set({ extra: Object.fromEntries(rest) });
    },
  });
  refreshers.push(() => {
    button.disabled = !changedIn(tier);
  });
  return button;
}

function build() {
  const { recipe_schema: schema, presets } = state.info;
  refreshers = [];
  const rows = (names) => names.map((name) => row(name, schema.properties[name], schema));
  const panels = panelsOf(schema).map(([title, names]) =>
    el("fieldset", { class: "fields" }, el("legend", { text: title }), ...rows(names)),
  );
  byId("more-form").replaceChildren(
    seedRow(),
    ...rows(MORE_FIELDS.filter(shownFields(schema))),
    resetButton(isMore),
  );
  byId("schema-form").replaceChildren(presetRow(presets ?? {}), ...panels, resetButton(isExpert));
  refresh();
}

function refresh() {
  for (const refresher of refreshers) refresher();
  for (const [id, tier] of [
    ["more-changed", isMore],
    ["advanced-changed", isExpert],
  ]) {
    const count = changedIn(tier);
    byId(id).textContent = count ? `${count} changed` : "";
  }
}

/** Build the forms once the schema has been loaded. */
export function startSchemaForm() {
  const groups = [byId("more"), byId("advanced")];
  for (const group of groups) show(group, false);
  let built = false;
  store.on(["info"], () => {
    if (!state.info?.recipe_schema || built) return;
    built = true;
    for (const group of groups) show(group, !state.trained);
    build();
  });
  store.on(["extra", "preset", "quality"], refresh);
}
