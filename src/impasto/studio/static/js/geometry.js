// Geometry of zoom and pan. Lengths are CSS pixels of the stage.
export const MAX_ZOOM = 16;

/** An empty view: picture size, stage size, top left corner (x, y), and `scale` in stage per picture pixel. */
export function emptyView() {
  return {
    picture: [1, 1],
    stage: [1, 1],
    margin: [24, 24, 24, 24],
    scale: 1,
    x: 0,
    y: 0,
    fitted: true,
  };
}

/** The scale that fits the whole picture; small pictures are enlarged at most three times. */
export function fitScale({ picture, stage, margin: [top, right, bottom, left] }) {
  const wide = Math.max(40, stage[0] - left - right) / picture[0];
  const high = Math.max(40, stage[1] - top - bottom) / picture[1];
  return Math.min(wide, high, 3);
}

function placed(view) {
  // On each axis, centre a picture that fits; otherwise leave no gap at either side.
  const [top, right, bottom, left] = view.margin;
  const along = (corner, stage, length, before, after) => {
    const free = stage - before - after;
    if (length <= free) return before + (free - length) / 2;
    return Math.min(before, Math.max(stage - after - length, corner));
  };
  return {
    ...view,
    x: along(view.x, view.stage[0], view.picture[0] * view.scale, left, right),
    y: along(view.y, view.stage[1], view.picture[1] * view.scale, top, bottom),
  };
}

/** Show the whole picture. */
export function fit(view) {
  return placed({ ...view, scale: fitScale(view), fitted: true });
}

/** Change the scale by `factor` and keep the point (x, y) of the stage in place. */
export function zoomAt(view, x, y, factor) {
  const least = Math.min(fitScale(view), 1);
  const scale = Math.min(MAX_ZOOM, Math.max(least, view.scale * factor));
  const ratio = scale / view.scale;
  const next = { ...view, scale, x: x - (x - view.x) * ratio, y: y - (y - view.y) * ratio };
  return placed({ ...next, fitted: Math.abs(scale - fitScale(view)) < 1e-6 });
}

/** Move by (dx, dy) stage pixels. */
export function pan(view, dx, dy) {
  return placed({ ...view, x: view.x + dx, y: view.y + dy });
}

/** Change the stage or the picture. A fitted view stays fitted, any other keeps its centre. */
export function resized(view, stage, picture, margin) {
  const next = { ...view, stage, picture, margin };
  if (view.fitted) return fit(next);
  const middle = [
    (view.stage[0] / 2 - view.x) / view.scale / view.picture[0],
    (view.stage[1] / 2 - view.y) / view.scale / view.picture[1],
  ];
  const scale = (view.scale * view.picture[0]) / picture[0]; // the same extent on the stage
  return placed({
    ...next,
    scale,
    x: stage[0] / 2 - middle[0] * picture[0] * scale,
    y: stage[1] / 2 - middle[1] * picture[1] * scale,
  });
}

/** Convert a point of the stage to fractions of the picture. */
export function toPicture(view, x, y) {
  return [
    (x - view.x) / (view.scale * view.picture[0]),
    (y - view.y) / (view.scale * view.picture[1]),
  ];
}

/** Return the part of the stage that the picture covers on an axis: 0 is horizontal, 1 vertical. */
export function visibleSpan(view, axis = 0) {
  const corner = axis ? view.y : view.x;
  const begin = Math.max(0, corner);
  return [
    begin,
    Math.max(begin + 1, Math.min(view.stage[axis], corner + view.picture[axis] * view.scale)),
  ];
}
