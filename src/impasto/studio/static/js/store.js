// A store: one flat object, changed by `set`, observed by key. Listeners run once per batch of changes.
/** Make a store around `state`. */
export function createStore(state) {
  const listeners = new Set();
  let changed = new Set();

  function flush() {
    const keys = changed;
    changed = new Set();
    for (const { watched, fn } of listeners) {
      if (watched.some((key) => keys.has(key))) fn(state, keys);
    }
  }

  return {
    state,
    /** Set values; unchanged values call no listener. */
    set(values) {
      for (const [key, value] of Object.entries(values)) {
        if (!(key in state)) throw new Error(`The state has no '${key}'.`);
        if (Object.is(state[key], value)) continue;
        state[key] = value;
        if (changed.size === 0) queueMicrotask(flush);
        changed.add(key);
      }
    },
    /** Call `fn(state, keys)` after any of these keys changed; returns a function that removes the listener. */
    on(watched, fn) {
      const listener = { watched, fn };
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
