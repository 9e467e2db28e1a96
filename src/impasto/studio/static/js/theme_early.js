// Runs before the first paint, so that a chosen theme never flashes in the other colours.
(() => {
  try {
    const theme = localStorage.getItem("impasto.theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch {
    /* storage can be closed to us; the system's own colours then stand */
  }
})();
