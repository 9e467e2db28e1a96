// Helpers for DOM elements. Styles are set through the CSSOM only: the page's policy forbids style attributes.
const SVG = "http://www.w3.org/2000/svg";

/** Return the element with this id; throws if the page has none. */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`The page has no element #${id}.`);
  return node;
}

/** `el("button", {class: "x", onclick: f, text: "Go", "aria-label": "…"}, ...children)`. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(
    ...children.filter((child) => child !== null && child !== undefined && child !== false),
  );
  return node;
}

/** Make an SVG element. */
export function svg(tag, props = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** Make an icon from icons.svg; it is decoration, the button around it has the label. */
export function icon(name) {
  return svg("svg", { "aria-hidden": "true" }, svg("use", { href: `static/icons.svg#${name}` }));
}

/** Make a square button with an icon, a label for screen readers, and a tooltip. */
export function iconButton(name, label, onclick) {
  return el(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick },
    icon(name),
  );
}

/** Load a style sheet that only some parts of the page need, once; resolves when it applies. */
export function loadStyle(name) {
  const id = `style-${name}`;
  const present = document.getElementById(id);
  if (present?.sheet) return Promise.resolve();
  return new Promise((resolve) => {
    const link = present ?? el("link", { id, rel: "stylesheet", href: `static/css/${name}.css` });
    for (const event of ["load", "error"]) link.addEventListener(event, resolve, { once: true });
    if (!present) document.head.append(link);
  });
}

/** Show or hide by the `hidden` attribute. */
export function show(node, visible) {
  node.hidden = !visible;
}

/** Let the browser download `url` as a file `name`. */
export function saveAs(url, name) {
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}

/** Return a function that calls `fn` once, `ms` after the last of several calls. */
export function debounce(fn, ms) {
  let timer = 0;
  const debounced = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), ms);
  };
  debounced.cancel = () => clearTimeout(timer);
  return debounced;
}
