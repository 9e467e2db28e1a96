// Pointers and wheel on the stage become zoom, pan, or strokes of a tool. One finger draws or pans, two always zoom.

/**
 * `on` = {zoom(x, y, factor), pan(dx, dy), twice(x, y), tool()}; tool() is null or {down(x, y), move(x, y), up(), cancel(),
 * hover(x, y), leave()}. Coordinates are those of `target`.
 */
export function startGestures(target, on) {
  const pointers = new Map();
  let drawing = null;
  let spaceHeld = false;
  let travelled = 0;
  let lastTap = null;

  const at = (event) => {
    const box = target.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  function down(event) {
    if (event.target.closest("[role=slider]")) return;
    target.setPointerCapture(event.pointerId);
    const point = at(event);
    pointers.set(event.pointerId, point);
    travelled = 0;
    const tool = on.tool();
    if (pointers.size > 1 && drawing) {
      drawing.cancel();
      drawing = null;
    } else if (pointers.size === 1 && tool && event.button === 0 && !spaceHeld) {
      drawing = tool;
      drawing.down(...point);
    }
  }

  function move(event) {
    const point = at(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      on.tool()?.hover(...point);
      return;
    }
    if (drawing) {
      // A fast hand makes several points between two frames; all of them belong to the stroke.
      const coalesced = event.getCoalescedEvents?.() ?? [];
      (coalesced.length ? coalesced : [event]).forEach((one) => drawing.move(...at(one)));
    } else if (pointers.size === 1) {
      on.pan(point[0] - before[0], point[1] - before[1]);
    } else {
      pinch(event.pointerId, before, point);
    }
    travelled += Math.hypot(point[0] - before[0], point[1] - before[1]);
    pointers.set(event.pointerId, point);
  }

  function pinch(id, before, point) {
    const other = [...pointers].find(([key]) => key !== id)[1];
    const apart = (p) => Math.max(8, Math.hypot(p[0] - other[0], p[1] - other[1]));
    on.zoom((point[0] + other[0]) / 2, (point[1] + other[1]) / 2, apart(point) / apart(before));
    on.pan((point[0] - before[0]) / 2, (point[1] - before[1]) / 2);
  }

  function up(event) {
    if (!pointers.delete(event.pointerId)) return;
    if (drawing) {
      if (event.type === "pointercancel") drawing.cancel();
      else drawing.up();
      drawing = null;
    } else if (event.type === "pointerup" && travelled < 6 && pointers.size === 0) {
      tapped(at(event));
    }
  }

  function tapped(point) {
    const now = performance.now();
    const twice = lastTap && now - lastTap.time < 320 && Math.hypot(point[0] - lastTap.x, point[1] - lastTap.y) < 24;
    lastTap = twice ? null : { time: now, x: point[0], y: point[1] };
    if (twice) on.twice(...point);
  }

  target.addEventListener("pointerdown", down);
  target.addEventListener("pointermove", move);
  target.addEventListener("pointerup", up);
  target.addEventListener("pointercancel", up);
  target.addEventListener("pointerleave", () => on.tool()?.leave());
  target.addEventListener("wheel", (event) => {
    event.preventDefault();
    // Lines and pages of some mice, small steps of track pads: an exponent makes both feel even.
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 120 : 1;
    on.zoom(...at(event), Math.exp((-event.deltaY * unit) / (event.ctrlKey ? 120 : 360)));
  }, { passive: false });
  addEventListener("keydown", (event) => { if (event.code === "Space") spaceHeld = true; });
  addEventListener("keyup", (event) => { if (event.code === "Space") spaceHeld = false; });
}
