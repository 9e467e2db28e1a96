// Folded groups of settings; the browser remembers which ones are open.
import { readStored, writeStored } from "./persist.js";

const STORED = "impasto.open";

/** Restore the groups and follow their toggles. */
export function startFolds() {
  const open = new Set(readStored(localStorage, STORED) ?? []);
  for (const group of document.querySelectorAll("details.folded")) {
    group.open = open.has(group.id);
    group.addEventListener("toggle", () => {
      open[group.open ? "add" : "delete"](group.id);
      writeStored(localStorage, STORED, [...open]);
    });
  }
}
