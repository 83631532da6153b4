/** Keys and presses: `data-key` gives an element a key; `data-hold` needs a press of one second. */

import { all, typing, word } from "./_page";

const HOLD = 1000;
const LOOK = 700;

/** What a part showed last, and since when: a key pressed for one person is not taken for the next. */
const seen = new Map<string, { shown: string; at: number }>();

function note(within: ParentNode): void {
  const parts = all<HTMLElement>("[id][data-shown]", within);
  if (within instanceof HTMLElement && within.matches("[id][data-shown]")) parts.push(within);
  for (const part of parts) {
    const shown = part.dataset.shown ?? "";
    const before = seen.get(part.id);
    if (before?.shown === shown) continue;
    seen.set(part.id, { shown, at: before || part.dataset.chosen === undefined ? Date.now() : 0 });
    if (before && shown) document.dispatchEvent(new CustomEvent("other"));
  }
}

function tooSoon(found: Element): boolean {
  const part = found.closest("[id][data-shown]");
  if (!(part instanceof HTMLElement)) return false;
  const noted = seen.get(part.id);
  // Somebody else may stand there since this very frame, not noted yet.
  return noted?.shown !== (part.dataset.shown ?? "") || Date.now() - noted.at < LOOK;
}

/** Close a form; the keyboard stands on what opened it. */
function shut(open: HTMLDetailsElement | null): void {
  if (!open) return;
  open.open = false;
  open.querySelector<HTMLElement>("summary")?.focus();
}

function onKey(event: KeyboardEvent): void {
  // A key that an input method is at work with is part of a Chinese word.
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
  if (event.key === "Escape") {
    const open = all<HTMLDetailsElement>("details[open].ask").pop();
    if (open) shut(open);
    else all<HTMLElement>('[data-key="Escape"]').find((one) => one.offsetParent !== null)?.click();
    return;
  }
  if (typing()) return;
  const at = document.activeElement;
  if (event.key === "Enter" && at instanceof HTMLElement && at.matches("a,button,summary")) return;
  const found = all("[data-key]").find(
    (one) => one.dataset.key?.toLowerCase() === event.key.toLowerCase() && one.offsetParent !== null,
  );
  if (!found) return;
  event.preventDefault();
  if (["enter", "p"].includes(event.key.toLowerCase()) && tooSoon(found)) return;
  found.click();
}

/** While the box does not answer no link throws the page away for the browser's own error page. */
async function goIfThere(link: HTMLAnchorElement): Promise<void> {
  try {
    await fetch(link.href, { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(3000) });
  } catch {
    document.getElementById("problem")?.replaceChildren(word("away"));
    return;
  }
  location.assign(link.href);
}

function onClick(event: MouseEvent): void {
  const close = event.target instanceof Element ? event.target.closest("[data-close]") : null;
  if (close) shut(close.closest<HTMLDetailsElement>("details.ask"));
  const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[href]") : null;
  if (!link) return;
  if (!link.target && document.body.classList.contains("stale")) {
    event.preventDefault();
    void goIfThere(link);
  }
  // What opens beside the page leaves the keys of the page as they were.
  if (link.target) link.blur();
}

/** Whoever opens a form goes on in it: its first field, or its button where nothing is to be typed. */
function onToggle(event: Event): void {
  const form = event.target;
  if (!(form instanceof HTMLDetailsElement) || !form.open || !form.matches(".ask")) return;
  if (form.querySelector("form")?.contains(document.activeElement)) return;
  const fields = "input:not([type=hidden]),select,textarea";
  (form.querySelector<HTMLElement>(fields) ?? form.querySelector<HTMLElement>("form button"))?.focus();
  // What is typed is also sent: the form's last button is in sight, too.
  if (form.closest(".orders-seat")) form.querySelector("form")?.scrollIntoView({ block: "nearest" });
}

function hold(button: HTMLElement): void {
  let timer = 0;
  const end = () => {
    clearTimeout(timer);
    button.classList.remove("holding");
  };
  const begin = () => {
    end();
    button.classList.add("holding");
    timer = window.setTimeout(() => {
      end();
      button.dispatchEvent(new CustomEvent("held", { bubbles: true }));
    }, HOLD);
  };
  button.addEventListener("pointerdown", begin);
  for (const name of ["pointerup", "pointerleave", "pointercancel", "blur"]) button.addEventListener(name, end);
  button.addEventListener("keydown", (event) => {
    if ((event.key === " " || event.key === "Enter") && !event.repeat) begin();
  });
  button.addEventListener("keyup", end);
  button.addEventListener("contextmenu", (event) => event.preventDefault());
}

const known = new WeakSet<Element>();

function find(within: ParentNode): void {
  for (const button of all("[data-hold]", within)) {
    if (known.has(button)) continue;
    known.add(button);
    hold(button);
  }
}

/** Begin. */
export function startPress(): void {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  document.addEventListener("toggle", onToggle, true);
  find(document);
  note(document);
  document.addEventListener("htmx:load", (event) => {
    find(document);
    note((event as CustomEvent<{ elt: HTMLElement }>).detail.elt);
  });
}
