// A press counts for the button that it began on, also if the layout moves before the pointer is released: the browser
// would send such a click to an ancestor, or to another button that came under the pointer.
const BUTTONS = "button, summary, a[href]";
const TRAVEL = 8; // pixels; who moves further has changed their mind

let pressed = null; // {button, x, y}

function redirect(event) {
  const press = pressed;
  pressed = null;
  if (!press || !event.isTrusted || press.button.contains(event.target)) return;
  if (Math.hypot(event.clientX - press.x, event.clientY - press.y) > TRAVEL) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (press.button.isConnected) press.button.click();
}

/** Follow the presses of the whole page. Call this before any other listener of clicks is added to the window. */
export function startPress() {
  addEventListener(
    "pointerdown",
    (event) => {
      const button = event.target.closest?.(BUTTONS);
      const isMain = event.isPrimary && event.button === 0;
      pressed = button && isMain ? { button, x: event.clientX, y: event.clientY } : null;
    },
    true,
  );
  for (const name of ["pointercancel", "keydown"])
    addEventListener(
      name,
      () => {
        pressed = null;
      },
      true,
    );
  addEventListener("click", redirect, true);
}
