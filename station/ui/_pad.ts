// A number pad alone is enough: + and - walk through the buttons of a dialog or a screen that uses them for nothing else.

const REACHED = "button:not(:disabled):not([tabindex='-1']), input:not(:disabled), summary";

/** Move the focus on or back within `place`; true when the key was one of the two. */
export function walk(event: KeyboardEvent, place: ParentNode): boolean {
  if (event.key !== "+" && event.key !== "-") return false;
  const all = [...place.querySelectorAll<HTMLElement>(REACHED)].filter((one) => one.offsetParent !== null);
  if (all.length === 0) return false;
  const here = all.indexOf(document.activeElement as HTMLElement);
  const next = event.key === "+" ? here + 1 : here < 0 ? all.length - 1 : here - 1 + all.length;
  all[next % all.length].focus();
  return true;
}
