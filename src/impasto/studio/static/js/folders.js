// Files of a drop, folders included.
const MAX_FILES = 2000; // of one drop; a larger folder is probably a mistake

/** Names that are never photographs: hidden files and what systems leave in folders. */
const isHidden = (name) => name.startsWith(".") || name === "__MACOSX" || name === "Thumbs.db";

const byName = new Intl.Collator(undefined, { numeric: true });

function readBatch(reader) {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

async function walk(entry, files) {
  if (isHidden(entry.name) || files.length >= MAX_FILES) return;
  if (entry.isFile) {
    files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    return;
  }
  const reader = entry.createReader();
  const entries = [];
  for (let batch = await readBatch(reader); batch.length; batch = await readBatch(reader))
    entries.push(...batch); // a reader gives at most a hundred entries at once
  entries.sort((a, b) => byName.compare(a.name, b.name));
  for (const child of entries) await walk(child, files);
}

/** Resolve to {files, fromFolder} of a drop. Call it in the event's handler: later the drop's data is gone. */
export async function filesOf(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory))
    return { files: [...transfer.files], fromFolder: false };
  const files = [];
  for (const entry of entries) await walk(entry, files);
  return { files, fromFolder: true };
}

/** The files of a folder chosen in a dialog, sorted by their paths, without hidden ones. */
export function chosenFiles(list) {
  return [...list]
    .filter((file) => !(file.webkitRelativePath || file.name).split("/").some(isHidden))
    .sort((a, b) => byName.compare(a.webkitRelativePath, b.webkitRelativePath))
    .slice(0, MAX_FILES);
}
