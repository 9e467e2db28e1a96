// Sizes in print: paper, centimetres and dots per inch, and the pixels that follow. No state here.

export const MM_PER_INCH = 25.4;
export const DEFAULT_DPI = 300;
// Millimetres of the shorter and the longer side.
export const PAPERS = {
  A5: [148, 210],
  A4: [210, 297],
  A3: [297, 420],
  A2: [420, 594],
  A1: [594, 841],
  A0: [841, 1189],
};
const UNITS = { mm: 1, cm: 10, m: 1000, in: MM_PER_INCH, inch: MM_PER_INCH, '"': MM_PER_INCH };
const OTHER_PAPERS = { A6: [105, 148], LETTER: [215.9, 279.4], LEGAL: [215.9, 355.6] };
const NUMBER = "(\\d+(?:\\.\\d+)?)";
const TWO = new RegExp(
  `^${NUMBER}\\s*(mm|cm|m|inch|in|")?\\s*[x×*]\\s*${NUMBER}\\s*(mm|cm|m|inch|in|")$`,
  "i",
);
const PIXELS = /^(\d+)\s*(?:px)?\s*[x×*]\s*(\d+)\s*(?:px)?$/i;

const round = (value, places) => Math.round(value * 10 ** places) / 10 ** places;
const dots = (mm, dpi) => Math.round((mm / MM_PER_INCH) * dpi);

/** Return {mm: [shorter, longer]} or {pixels: [width, height]} of a size with two sides, null for any other. */
export function parsePrint(text) {
  const words = String(text).trim();
  const paper = PAPERS[words.toUpperCase()] ?? OTHER_PAPERS[words.toUpperCase()];
  if (paper) return { mm: paper };
  const pixels = PIXELS.exec(words);
  if (pixels) return { pixels: [Number(pixels[1]), Number(pixels[2])] };
  const match = TWO.exec(words);
  if (!match) return null;
  const sides = [1, 3].map(
    (k) => Number(match[k]) * UNITS[(match[k + 1] ?? match[4]).toLowerCase()],
  );
  return { mm: sides.sort((a, b) => a - b) };
}

/** Return the name of paper with these sides in millimetres, "" if none has them. */
export function paperOf([short, long]) {
  const isSame = (paper) => Math.abs(paper[0] - short) < 0.5 && Math.abs(paper[1] - long) < 0.5;
  return Object.keys(PAPERS).find((name) => isSame(PAPERS[name])) ?? "";
}

/** Return width and height in pixels of the sheet for a photograph: paper is turned as the photograph is. */
export function sheetPixels({ size, dpi }, photo) {
  const { mm, pixels } = parsePrint(size);
  if (pixels) return pixels;
  const [short, long] = mm.map((side) => dots(side, dpi));
  return photo && photo.width > photo.height ? [long, short] : [short, long];
}

/** Return width and height of the finished picture: "fit" keeps the photograph's shape within the sheet. */
export function printPixels(print, photo) {
  const sheet = sheetPixels(print, photo);
  if (!photo || print.framing !== "fit") return sheet;
  const scale = Math.min(sheet[0] / photo.width, sheet[1] / photo.height);
  const side = Math.max(1, Math.round(Math.max(photo.width, photo.height) * scale));
  const longest = Math.max(photo.width, photo.height);
  return [photo.width, photo.height].map((length) =>
    Math.max(1, Math.round((length * side) / longest)),
  );
}

/** Return [width, height] in centimetres of a print, as the photograph lies. */
export function centimetres(print, photo) {
  const { mm, pixels } = parsePrint(print.size);
  // To a millimetre: half a pixel is less, so that what was typed stays when the dots per inch change.
  if (pixels) return pixels.map((side) => round((side / print.dpi) * (MM_PER_INCH / 10), 1));
  const [short, long] = mm.map((side) => round(side / 10, 2));
  return photo && photo.width > photo.height ? [long, short] : [short, long];
}

/** Return a width and height in centimetres as recipes have it, in pixels: unlike paper, it is not turned. */
export const pixelText = (width, height, dpi) =>
  [width, height].map((side) => dots(10 * side, dpi)).join("x");

/** Return a print with other dots per inch and the same centimetres. */
export function withDpi(print, dpi, photo) {
  const isPaper = Boolean(parsePrint(print.size).mm);
  return {
    ...print,
    dpi,
    size: isPaper ? print.size : pixelText(...centimetres(print, photo), dpi),
  };
}

/** Return the part of a photograph that is printed, in shares {left, top, width, height}; null if it is whole. */
export function croppedPart(print, photo) {
  if (print?.framing !== "crop" || !photo) return null;
  const [width, height] = sheetPixels(print, photo);
  const ratio = width / height / (photo.width / photo.height);
  const part = ratio > 1 ? { width: 1, height: 1 / ratio } : { width: ratio, height: 1 };
  if (Math.abs(ratio - 1) < 0.005) return null;
  return { ...part, left: (1 - part.width) / 2, top: (1 - part.height) / 2 };
}
