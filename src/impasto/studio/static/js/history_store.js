// Stores the history of drafts in the tab's session. Drafts share most of their values, so each value is stored once.

const KEY = "impasto.history";

/** Return {root, table}: objects and arrays become {$: index} of the table, which lists children before parents. */
export function pack(value) {
  const table = [];
  const indices = new Map();
  const put = (item) => {
    if (item === null || typeof item !== "object") return item;
    if (!indices.has(item)) {
      const flat = Array.isArray(item)
        ? item.map(put)
        : Object.fromEntries(Object.entries(item).map(([name, child]) => [name, put(child)]));
      indices.set(item, table.push(flat) - 1);
    }
    return { $: indices.get(item) };
  };
  return { root: put(value), table };
}

/** Return the value that was packed; shared values are shared again. */
export function unpack({ root, table }) {
  const values = [];
  const get = (item) => (item !== null && typeof item === "object" ? values[item.$] : item);
  for (const flat of table) {
    values.push(
      Array.isArray(flat)
        ? flat.map(get)
        : Object.fromEntries(Object.entries(flat).map(([name, child]) => [name, get(child)])),
    );
  }
  return get(root);
}

/** Save {past, future, current}; nothing is saved if the browser has no room. */
export function saveHistory(history) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(pack(history)));
  } catch {
    sessionStorage.removeItem?.(KEY); // an older history would not fit the draft
  }
}

/** Return the saved history, or null if it does not end at `current`. */
export function loadHistory(current) {
  try {
    const history = unpack(JSON.parse(sessionStorage.getItem(KEY)));
    return JSON.stringify(history.current) === JSON.stringify(current) ? history : null;
  } catch {
    return null; // none, no access, or of another version
  }
}
