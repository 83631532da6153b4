// Keys that would leave the paper. Policies and the station's own key map carry the weight; this stops the rest
// while the page is loaded (facts: a captured keydown stops all of the browser's chords in kiosk mode).

/** True for chords and function keys that belong to the browser, not to the exam. */
export function belongsToBrowser(event: KeyboardEvent): boolean {
  if (event.isComposing || event.key === "Process") return false;
  if (event.ctrlKey || event.altKey || event.metaKey) return true;
  return /^F\d{1,2}$/.test(event.key) || /^(Browser|Launch|Media)/.test(event.key) || event.key === "ContextMenu";
}

/** What is printed on the pad's key although the number lock is off; empty for any other key, and where it is on. */
export function printed(event: KeyboardEvent): string {
  const digit = /^Numpad(\d)$/.exec(event.code)?.[1] ?? (event.code === "NumpadDecimal" ? "." : "");
  return digit === event.key ? "" : digit;
}

/** Stop them before anything else sees them. Returns nothing; lasts as long as the page. */
export function keepKeys(): void {
  const stop = (event: Event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  window.addEventListener(
    "keydown",
    (event) => {
      if (belongsToBrowser(event)) return stop(event);
      const key = printed(event);
      if (!key || event.isComposing) return;
      stop(event);
      const { code, repeat } = event;
      event.target?.dispatchEvent(new KeyboardEvent("keydown", { key, code, repeat, bubbles: true, cancelable: true }));
    },
    { capture: true },
  );
  for (const kind of ["contextmenu", "dragstart", "drop", "dragover", "copy", "cut", "auxclick"]) {
    window.addEventListener(kind, stop, { capture: true });
  }
  window.addEventListener("wheel", (event) => event.ctrlKey && event.preventDefault(), { capture: true, passive: false });
  // The back button: stay where we are; there is no other page.
  history.pushState(null, "", location.href);
  window.addEventListener("popstate", () => history.pushState(null, "", location.href));
}
