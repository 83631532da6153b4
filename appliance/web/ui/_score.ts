/**
 * The examiner's sheet: large rows with minus buttons and a running total. Points are counted in hundredths, so that
 * 0.5 and 1.2 stay exact; the box computes the total again from the same losses. A signed sheet opens as it was
 * signed. What is entered survives a reload.
 */

import { all } from "./_page";

interface Row {
  item: HTMLElement;
  count: number;
  points: number;
}

const cents = (text: string | undefined): number => Math.round(Number(text ?? "0") * 100);
const key = (field: Element): string => field.closest<HTMLElement>("[data-loss]")?.dataset.loss ?? "";
const text = (value: number): string => String(value / 100);

class Sheet {
  private readonly counts = new Map<string, number>();
  private readonly vetoes = new Set<string>();

  constructor(private readonly form: HTMLFormElement) {
    this.load();
    form.addEventListener("click", (event) => {
      const button = (event.target as Element).closest<HTMLElement>("[data-minus],[data-plus],[data-unveto]");
      if (!button) return;
      if (button.dataset.unveto) this.vetoes.delete(button.dataset.unveto);
      else this.step(button.dataset.minus ?? button.dataset.plus ?? "", button.dataset.minus ? 1 : -1);
      this.show();
    });
    form.addEventListener("held", (event) => {
      const button = event.target as HTMLElement;
      if (button.dataset.veto) this.vetoes.add(button.dataset.veto);
      this.show();
    });
    form.addEventListener("input", (event) => {
      if ((event.target as Element).matches("input[data-points]")) this.show();
      else this.save();
    });
    this.show();
  }

  private step(key: string, by: number): void {
    const row = this.form.querySelector<HTMLElement>(`[data-loss="${CSS.escape(key)}"]`);
    const most = Number(row?.dataset.most ?? "0") || 99;
    const next = Math.min(most, Math.max(0, (this.counts.get(key) ?? 0) + by));
    this.counts.set(key, next);
  }

  private rows(item: HTMLElement): Row[] {
    return all("[data-loss]", item).map((element) => {
      const chosen = element.querySelector<HTMLInputElement>("input[data-points]");
      return {
        item: element,
        count: this.counts.get(element.dataset.loss ?? "") ?? 0,
        points: cents(chosen?.value || element.dataset.points),
      };
    });
  }

  private show(): void {
    let total = 0;
    let full = 0;
    const losses: object[] = [];
    for (const item of all("[data-item]", this.form)) {
      const most = cents(item.dataset.max);
      let lost = 0;
      for (const row of this.rows(item)) {
        lost += row.count * row.points;
        const count = row.item.querySelector<HTMLElement>("[data-count]");
        if (count) count.textContent = row.count ? `× ${row.count}` : "";
        row.item.classList.toggle("taken", row.count > 0);
        const back = row.item.querySelector<HTMLButtonElement>("[data-plus]");
        if (back) back.disabled = row.count === 0;
        if (row.count)
          losses.push({
            item: item.dataset.item,
            deduction: row.item.dataset.deduction,
            points: text(row.points),
            count: row.count,
          });
      }
      lost = Math.min(lost, most);
      full += most;
      total += most - lost;
      const left = item.querySelector<HTMLElement>("[data-left]");
      if (left) left.textContent = text(most - lost);
      item.classList.toggle("taken", lost > 0);
    }
    if (this.vetoes.size) total = 0;
    for (const veto of all("[data-veto-row]", this.form)) {
      veto.classList.toggle("taken", this.vetoes.has(veto.dataset.vetoRow ?? ""));
    }
    for (const sum of all("[data-total]")) {
      sum.textContent = text(total);
      sum.classList.toggle("low", total < full * 0.8);
    }
    this.field("losses").value = JSON.stringify(losses);
    this.field("vetoes").value = JSON.stringify([...this.vetoes]);
    this.save();
  }

  private field(name: string): HTMLInputElement {
    return this.form.elements.namedItem(name) as HTMLInputElement;
  }

  private save(): void {
    const note = (this.form.elements.namedItem("note") as HTMLTextAreaElement).value;
    const points = all<HTMLInputElement>("input[data-points]", this.form).map((one) => [key(one), one.value]);
    const kept = { counts: [...this.counts], points, vetoes: [...this.vetoes], note };
    sessionStorage.setItem(`sheet:${this.form.dataset.sheet}`, JSON.stringify(kept));
  }

  private load(): void {
    const kept = sessionStorage.getItem(`sheet:${this.form.dataset.sheet}`);
    if (!kept) return this.fill();
    const { counts, points, vetoes, note } = JSON.parse(kept) as {
      counts: [string, number][];
      points?: [string, string][];
      vetoes: string[];
      note: string;
    };
    for (const [one, value] of points ?? []) this.choose(one, value);
    for (const [key, count] of counts) this.counts.set(key, count);
    for (const veto of vetoes) this.vetoes.add(veto);
    (this.form.elements.namedItem("note") as HTMLTextAreaElement).value = note;
  }

  /** As the sheet was signed. */
  private fill(): void {
    const { losses = [], vetoes = [] } = JSON.parse(this.form.dataset.filled ?? "{}") as {
      losses?: { key: string; points: string; count: number }[];
      vetoes?: string[];
    };
    for (const loss of losses) {
      this.counts.set(loss.key, loss.count);
      this.choose(loss.key, loss.points);
    }
    for (const veto of vetoes) this.vetoes.add(veto);
  }

  private choose(loss: string, points: string): void {
    const row = this.form.querySelector<HTMLElement>(`[data-loss="${CSS.escape(loss)}"]`);
    const chosen = row?.querySelector<HTMLInputElement>("input[data-points]");
    if (chosen) chosen.value = points;
  }
}

/** Begin, where the page holds a sheet. */
export function startScore(): void {
  for (const form of all<HTMLFormElement>("form[data-sheet]")) new Sheet(form);
}
