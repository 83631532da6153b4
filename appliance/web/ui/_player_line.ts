/** The time line under the pictures: what each camera has, what it has not, what happened; zoomed and dragged. */

import { word } from "./_page";
import { type Mark, make, placeAt, second, timeText, type Visit } from "./_player_film";
import { damaged } from "./_player_stretch";

const NS = "http://www.w3.org/2000/svg";
const STEPS = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200].map((one) => one * 1000);
const LEAST = 10_000;
const ROW = 24;
const MARKS = 28;
const AXIS = 20;
/** Signs by what a mark is: shape and colour. */
const SHAPES: Record<string, string> = {
  admission: "M0-7A7 7 0 1 1 0 7A7 7 0 1 1 0-7z",
  refusal: "M-6-4L-4-6L0-2L4-6L6-4L2 0L6 4L4 6L0 2L-4 6L-6 4L-2 0z",
  seat: "M-6-6H6V6H-6z",
  answer: "M-1-5H1V5H-1z",
  deduction: "M0-8L7 0L0 8L-7 0z",
  warning: "M0-8L8 6H-8z",
  violation: "M-3-8H3L8-3V3L3 8H-3L-8 3V-3z",
  capture: "M-5-4H5V4H-5z",
  case: "M0-8L8 6H-8z",
  sitting: "M-1-9H1V9H-1z",
};

function shape<K extends keyof SVGElementTagNameMap>(kind: K, fields: Record<string, string | number>): SVGElementTagNameMap[K] {
  const made = document.createElementNS(NS, kind);
  for (const [name, value] of Object.entries(fields)) made.setAttribute(name, String(value));
  return made;
}

/** What is not on record: stripes, so that it is not told by its colour alone. */
function hatch(): SVGElement {
  const pattern = shape("pattern", { id: "gap-hatch", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  pattern.append(shape("rect", { class: "gap-ground", width: 8, height: 8 }), shape("rect", { class: "gap-stripe", width: 3, height: 8 }));
  return pattern;
}

export class Line {
  readonly picture = shape("svg", { class: "line", tabindex: 0, role: "slider" });
  /** In and out of what is to be taken away. */
  chosen: [number, number] | null = null;
  onSeek: (at: number) => void = () => undefined;
  sorts = new Set<string>();
  private from: number;
  private to: number;
  private now = 0;
  private readonly head = shape("line", { class: "head" });
  private readonly band = shape("rect", { class: "band" });

  constructor(
    private visit: Visit,
    private readonly labels: HTMLElement,
    private readonly choose: (camera: string) => void,
    private readonly hidden: Set<string>,
  ) {
    [this.from, this.to] = [visit.start, visit.end];
    this.picture.setAttribute("aria-label", word("line"));
    this.picture.addEventListener("pointerdown", (event) => {
      this.picture.setPointerCapture(event.pointerId);
      this.onSeek(second(this.moment(event.offsetX)));
    });
    this.picture.addEventListener("pointermove", (event) => {
      if (event.buttons & 1) this.onSeek(second(this.moment(event.offsetX)));
    });
    this.picture.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom(event.deltaY < 0 ? 0.7 : 1 / 0.7, this.moment(event.offsetX));
      },
      { passive: false },
    );
    new ResizeObserver(() => this.draw()).observe(this.picture);
  }

  show(visit: Visit): void {
    this.visit = visit;
    this.chosen = null;
    [this.from, this.to] = [visit.start, visit.end];
    this.draw();
  }

  private get width(): number {
    return this.picture.clientWidth || 800;
  }

  private x(at: number): number {
    return ((at - this.from) / (this.to - this.from)) * this.width;
  }

  private moment(x: number): number {
    return this.from + (x / this.width) * (this.to - this.from);
  }

  /** Less than 1: nearer. */
  zoom(by: number, around = this.now): void {
    const whole = this.visit.end - this.visit.start;
    const length = Math.max(Math.min(LEAST, whole), Math.min(whole, (this.to - this.from) * by));
    const share = Math.max(0, Math.min(1, (around - this.from) / (this.to - this.from)));
    const from = Math.max(this.visit.start, Math.min(around - share * length, this.visit.end - length));
    [this.from, this.to] = [from, from + length];
    this.draw();
  }

  whole(): void {
    this.zoom(Number.POSITIVE_INFINITY);
  }

  /** Put the head where the player is; the view follows. */
  follow(now: number): void {
    this.now = now;
    const length = this.to - this.from;
    if (now > this.to || now < this.from) {
      this.from = Math.max(this.visit.start, Math.min(now - length * 0.1, this.visit.end - length));
      this.to = this.from + length;
      this.draw();
    }
    this.point();
  }

  private point(): void {
    const { now } = this;
    const x = this.x(now);
    this.head.setAttribute("x1", String(x));
    this.head.setAttribute("x2", String(x));
    this.picture.setAttribute("aria-valuetext", timeText(now));
    this.picture.setAttribute("aria-valuenow", String(Math.round((now - this.visit.start) / 1000)));
  }

  draw(): void {
    const { visit } = this;
    const height = MARKS + visit.rows.length * ROW + AXIS;
    this.picture.setAttribute("height", String(height));
    this.picture.setAttribute("aria-valuemin", "0");
    this.picture.setAttribute("aria-valuemax", String(Math.round((visit.end - visit.start) / 1000)));
    const parts: SVGElement[] = [hatch(), this.axis(height)];
    for (const [number, row] of visit.rows.entries()) {
      const y = MARKS + number * ROW + 3;
      const bar = (kind: string, start: number, end: number, title: string, least = 1, low = 0): void => {
        if (this.x(end) < 0) return; // the least width is for what lies in view
        const x = Math.max(-2, this.x(start));
        const width = Math.max(least, Math.min(this.x(end), this.width + 2) - x);
        if (x > this.width) return;
        const drawn = shape("rect", { class: kind, x, y: y + low, width, height: ROW - 6 - low });
        const said = shape("title", {});
        said.textContent = title;
        drawn.append(said);
        parts.push(drawn);
      };
      for (const [start, end] of row.spans) bar("ground", start, end, placeAt(row, start));
      for (const piece of row.pieces) {
        for (const [start, end] of row.spans) {
          const [first, last] = [Math.max(start, piece.start), Math.min(end, piece.end)];
          const said = [row.name, `${timeText(first)} – ${timeText(last)}`, piece.filled ? `· ${word("filled")}` : ""].join(" ");
          if (first >= last) continue;
          if (damaged(piece)) bar("lost", first, last, word(`lost-${piece.lost || "unreadable"}`, { from: timeText(first), to: timeText(last) }), 4);
          else bar(piece.where ? "away" : piece.filled ? "recorded filled" : "recorded", first, last, said);
        }
      }
      for (const one of row.damaged ?? []) bar("lost", one.start, one.end, `${row.name} ${timeText(one.start)} – ${timeText(one.end)}: ${one.what}`, 4);
      for (const gap of row.gaps) {
        bar("gap", gap.start, gap.end, word("gap", { from: timeText(gap.start), to: timeText(gap.end), cause: gap.cause }), 4);
      }
      for (const one of row.alarms) {
        bar("alarm", one.start, one.end, word("alarm", { from: timeText(one.start), to: timeText(one.end), what: one.what }), 4, ROW - 14);
      }
    }
    for (const mark of visit.marks) if (this.sorts.has(mark.sort)) parts.push(this.mark(mark));
    this.head.setAttribute("y1", "0");
    this.head.setAttribute("y2", String(height));
    this.band.setAttribute("y", "0");
    this.band.setAttribute("height", String(height - AXIS));
    this.band.setAttribute("width", "0");
    if (this.chosen) {
      this.band.setAttribute("x", String(this.x(this.chosen[0])));
      this.band.setAttribute("width", String(Math.max(1, this.x(this.chosen[1]) - this.x(this.chosen[0]))));
    }
    this.picture.replaceChildren(...parts, this.band, this.head);
    this.names();
    this.point();
  }

  private axis(height: number): SVGElement {
    const group = shape("g", { class: "axis" });
    const step = STEPS.find((one) => (one / (this.to - this.from)) * this.width >= 90) ?? 7_200_000;
    for (let at = Math.ceil(this.from / step) * step; at <= this.to; at += step) {
      const x = this.x(at);
      group.append(shape("line", { x1: x, x2: x, y1: MARKS, y2: height - AXIS + 4 }));
      const label = shape("text", { x: Math.max(30, Math.min(x, this.width - 30)), y: height - 4, "text-anchor": "middle" });
      label.textContent = timeText(at);
      group.append(label);
    }
    return group;
  }

  private mark(mark: Mark): SVGElement {
    const x = this.x(mark.at);
    const sign = shape("path", { class: `mark ${mark.sort}`, d: SHAPES[mark.sort] ?? "", transform: `translate(${x} ${MARKS / 2})` });
    const said = shape("title", {});
    said.textContent = [timeText(mark.at), mark.word, mark.who, mark.more].filter(Boolean).join(" · ");
    sign.append(said);
    sign.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      this.onSeek(second(mark.at));
    });
    return sign;
  }

  private names(): void {
    const made = this.visit.rows.map((row) => {
      const button = make("button", "camera-name", row.name);
      button.type = "button";
      button.title = `${[row.camera, ...new Set(row.places.map((one) => one.place))].join(" · ")}`;
      button.setAttribute("aria-pressed", String(!this.hidden.has(row.camera)));
      button.addEventListener("click", () => {
        this.choose(row.camera);
        this.names();
      });
      return button;
    });
    const at = [...this.labels.children].indexOf(document.activeElement as Element);
    this.labels.replaceChildren(...made);
    if (at >= 0) made[at]?.focus();
  }
}

/** A sign for the list of marks. */
export function signOf(sort: string): SVGElement {
  const drawn = shape("svg", { viewBox: "-10 -10 20 20", class: "mark-sign", "aria-hidden": "true" });
  drawn.append(shape("path", { class: `mark ${sort}`, d: SHAPES[sort] ?? "" }));
  return drawn;
}
