// Pictures on their way in: files become ids, ids become pictures with a name and a size.
import { ApiError, api } from "./api.js";
import { bytes } from "./format.js";
import { known } from "./persist.js";
import { store } from "./state.js";

/** Upload a file after the checks that need no upload. */
export async function upload(file) {
  const limit = store.state.info?.limits?.bytes;
  if (limit && file.size > limit) {
    throw new ApiError(
      `${file.name || "That picture"} has ${bytes(file.size)}; this studio takes up to ${bytes(limit)}.`,
      413,
    );
  }
  const name = file.name || "pasted picture";
  return { name, ...(await api.upload(file, name)) };
}

/** A picture by id: from what this browser wrote down, else by looking at it. */
export async function pictureOf(id, name = "picture") {
  const found = known.recall(id);
  if (found) return found;
  const image = new Image();
  image.src = api.pictureUrl(id);
  try {
    await image.decode();
  } catch {
    throw new ApiError("The server no longer has one of the pictures this was made from.", 404);
  }
  const picture = { id, name, width: image.naturalWidth, height: image.naturalHeight };
  known.remember(picture);
  return picture;
}

/** A sample as a picture; its size is looked up once. */
export async function sample(entry) {
  return { ...(await pictureOf(entry.id, entry.name)), name: entry.name };
}

/** Whether the file carries a recipe of impasto: as text "impasto" in a PNG, as JSON in other formats' EXIF. */
export async function madeByImpasto(file) {
  // Recipes lie before or after the pixels, never inside: two windows are enough, however large the picture.
  const window = 1 << 18;
  const parts =
    file.size <= 2 * window ? [file] : [file.slice(0, window), file.slice(file.size - window)];
  const decoder = new TextDecoder("latin1");
  for (const part of parts) {
    const text = decoder.decode(await part.arrayBuffer());
    if (text.includes('{"impasto"') || /(tEXt|iTXt|zTXt)impasto\0/.test(text)) return true;
  }
  return false;
}
