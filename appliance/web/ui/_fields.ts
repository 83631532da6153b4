/**
 * Fields speak the language of the page, not the browser's: what is missing or wrong in one, which file was chosen, and
 * days and times as the site writes them (2026-11-22, 2026-11-22 09:00). The words stand in the page (base.html).
 */

import { all } from "./_page";

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const isField = (one: unknown): one is Field =>
  one instanceof HTMLInputElement || one instanceof HTMLSelectElement || one instanceof HTMLTextAreaElement;

const words = (): Record<string, string> => JSON.parse(document.body.dataset.fields ?? "{}") as Record<string, string>;

/** Which of the page's words tells what is wrong with a field. */
function fault(field: Field): string {
  const state = field.validity;
  if (state.valueMissing) {
    if (field instanceof HTMLSelectElement || field.type === "radio") return "choose";
    return { checkbox: "tick", file: "file" }[field.type] ?? "fill";
  }
  if (field.dataset.when) return field.dataset.when;
  if (state.rangeUnderflow || state.rangeOverflow) {
    const both = field.getAttribute("min") && field.getAttribute("max");
    return both ? "between" : state.rangeUnderflow ? "least" : "most";
  }
  if (state.badInput || state.stepMismatch) return "number";
  return state.tooLong ? "long" : "form";
}

function tell(field: Field): void {
  field.setCustomValidity("");
  if (field.validity.valid) return;
  const text = (words()[fault(field)] ?? "")
    .replace("{min}", field.getAttribute("min") ?? "")
    .replace("{max}", field.getAttribute("max") ?? "")
    .replace("{count}", field.getAttribute("maxlength") ?? "");
  field.setCustomValidity(text);
}

/** A form is looked at anew: what was said of its fields before no longer holds it back. */
function forget(form: HTMLFormElement | null): void {
  for (const one of form?.elements ?? []) if (isField(one)) one.setCustomValidity("");
}

/** What was typed as a day or a time, as the site writes it; anything else stays as it is. */
export function written(text: string): string {
  const plain = text.normalize("NFKC").trim();
  const parts =
    /^(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2}))?$/.exec(plain) ??
    /^(\d{4})\D(\d{1,2})\D(\d{1,2})(?:\D+(\d{1,2})\D(\d{1,2}))?\D?$/.exec(plain);
  if (!parts) return text;
  const [year, month, day, hour, minute] = parts.slice(1).map((one) => one?.padStart(2, "0"));
  return `${year}-${month}-${day}${hour ? ` ${hour}:${minute}` : ""}`;
}

function changed(event: Event): void {
  const field = event.target;
  if (!(field instanceof HTMLInputElement)) return;
  if (field.dataset.when) field.value = written(field.value);
  if (field.type !== "file") return;
  const name = field.closest("label")?.querySelector<HTMLElement>("[data-none]");
  if (name) name.textContent = [...(field.files ?? [])].map((one) => one.name).join(", ") || (name.dataset.none ?? "");
}

/** Begin. */
export function startFields(): void {
  document.addEventListener("invalid", (event) => isField(event.target) && tell(event.target), true);
  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => isField(event.target) && forget(event.target.form), true);
  }
  document.addEventListener("change", changed, true);
  document.addEventListener(
    "click",
    (event) => event.target instanceof Element && forget(event.target.closest("button")?.form ?? null),
    true,
  );
  // A file that was chosen before the browser's way back is still chosen.
  window.addEventListener("pageshow", () => {
    for (const field of all<HTMLInputElement>("input[type=file]")) field.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
