// Painting by keyboard: arrow keys move the brush, Enter starts and ends a stroke.
import { announce } from "./a11y.js";
import { byId } from "./dom.js";
import { viewer } from "./viewer.js";

const STEP = 12; // stage pixels per key press, four times as many with Shift

/** `tool` as in gestures.js; `on` = {resize(by), erase(), brushing()}. */
export function brushKeys(tool, on) {
  const viewport = byId("viewport");
  let point = null;

  function move(dx, dy) {
    const { stage } = viewer.view;
    point ??= [stage[0] / 2, stage[1] / 2];
    point = [
      Math.min(stage[0], Math.max(0, point[0] + dx)),
      Math.min(stage[1], Math.max(0, point[1] + dy)),
    ];
    (tool.drawing ? tool.move : tool.hover)(...point);
  }

  function toggle() {
    move(0, 0);
    if (tool.drawing) tool.up();
    else tool.down(...point);
    announce(
      tool.drawing ? "Painting. Arrow keys draw, Enter ends the stroke." : "Stroke finished.",
    );
  }

  // In the capture phase, because the viewer's own keys would pan.
  viewport.addEventListener(
    "keydown",
    (event) => {
      if (!on.brushing() || event.target !== viewport || event.ctrlKey || event.metaKey) return;
      const step = event.shiftKey ? STEP * 4 : STEP;
      const keys = {
        ArrowLeft: () => move(-step, 0),
        ArrowRight: () => move(step, 0),
        ArrowUp: () => move(0, -step),
        ArrowDown: () => move(0, step),
        Enter: toggle,
        "[": () => on.resize(-2),
        "]": () => on.resize(2),
        e: () => on.erase(),
        E: () => on.erase(),
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      keys[event.key]();
    },
    true,
  );
}
