// Making elements, in one line each. Styles are set through the CSSOM only: the page's policy forbids style attributes.
const SVG = "http://www.w3.org/2000/svg";

/** The element with this id; a missing one is a mistake in the page and said at once. */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`There is no #${id} in the page.`);
  return found;
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
    else node.setAttribute(name === "className" ? "class" : name, value === true ? "" : value);
  }
  node.append(
    ...children.filter((child) => child !== null && child !== undefined && child !== false),
  );
  return node;
}

/** An element in SVG's name space. */
export function svg(tag, props = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

/** One of the icons in icons.svg; decoration only, the button around it has the words. */
export function icon(name) {
  return svg("svg", { "aria-hidden": "true" }, svg("use", { href: `/static/icons.svg#${name}` }));
}

/** A square button with an icon and its words for screen readers and as a tip. */
export function iconButton(name, label, onclick) {
  return el(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, onclick },
    icon(name),
  );
}

/** Show or hide by the `hidden` attribute. */
export function show(node, visible) {
  node.hidden = !visible;
}

/** Let the browser save what is at `url` under a name. */
export function saveAs(url, name) {
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}

/** Call `fn` once, `ms` after the last of a row of calls. */
export function debounce(fn, ms) {
  let timer = 0;
  const later = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => fn(...args), ms);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
