/** The box's time in the site's zone: clocks, countdowns and "for how long" marks. */

import { all } from "./_page";

let offset = 0;
let format: Intl.DateTimeFormat;

/** Milliseconds since 1970 by the box's clock. */
export function boxNow(): number {
  return Date.now() + offset;
}

/** 09:05:12 in the site's zone. */
export function clockText(moment: number): string {
  return format.format(moment);
}

/** Correct the offset by the box's time (ISO 8601) that has just arrived. */
export function setBoxTime(iso: string): void {
  const moment = Date.parse(iso);
  if (Number.isFinite(moment)) offset = moment - Date.now();
}

/** 1:23:45, or 23:45 below an hour; never negative. */
export function remaining(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const h = Math.floor(left / 3600);
  const m = Math.floor((left % 3600) / 60);
  return h ? `${h}:${two(m)}:${two(left % 60)}` : `${m}:${two(left % 60)}`;
}

function show(): void {
  const now = boxNow();
  for (const clock of all("[data-clock]")) clock.textContent = clockText(now);
  for (const mark of all("[data-until]")) {
    const left = (Date.parse(mark.dataset.until ?? "") - now) / 1000;
    mark.textContent = remaining(left);
    mark.classList.toggle("soon", left < 600 && left >= 180);
    mark.classList.toggle("last", left < 180);
  }
  for (const button of all<HTMLButtonElement>("[data-open-until]")) {
    if (now >= Date.parse(button.dataset.openUntil ?? "")) button.disabled = true;
  }
  for (const mark of all("[data-since]")) {
    mark.textContent = remaining((now - Date.parse(mark.dataset.since ?? "")) / 1000);
  }
}

/** Begin: the page says the box's time and zone on <html>. */
export function startClock(): void {
  const root = document.documentElement.dataset;
  setBoxTime(root.now ?? "");
  format = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
    timeZone: root.zone || "Asia/Shanghai",
  });
  show();
  setInterval(show, 1000);
  document.addEventListener("htmx:afterSettle", show);
}
