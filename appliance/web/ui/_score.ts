/**
 * The examiner's sheet: large rows with minus buttons and a running total. Every press keeps the points it took; the
 * field of a range gives the points of the next press and nothing else. Points are counted in hundredths, so that
 * 0.5 and 1.2 stay exact; the box computes the total again from the same losses. A signed sheet opens as it was
 * signed. What is entered survives a reload. When each press was made goes with the sheet: the recordings are marked there.
 */

import { all } from "./_page";

const cents = (text: string | undefined): number => Math.round(Number(text ?? "0") * 100);
const key = (field: Element): string => field.closest<HTMLElement>("[data-loss]")?.dataset.loss ?? "";
const text = (value: number): string => String(value / 100);

/** `at`: when, ms since 1970; 0 = not known, of a sheet that was signed before. */
interface Press {
  points: number;
  at: number;
}

class Sheet {
  /** Row -> its presses, oldest first. */
  private readonly presses = new Map<string, Press[]>();
  /** Veto -> when. */
  private readonly vetoes = new Map<string, number>();
  private times: { losses: number[]; vetoes: number[] } = { losses: [], vetoes: [] };

  constructor(private readonly form: HTMLFormElement) {
    this.load();
    form.addEventListener("click", (event) => {
      const button = (event.target as Element).closest<HTMLElement>("[data-minus],[data-plus],[data-unveto]");
      if (!button) return;
      if (button.dataset.unveto) this.vetoes.delete(button.dataset.unveto);
      else if (button.dataset.minus) this.take(button.dataset.minus);
      else this.of(button.dataset.plus ?? "").pop();
      this.show();
    });
    form.addEventListener("held", (event) => {
      const button = event.target as HTMLElement;
      if (button.dataset.veto) this.vetoes.set(button.dataset.veto, Date.now());
      this.show();
    });
    form.addEventListener("input", (event) => {
      const field = event.target as HTMLElement;
      if (field.matches("input[data-points]")) this.refuse(field.closest<HTMLElement>("[data-loss]"), false);
      this.save();
    });
    form.addEventListener("htmx:configRequest", (event) => {
      const sent = (event as CustomEvent<{ parameters: Record<string, string> }>).detail.parameters;
      sent.presses = JSON.stringify({ sent: Date.now(), ...this.times });
    });
    this.show();
  }

  private of(key: string): Press[] {
    const known = this.presses.get(key) ?? [];
    this.presses.set(key, known);
    return known;
  }

  private row(key: string): HTMLElement | null {
    return this.form.querySelector<HTMLElement>(`[data-loss="${CSS.escape(key)}"]`);
  }

  /** One press: what it takes stays, whatever the field says later. A number out of range takes nothing. */
  private take(key: string): void {
    const row = this.row(key);
    if (!row || this.of(key).length >= Number(row.dataset.most)) return;
    const field = row.querySelector<HTMLInputElement>("input[data-points]");
    const points = field ? (field.value ? cents(field.value) : NaN) : cents(row.dataset.points);
    const good = !field || (field.validity.valid && points >= cents(field.min) && points <= cents(field.max));
    this.refuse(row, !good);
    if (good) this.of(key).push({ points, at: Date.now() });
    else field?.focus();
  }

  private refuse(row: HTMLElement | null, refused: boolean): void {
    const told = row?.querySelector<HTMLElement>("[data-refused]");
    if (told) told.hidden = !refused;
    row?.querySelector("input[data-points]")?.setAttribute("aria-invalid", String(refused));
  }

  private show(): void {
    let total = 0;
    let full = 0;
    const losses: object[] = [];
    this.times = { losses: [], vetoes: [...this.vetoes.values()] };
    for (const item of all("[data-item]", this.form)) {
      const most = cents(item.dataset.max);
      let lost = 0;
      for (const row of all("[data-loss]", item)) {
        const taken = this.of(row.dataset.loss ?? "");
        const count = row.querySelector<HTMLElement>("[data-count]");
        const listed = row.querySelector("input[data-points]") ? taken.map((one) => `−${text(one.points)}`).join(" ") : "";
        if (count) count.textContent = taken.length ? listed || `× ${taken.length}` : "";
        row.classList.toggle("taken", taken.length > 0);
        const back = row.querySelector<HTMLButtonElement>("[data-plus]");
        if (back) back.disabled = taken.length === 0;
        const minus = row.querySelector<HTMLButtonElement>("[data-minus]");
        if (minus) minus.disabled = taken.length >= Number(row.dataset.most);
        for (const { points, at } of taken) {
          lost += points;
          this.times.losses.push(at);
          losses.push({ item: item.dataset.item, deduction: row.dataset.deduction, points: text(points) });
        }
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
    this.field("vetoes").value = JSON.stringify([...this.vetoes.keys()]);
    this.save();
  }

  private field(name: string): HTMLInputElement {
    return this.form.elements.namedItem(name) as HTMLInputElement;
  }

  private save(): void {
    const note = (this.form.elements.namedItem("note") as HTMLTextAreaElement).value;
    const points = all<HTMLInputElement>("input[data-points]", this.form).map((one) => [key(one), one.value]);
    const kept = { presses: [...this.presses], points, vetoes: [...this.vetoes], note };
    sessionStorage.setItem(`sheet:${this.form.dataset.sheet}`, JSON.stringify(kept));
  }

  private load(): void {
    const kept = sessionStorage.getItem(`sheet:${this.form.dataset.sheet}`);
    if (!kept) return this.fill();
    const { presses, points, vetoes, note } = JSON.parse(kept) as {
      presses?: [string, Press[]][];
      points?: [string, string][];
      vetoes: [string, number][];
      note: string;
    };
    for (const [one, value] of points ?? []) this.choose(one, value);
    for (const [one, taken] of presses ?? []) this.presses.set(one, taken);
    for (const [veto, at] of vetoes) this.vetoes.set(veto, at);
    (this.form.elements.namedItem("note") as HTMLTextAreaElement).value = note;
  }

  /** As the sheet was signed. */
  private fill(): void {
    const { losses = [], vetoes = [] } = JSON.parse(this.form.dataset.filled ?? "{}") as {
      losses?: { key: string; points: string; count: number }[];
      vetoes?: string[];
    };
    for (const loss of losses) this.of(loss.key).push(...Array<Press>(loss.count).fill({ points: cents(loss.points), at: 0 }));
    for (const veto of vetoes) this.vetoes.set(veto, 0);
  }

  private choose(key: string, points: string): void {
    const chosen = this.row(key)?.querySelector<HTMLInputElement>("input[data-points]");
    if (chosen) chosen.value = points;
  }
}

/** Begin, where the page holds a sheet. */
export function startScore(): void {
  for (const form of all<HTMLFormElement>("form[data-sheet]")) new Sheet(form);
}
