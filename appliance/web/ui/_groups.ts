/**
 * A code in groups: a full group leads to the next, and a whole code that is pasted is shared out among them. A group
 * that is come back to is chosen whole: typing puts it right, and never runs over into the next.
 */

import { all } from "./_page";

const digits = (text: string): string => text.normalize("NFKC").replace(/\D/g, "");

export function startGroups(): void {
  document.addEventListener("focusin", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.matches("[data-groups] input")) event.target.select();
  });
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || !field.matches("[data-groups] input")) return;
    const fields = all<HTMLInputElement>("input", field.closest("[data-groups]") ?? document);
    const at = fields.indexOf(field);
    const size = Number(field.dataset.size);
    const pasted = event instanceof InputEvent && event.inputType === "insertFromPaste";
    let rest = pasted ? digits(field.value) : digits(field.value).slice(0, size);
    for (const one of fields.slice(at)) {
      one.value = rest.slice(0, size);
      rest = rest.slice(size);
      if (one.value.length === size) fields[fields.indexOf(one) + 1]?.focus();
      if (!rest) break;
    }
  });
}
