// Gestures on the stage: zoom, pan, and strokes of a tool. One finger draws or pans, two fingers zoom.

/**
 * `on` = {zoom(x, y, factor), pan(dx, dy), doubleTap(x, y), tool()}; tool() is null or {down(x, y), move(x, y), up(), cancel(),
 * hover(x, y), leave()}. Coordinates are those of `target`.
 */
export function startGestures(target, on) {
  const gestures = new Gestures(target, on);
  target.addEventListener("pointerdown", (event) => gestures.down(event));
  target.addEventListener("pointermove", (event) => gestures.move(event));
  target.addEventListener("pointerup", (event) => gestures.up(event));
  target.addEventListener("pointercancel", (event) => gestures.up(event));
  target.addEventListener("pointerleave", () => on.tool()?.leave());
  target.addEventListener("wheel", (event) => gestures.wheel(event), { passive: false });
  addEventListener("keydown", (event) => {
    if (event.code !== "Space") return;
    gestures.spaceHeld = true;
    if (event.target === target) event.preventDefault(); // it would scroll the page on a phone
  });
  addEventListener("keyup", (event) => {
    if (event.code === "Space") gestures.spaceHeld = false;
  });
}

class Gestures {
  constructor(target, on) {
    this.target = target;
    this.on = on;
    this.pointers = new Map(); // id -> last position
    this.drawing = null; // the tool with an unfinished stroke
    this.spaceHeld = false;
    this.travelled = 0;
    this.lastTap = null;
  }

  positionOf(event) {
    const box = this.target.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  down(event) {
    if (event.target.closest("[role=slider]")) return;
    this.target.setPointerCapture(event.pointerId);
    const point = this.positionOf(event);
    this.pointers.set(event.pointerId, point);
    this.travelled = 0;
    const tool = this.on.tool();
    if (this.pointers.size > 1 && this.drawing) {
      this.drawing.cancel();
      this.drawing = null;
    } else if (this.pointers.size === 1 && tool && event.button === 0 && !this.spaceHeld) {
      this.drawing = tool;
      tool.down(...point);
    }
  }

  move(event) {
    const point = this.positionOf(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      this.on.tool()?.hover(...point);
      return;
    }
    if (this.drawing) {
      // Fast movement gives several points between two frames; all belong to the stroke.
      const coalesced = event.getCoalescedEvents?.() ?? [];
      const moves = coalesced.length ? coalesced : [event];
      for (const move of moves) this.drawing.move(...this.positionOf(move));
    } else if (this.pointers.size === 1) {
      this.on.pan(point[0] - before[0], point[1] - before[1]);
    } else {
      this.pinch(event.pointerId, before, point);
    }
    this.travelled += Math.hypot(point[0] - before[0], point[1] - before[1]);
    this.pointers.set(event.pointerId, point);
  }

  pinch(id, before, point) {
    const other = [...this.pointers].find(([key]) => key !== id)[1];
    const apart = (p) => Math.max(8, Math.hypot(p[0] - other[0], p[1] - other[1]));
    this.on.zoom(
      (point[0] + other[0]) / 2,
      (point[1] + other[1]) / 2,
      apart(point) / apart(before),
    );
    this.on.pan((point[0] - before[0]) / 2, (point[1] - before[1]) / 2);
  }

  up(event) {
    if (!this.pointers.delete(event.pointerId)) return;
    if (this.drawing) {
      if (event.type === "pointercancel") this.drawing.cancel();
      else this.drawing.up();
      this.drawing = null;
    } else if (event.type === "pointerup" && this.travelled < 6 && this.pointers.size === 0) {
      this.tapped(this.positionOf(event));
    }
  }

  tapped(point) {
    const last = this.lastTap;
    const now = performance.now();
    const isDouble =
      last && now - last.time < 320 && Math.hypot(point[0] - last.x, point[1] - last.y) < 24;
    this.lastTap = isDouble ? null : { time: now, x: point[0], y: point[1] };
    if (isDouble) this.on.doubleTap(...point);
  }

  wheel(event) {
    event.preventDefault();
    // Mice scroll by lines or pages, track pads by small steps; the exponent suits both.
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? 120 : 1;
    this.on.zoom(
      ...this.positionOf(event),
      Math.exp((-event.deltaY * unit) / (event.ctrlKey ? 120 : 360)),
    );
  }
}
