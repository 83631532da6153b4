/** Marking on a camera's picture what it sees: by finger, mouse or keyboard. Nothing is kept before "keep" is pressed. */

import { all } from "./_page";

interface Mark {
  kind: string;
  name: string;
  x: number;
  y: number;
}

const STEP = 0.02;
const FINE = 0.004;

function startMarking(page: HTMLElement): void {
  const layer = page.querySelector<HTMLElement>("[data-layer]")!;
  const cross = page.querySelector<HTMLElement>("[data-cross]")!;
  const said = page.querySelector<HTMLElement>("[data-said]")!;
  const unsaved = page.querySelector<HTMLElement>("[data-unsaved]")!;
  const form = document.querySelector<HTMLFormElement>("[data-marks-form]")!;
  const field = form.querySelector<HTMLInputElement>("[data-marks]")!;
  const marks = new Map<string, Mark>();
  let chosen: HTMLElement | null = null;
  let at = { x: 0.5, y: 0.5 };

  const word = (name: string, fields: Record<string, string>): string =>
    Object.entries(fields).reduce((text, [key, value]) => text.replace(`{${key}}`, value), page.getAttribute(`data-word-${name}`) ?? "");
  const chips = (): HTMLElement[] => all(".chip", form);
  const keyOf = (chip: HTMLElement): string => `${chip.dataset.kind}:${chip.dataset.name}`;
  const chipOf = (key: string): HTMLElement | undefined => chips().find((chip) => keyOf(chip) === key);

  function show(): void {
    for (const old of all(".mark", layer)) old.remove();
    for (const [key, mark] of marks) {
      const sign = document.createElement("span");
      sign.className = `mark ${mark.kind}${chosen && keyOf(chosen) === key ? " chosen" : ""}`;
      sign.textContent = mark.name;
      sign.style.setProperty("--x", String(mark.x));
      sign.style.setProperty("--y", String(mark.y));
      layer.append(sign);
    }
    for (const chip of chips()) {
      const marked = marks.has(keyOf(chip));
      chip.classList.toggle("marked", marked);
      chip.setAttribute("aria-pressed", String(chip === chosen));
      if (marked) chip.setAttribute("aria-label", word("here", { name: chip.dataset.name ?? "" }));
      else chip.removeAttribute("aria-label");
    }
    cross.style.left = `${at.x * 100}%`;
    cross.style.top = `${at.y * 100}%`;
  }

  function keep(): void {
    field.value = JSON.stringify([...marks.values()]);
    unsaved.textContent = page.dataset.wordUnsaved ?? "";
  }

  function choose(chip: HTMLElement, tell = true): void {
    chosen = chip;
    const mark = marks.get(keyOf(chip));
    if (mark) at = { x: mark.x, y: mark.y };
    if (tell) said.textContent = word("chosen", { name: chip.dataset.name ?? "" });
    show();
  }

  /** The next number without a mark; then one before it that no other camera shows: what a back camera does not see is the front's. */
  function following(after: HTMLElement): HTMLElement | undefined {
    const alike = chips().filter((chip) => chip.dataset.kind === after.dataset.kind);
    const at = alike.indexOf(after);
    const open = (chip: HTMLElement): boolean => !marks.has(keyOf(chip));
    return alike.slice(at + 1).find(open) ?? alike.slice(0, at).find((chip) => open(chip) && !chip.querySelector(".also"));
  }

  /** The next number in order: who moves a mark goes on with the next, marked or not. */
  function behind(chip: HTMLElement): HTMLElement | undefined {
    const alike = chips().filter((one) => one.dataset.kind === chip.dataset.kind);
    return alike[alike.indexOf(chip) + 1];
  }

  function place(x: number, y: number): void {
    if (!chosen) {
      said.textContent = word("none", {});
      return;
    }
    const { kind = "", name = "" } = chosen.dataset;
    at = { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
    const again = marks.has(keyOf(chosen));
    marks.set(keyOf(chosen), { kind, name, x: Number(at.x.toFixed(4)), y: Number(at.y.toFixed(4)) });
    keep();
    const next = (again ? behind(chosen) : undefined) ?? following(chosen);
    said.textContent = word(next ? "placed" : "all", { name, next: next?.dataset.name ?? "" });
    if (next) choose(next, false);
    else {
      chosen = null; // the next click would move what was just marked
      show();
    }
  }

  function takeAway(): void {
    if (!chosen) {
      said.textContent = word("none", {});
      return;
    }
    if (!marks.delete(keyOf(chosen))) {
      said.textContent = word("bare", { name: chosen.dataset.name ?? "" }); // after Enter the choice has moved on
      return;
    }
    keep();
    said.textContent = word("gone", { name: chosen.dataset.name ?? "" });
    show();
  }

  function takeAll(): void {
    marks.clear();
    page.classList.add("emptied");
    keep();
    chooseFirst();
    said.textContent = word("cleared", {});
  }

  /** Number 1 where no seat is marked here, whatever other cameras show; else what nobody has marked, seats before doors. */
  function chooseFirst(): void {
    const begun = [...marks.values()].some((mark) => mark.kind === "seat");
    const first = chips().find((chip) => !marks.has(keyOf(chip)) && !(begun && chip.querySelector(".also")));
    if (first) choose(first);
    else {
      chosen = null; // a stray click would move a mark
      said.textContent = word("none", {});
      show();
    }
  }

  for (const mark of JSON.parse(field.value) as Mark[]) marks.set(`${mark.kind}:${mark.name}`, mark);
  form.addEventListener("click", (event) => {
    const chip = (event.target as Element).closest<HTMLElement>(".chip");
    if (chip) choose(chip);
  });
  layer.addEventListener("click", (event) => {
    const box = layer.getBoundingClientRect();
    place((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  });
  layer.addEventListener("focus", () => {
    cross.hidden = !layer.matches(":focus-visible");
  });
  layer.addEventListener("blur", () => {
    cross.hidden = true;
  });
  layer.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? FINE : STEP;
    const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (move) {
      at = { x: Math.min(1, Math.max(0, at.x + (move[0] ?? 0))), y: Math.min(1, Math.max(0, at.y + (move[1] ?? 0))) };
      cross.hidden = false;
      show();
    } else if (event.key === "Enter" || event.key === " ") place(at.x, at.y);
    else if (event.key === "Delete" || event.key === "Backspace") takeAway();
    else return;
    event.preventDefault();
  });
  form.addEventListener("keydown", (event) => {
    const chip = (event.target as Element).closest<HTMLElement>(".chip");
    if (!chip || (event.key !== "Delete" && event.key !== "Backspace")) return;
    choose(chip);
    takeAway();
    event.preventDefault();
  });
  page.querySelector("[data-take-away]")?.addEventListener("click", takeAway);
  page.querySelector("[data-take-all]")?.addEventListener("click", takeAll);
  document.body.addEventListener("still", () => {
    // The reference still was taken: it is what is marked on now.
    const picture = page.querySelector<HTMLImageElement>("[data-marked-on]");
    if (picture) picture.src = `${picture.src.split("?")[0]}?at=${Date.now()}`;
  });
  const door = form.querySelector<HTMLInputElement>("[data-new-door]");
  const addDoor = (): void => {
    const name = door?.value.trim() ?? "";
    if (!door || !name) return;
    const unnamed = form.querySelector<HTMLElement>("[data-unnamed]");
    if (unnamed && unnamed.dataset.name !== name && !marks.has(keyOf(unnamed))) unnamed.remove(); // it was only to begin with
    let chip = chipOf(`door:${name}`);
    if (!chip) {
      chip = document.createElement("button");
      chip.setAttribute("type", "button");
      chip.className = "chip";
      chip.dataset.kind = "door";
      chip.dataset.name = name;
      chip.textContent = name;
      form.querySelector("[data-doors]")?.append(chip);
    }
    door.value = "";
    choose(chip);
  };
  form.querySelector("[data-add-door]")?.addEventListener("click", addDoor);
  door?.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    addDoor();
  });
  form.addEventListener("htmx:afterRequest", (event) => {
    // A check, or a name that was saved, keeps no mark.
    if (event.target === form && (event as CustomEvent<{ successful: boolean }>).detail.successful) unsaved.textContent = "";
  });
  window.addEventListener("beforeunload", (event) => {
    if (unsaved.textContent) event.preventDefault();
  });
  chooseFirst();
}

/** What stands in the margins of every printed page (cameras.css, @page). */
function startPaper(): void {
  const told = document.querySelector<HTMLElement>("[data-paper-head]");
  if (!told) return;
  for (const name of ["head", "demo"]) {
    document.documentElement.style.setProperty(`--paper-${name}`, JSON.stringify(told.getAttribute(`data-paper-${name}`) ?? ""));
  }
}

let shown = 0;

/** What a look found is out of date once a newer one of the same kind, at the same camera, is shown; what was said of
 * cameras saved before, and of clocks set for them, once the next one is saved: all of them stand in the list.
 */
function dropOlder(): void {
  // Ids of jobs tell nothing of it: the box's clock may be set back.
  for (const one of all("[data-look]:not([data-shown])")) one.dataset.shown = String(++shown);
  const looks = all("[data-look]");
  const ends = (other: HTMLElement, one: HTMLElement): boolean =>
    other.dataset.look === one.dataset.look || (other.dataset.look === "saved" && (one.dataset.look ?? "").startsWith("clock "));
  for (const one of looks) {
    if (looks.some((other) => ends(other, one) && Number(other.dataset.shown) > Number(one.dataset.shown))) one.remove();
  }
}

/** What was typed of a camera stays when it is looked at again. */
function keepTyped(): void {
  const typed = new Map<string, string>();
  const fields = (card: Element): (HTMLInputElement | HTMLSelectElement)[] =>
    all<HTMLInputElement | HTMLSelectElement>(".camera-form :is(input:not([type=hidden]), select)", card);
  const keyOf = (card: HTMLElement, field: HTMLInputElement | HTMLSelectElement): string => `${card.dataset.look} ${field.name}`;
  document.addEventListener("htmx:beforeRequest", () => {
    for (const card of all(".looked")) {
      for (const field of fields(card)) {
        if (!("defaultValue" in field) || field.value !== field.defaultValue) typed.set(keyOf(card, field), field.value);
      }
    }
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    // Saved: the next look shows what is kept. The form itself has left the page by then.
    const { requestConfig, successful } = (event as CustomEvent<{ requestConfig: { elt: Element }; successful: boolean }>).detail;
    if (successful && requestConfig.elt.matches(".camera-form")) typed.clear();
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const card of all(".looked:not([data-typed])")) {
      if (!fields(card).length) continue;
      card.dataset.typed = "";
      for (const field of fields(card)) field.value = typed.get(keyOf(card, field)) ?? field.value;
    }
  });
}

document.addEventListener("DOMContentLoaded", () => {
  startPaper();
  keepTyped();
  document.addEventListener("htmx:afterSwap", dropOlder);
  document.addEventListener("htmx:afterSwap", startPaper);
  for (const page of all("[data-marking]")) startMarking(page);
  document.querySelector("[data-print-page]")?.addEventListener("click", () => window.print());
  document.addEventListener("toggle", (event) => {
    const opened = event.target as HTMLDetailsElement;
    if (opened.open && opened.matches(".sign-in-here")) opened.scrollIntoView({ block: "nearest" });
  }, true);
  document.addEventListener("htmx:afterRequest", (event) => {
    const saved = event.target as Element;
    if (!saved.matches(".camera-form, .by-address .camera-sign-in") || !(event as CustomEvent<{ successful: boolean }>).detail.successful) return;
    for (const field of all<HTMLInputElement>("[type=password]", saved)) field.value = "";
  });
  document.addEventListener("change", (event) => {
    const room = event.target as HTMLSelectElement;
    if (!room.matches(".camera-form [name=room]") || room.selectedOptions[0]?.matches("[data-theory]")) return;
    for (const place of all<HTMLSelectElement>(".of-theory [name=place]", room.form ?? undefined)) place.value = "";
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const asking = event.target as Element;
    // What was found is asked for again by itself: not while somebody types a password in it.
    if (asking.matches(".camera-job") && asking.querySelector(".sign-in-here[open]")) event.preventDefault();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.target as Element;
    if (target.closest(".camera-job") && target.querySelector(".camera-form")) target.scrollIntoView({ block: "start" });
    if (target.id !== "found") return; // another part of the page: somebody may be typing a password
    for (const form of all<HTMLDetailsElement>(".sign-in-here[open]")) form.open = false;
    target.lastElementChild?.scrollIntoView({ block: "nearest" });
  });
});
