/** What the page tells its scripts: words come from the templates, so that translation stays in gettext. */

export interface Htmx {
  trigger(element: Element, name: string): void;
  process(element: Element): void;
  ajax(verb: string, path: string, how: { target: string; swap: string; select: string }): Promise<void>;
}

declare global {
  interface Window {
    htmx: Htmx;
  }
}

/** A word of the page: `data-word-stale` on the body is `word("stale")`. `{name}` fields are filled. */
export function word(name: string, fields: Record<string, string> = {}): string {
  let text = document.body.getAttribute(`data-word-${name}`) ?? "";
  for (const [key, value] of Object.entries(fields)) text = text.replace(`{${key}}`, value);
  return text;
}

/** An id as the box makes them: 32 hex digits. */
export const newId = (): string => crypto.randomUUID().replaceAll("-", "");

/** Every element that matches, as an array. */
export function all<T extends Element = HTMLElement>(selector: string, within: ParentNode = document): T[] {
  return [...within.querySelectorAll<T>(selector)];
}

/** Is the person typing? Then single keys are letters, not orders. */
export function typing(): boolean {
  const at = document.activeElement;
  return at instanceof HTMLInputElement || at instanceof HTMLTextAreaElement || at instanceof HTMLSelectElement;
}
