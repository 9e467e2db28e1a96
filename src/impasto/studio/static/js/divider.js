// The divider between two pictures: a vertical line that the pointer or the arrow keys move.

/** Let `node` (role slider) move a share from 0 to 1. `on` = {share(), move(share), span() -> [left, right] in the page}. */
export function startDivider(node, on) {
  const move = (share) => on.move(Math.min(1, Math.max(0, share)));
  const toShare = (event) => {
    const [left, right] = on.span();
    move((event.clientX - left) / (right - left));
  };
  node.addEventListener("pointerdown", (event) => {
    node.setPointerCapture(event.pointerId);
    event.preventDefault();
    node.focus();
  });
  node.addEventListener("pointermove", (event) => {
    if (node.hasPointerCapture(event.pointerId)) toShare(event);
  });
  node.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 0.1 : 0.02;
    const to = {
      ArrowLeft: on.share() - step,
      ArrowDown: on.share() - step,
      ArrowRight: on.share() + step,
      ArrowUp: on.share() + step,
      PageDown: on.share() - 0.1,
      PageUp: on.share() + 0.1,
      Home: 0,
      End: 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    move(to);
  });
}
