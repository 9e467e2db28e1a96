// Loads the strip of photographs when there is one: most visits need only one photograph.
import { loadStyle } from "./dom.js";
import { readStored, SERIES_KEY } from "./persist.js";

/** Load and show the strip; `pick` opens the file dialog. Resolves to the module series.js. */
export async function openSeries(pick) {
  const [series, strip] = await Promise.all([
    import("./series.js"),
    import("./series_strip.js"),
    loadStyle("series"),
  ]);
  series.startSeries();
  strip.startSeriesStrip(pick);
  return series;
}

/** Show the strip of this tab again after a reload. */
export function restoreSeries(pick) {
  if (readStored(sessionStorage, SERIES_KEY)?.length) openSeries(pick);
}
