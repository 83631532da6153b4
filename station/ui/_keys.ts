// Keys that would leave the paper. Policies and the station's own key map carry the weight; this stops the rest
// while the page is loaded (facts: a captured keydown stops all of the browser's chords in kiosk mode).

/** True for chords and function keys that belong to the browser, not to the exam. */
export function belongsToBrowser(event: KeyboardEvent): boolean {
  if (event.isComposing || event.key === "Process") return false;
  if (event.ctrlKey || event.altKey || event.metaKey) return true;
  return /^F\d{1,2}$/.test(event.key) || /^(Browser|Launch|Media)/.test(event.key) || event.key === "ContextMenu";
}

/** Stop them before anything else sees them. Returns nothing; lasts as long as the page. */
export function keepKeys(): void {
  const stop = (event: Event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  window.addEventListener("keydown", (event) => belongsToBrowser(event) && stop(event), { capture: true });
  for (const kind of ["contextmenu", "dragstart", "drop", "dragover", "copy", "cut", "auxclick"]) {
    window.addEventListener(kind, stop, { capture: true });
  }
  window.addEventListener("wheel", (event) => event.ctrlKey && event.preventDefault(), { capture: true, passive: false });
  // The back button: stay where we are; there is no other page.
  history.pushState(null, "", location.href);
  window.addEventListener("popstate", () => history.pushState(null, "", location.href));
}
