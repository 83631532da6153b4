/** The roll call: ticks live in this browser first and reach the box when it answers. */

import { all, newId, word } from "./_page";

interface Tick {
  id: string;
  roll: string;
  admission: string;
  seen: boolean;
  happened_at: string;
}

interface Kept {
  roll: string;
  seen: string[];
  unsent: Tick[];
}

/** One person of the roll as the box showed them last, with the card of their sitting. */
interface Line {
  card: HTMLElement;
  item: HTMLLIElement;
}

const KEY = "roll-call";
const AGAIN = 3000;

function read(): Kept {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "") as Kept;
    if (found.roll && Array.isArray(found.seen) && Array.isArray(found.unsent)) return found;
  } catch {
    // nothing kept yet
  }
  return { roll: newId(), seen: [], unsent: [] };
}

/** Somebody the box no longer names, back under their sitting. */
function putBack({ card, item }: Line): void {
  const sitting = card.dataset.rollSitting ?? "";
  let there = document.querySelector<HTMLElement>(`[data-roll-sitting="${sitting}"]`);
  if (!there) {
    there = card.cloneNode(true) as HTMLElement;
    for (const one of all("li", there)) one.remove();
    document.querySelector("#roll .empty")?.remove();
    document.querySelector("#roll")?.append(there);
  }
  if (!item.dataset.kept) {
    item.dataset.kept = "1";
    if (!item.querySelector(".roll-mark")) {
      const mark = document.createElement("span");
      mark.className = "roll-mark soft";
      mark.textContent = word("kept");
      item.querySelector("label")?.append(mark);
    }
  }
  there.querySelector("ul")?.append(item);
}

/** Begin, on the page that calls the roll. */
export function startRoll(): void {
  if (!document.querySelector("[data-roll-count]")) return;
  let kept = read();
  let sending = false;
  let begun = kept.seen.length > 0;
  const known = new Map<string, Line>();

  /** Once somebody is ticked nobody leaves the roll, whatever the box leaves out: they may be inside all the same. */
  const stay = (): void => {
    const here = new Map(all<HTMLInputElement>("[data-roll]").map((box) => [box.dataset.roll ?? "", box]));
    for (const [admission, line] of known) {
      if (here.has(admission)) continue;
      if (begun) putBack(line);
      else known.delete(admission);
    }
    for (const [admission, box] of here) {
      const card = box.closest<HTMLElement>("[data-roll-sitting]");
      const item = box.closest("li");
      if (card && item) known.set(admission, { card, item });
    }
  };

  const show = (): void => {
    const boxes = all<HTMLInputElement>("[data-roll]");
    const seen = new Set(kept.seen);
    for (const box of boxes) box.checked = seen.has(box.dataset.roll ?? "");
    const count = boxes.filter((box) => box.checked).length;
    const all_ = String(boxes.length);
    document.querySelector("[data-roll-count]")!.textContent = word("seen", { seen: String(count), all: all_ });
    document.querySelector("[data-roll-unsent]")!.textContent = kept.unsent.length
      ? word("unsent", { count: String(kept.unsent.length) })
      : "";
  };
  const keep = (): void => {
    localStorage.setItem(KEY, JSON.stringify(kept));
    show();
  };
  const send = async (): Promise<void> => {
    if (sending || !kept.unsent.length) return;
    sending = true;
    const batch = kept.unsent.slice(0, 100);
    try {
      const token = (JSON.parse(document.body.getAttribute("hx-headers") ?? "{}") as Record<string, string>)[
        "x-csrf-token"
      ];
      const answer = await fetch("/roll-call/ticks", {
        method: "POST",
        headers: { "content-type": "application/json", "x-csrf-token": token ?? "" },
        body: JSON.stringify(batch),
      });
      if (answer.ok) {
        const sent = new Set(batch.map((one) => one.id));
        kept.unsent = kept.unsent.filter((one) => !sent.has(one.id));
        keep();
      }
    } catch {
      // the box is gone: the ticks stay here and are sent when it is back
    } finally {
      sending = false;
    }
  };
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.dataset.roll) return;
    const admission = box.dataset.roll;
    begun = true;
    kept.seen = kept.seen.filter((one) => one !== admission);
    if (box.checked) kept.seen.push(admission);
    const happened_at = new Date().toISOString();
    kept.unsent.push({ id: newId(), roll: kept.roll, admission, seen: box.checked, happened_at });
    keep();
    void send();
  });
  document.querySelector("[data-roll-print]")?.addEventListener("click", () => window.print());
  document.querySelector("[data-roll-new]")?.addEventListener("click", (event) => {
    const asked = (event.target as Element).closest("details");
    if (asked) asked.open = false;
    kept = { roll: newId(), seen: [], unsent: kept.unsent };
    begun = false;
    for (const item of all("[data-kept]")) item.remove();
    for (const card of all("[data-roll-sitting]")) if (!card.querySelector("li")) card.remove();
    known.clear();
    stay();
    keep();
  });
  document.addEventListener("htmx:load", () => {
    stay();
    show();
  });
  setInterval(() => void send(), AGAIN);
  stay();
  show();
  void send();
}
