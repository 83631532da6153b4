/**
 * Sums while somebody types: the rows of a blueprint (items, points, how many items the bank has for each) and the
 * items ticked for a paper composed by hand. The box counts again when the form is sent.
 */

import { all } from "./_page";

type Cell = [kind: string, topic: string, level: number, count: number];

const KINDS = ["true_false", "single_choice", "multiple_choice"];
const cents = (text: string | undefined): number => Math.round(Number(text ?? "0") * 100) || 0;
const plain = (value: number): string => String(value / 100);
const value = (within: Element, name: string): string =>
  within.querySelector<HTMLInputElement | HTMLSelectElement>(`[name="${name}"]`)?.value ?? "";

/** Items and points in all, and whether the paper is full. */
function tell(form: HTMLFormElement, items: number, points: number): void {
  const sum = form.querySelector<HTMLElement>("[data-sum]");
  if (!sum) return;
  const full = points === 10_000;
  sum.classList.toggle("go", full);
  sum.classList.toggle("look", !full);
  const words = full ? sum.dataset.full : sum.dataset.open;
  const text = sum.querySelector("[data-text]");
  if (text) text.textContent = (words ?? "").replace("{items}", String(items)).replace("{points}", plain(points));
}

class Rows {
  private readonly cells: Cell[];

  constructor(private readonly form: HTMLFormElement) {
    this.cells = JSON.parse(form.dataset.cells ?? "[]") as Cell[];
    form.addEventListener("input", () => this.show());
    form.addEventListener("click", (event) => {
      const button = (event.target as Element).closest<HTMLElement>("[data-add-row],[data-drop-row]");
      if (!button) return;
      if (button.dataset.addRow !== undefined) this.add();
      else if (this.rows().length > 1) button.closest("tr")?.remove();
      this.show();
    });
    this.show();
  }

  private rows(): HTMLTableRowElement[] {
    return all<HTMLTableRowElement>("tr[data-row]", this.form);
  }

  /** A row like the last one, of no items. */
  private add(): void {
    const last = this.rows().at(-1);
    if (!last) return;
    const row = last.cloneNode(true) as HTMLTableRowElement;
    const kind = row.querySelector<HTMLSelectElement>("[name=row_kind]");
    const count = row.querySelector<HTMLInputElement>("[name=row_count]");
    if (kind) kind.value = value(last, "row_kind");
    if (count) count.value = "0";
    last.after(row);
    kind?.focus();
  }

  private there(row: Element): number {
    const [kind, topic, level] = [value(row, "row_kind"), value(row, "row_topic"), Number(value(row, "row_difficulty"))];
    return this.cells
      .filter((cell) => cell[0] === kind && (!topic || cell[1] === topic) && (!level || cell[2] === level))
      .reduce((sum, cell) => sum + cell[3], 0);
  }

  private show(): void {
    let [items, points] = [0, 0];
    for (const row of this.rows()) {
      const count = Math.max(0, Math.trunc(Number(value(row, "row_count"))) || 0);
      const worth = count * cents(value(this.form, `points_${value(row, "row_kind")}`));
      const there = this.there(row);
      items += count;
      points += worth;
      const [have, lack] = [row.querySelector("[data-there]"), row.querySelector<HTMLElement>("[data-lack]")];
      if (have) have.textContent = String(there);
      if (lack) {
        lack.hidden = count <= there;
        const text = lack.querySelector("[data-text]");
        if (text) text.textContent = (lack.dataset.words ?? "").replace("{count}", String(count - there));
      }
      const cell = row.querySelector("[data-worth]");
      if (cell) cell.textContent = plain(worth);
    }
    tell(this.form, items, points);
  }
}

/** The items of a bank with a tick each; filters only hide. */
class Ticks {
  constructor(private readonly form: HTMLFormElement) {
    form.addEventListener("input", () => this.show());
    this.show();
  }

  private show(): void {
    const [kind, topic, text] = ["see_kind", "see_topic", "see_text"].map((name) => value(this.form, name));
    const only = this.form.querySelector<HTMLInputElement>("[name=see_ticked]")?.checked ?? false;
    const counts = new Map<string, number>();
    for (const row of all<HTMLTableRowElement>("tr[data-kind]", this.form)) {
      const ticked = row.querySelector<HTMLInputElement>("[name=item]")?.checked ?? false;
      const own = row.dataset.kind ?? "";
      if (ticked) counts.set(own, (counts.get(own) ?? 0) + 1);
      row.hidden =
        (!!kind && own !== kind) ||
        (!!topic && row.dataset.topic !== topic) ||
        (only && !ticked) ||
        (!!text && !(row.textContent ?? "").includes(text));
    }
    let [items, points] = [0, 0];
    for (const one of KINDS) {
      const count = counts.get(one) ?? 0;
      const cell = this.form.querySelector(`[data-count="${one}"]`);
      if (cell) cell.textContent = String(count);
      items += count;
      points += count * cents(value(this.form, `points_${one}`));
    }
    tell(this.form, items, points);
  }
}

export function startBlueprint(): void {
  for (const form of all<HTMLFormElement>("form[data-cells]")) new Rows(form);
  for (const form of all<HTMLFormElement>("form[data-compose]")) new Ticks(form);
}
