// Fields of a JSON schema: their kind, and conversion between values and text.

/** Return a schema without `null` and references: {kind, choices?, minimum?, maximum?, optional, description}. */
export function fieldOf(schema, root) {
  const options = (schema.anyOf ?? [schema]).map((option) => resolve(option, root));
  const real = options.filter((option) => option.type !== "null");
  const main = real[0] ?? {};
  const choices = real.flatMap(
    (option) => option.enum ?? (option.const !== undefined ? [option.const] : []),
  );
  return {
    kind: choices.length
      ? "choice"
      : ({ boolean: "flag", integer: "number", number: "number", array: "list", object: "map" }[
          main.type
        ] ?? "text"),
    choices,
    whole: main.type === "integer",
    minimum: main.minimum ?? main.exclusiveMinimum,
    maximum: main.maximum ?? main.exclusiveMaximum,
    optional: options.length > real.length,
    description: schema.description ?? main.description ?? "",
  };
}

function resolve(schema, root) {
  if (!schema.$ref) return schema;
  return schema.$ref
    .split("/")
    .slice(1)
    .reduce((node, key) => node[key], root);
}

/** Return a value as one line of text: layers as "relu1_1:1, relu2_1:0.5", scales as "128:200, 256:100". */
export function toText(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value))
    return value.map((item) => (Array.isArray(item) ? item.join(":") : item)).join(", ");
  if (typeof value === "object")
    return Object.entries(value)
      .map(([key, item]) => `${key}:${item}`)
      .join(", ");
  return String(value);
}

/** Return the value of a text. Pairs stay text, which the server parses and validates. */
export function fromText(text, field) {
  const trimmed = text.trim();
  if (!trimmed) return null;
  if (field.kind === "number") return field.whole ? Math.round(Number(trimmed)) : Number(trimmed);
  if (field.kind === "list" && !trimmed.includes(":")) {
    const parts = trimmed.split(/[\s,]+/).map(Number);
    return parts.every(Number.isFinite) ? parts : trimmed;
  }
  return field.kind === "map" || field.kind === "list" ? trimmed.replaceAll(" ", "") : trimmed;
}

/** "color_method" -> "Colour method": the page spells colour one way, recipes another. */
export function labelOf(name) {
  const text = name.replaceAll("_", " ").replaceAll("color", "colour");
  return text[0].toUpperCase() + text.slice(1);
}
