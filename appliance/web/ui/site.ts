/** Every page of the box: clock, live parts, keys, presses. No page loads anything from elsewhere. */

import { startBlueprint } from "./_blueprint";
import { startClock } from "./_clock";
import { startFields } from "./_fields";
import { startGroups } from "./_groups";
import { startLive } from "./_live";
import { all, newId, word } from "./_page";
import { startPress } from "./_press";
import { startRoll } from "./_roll";
import { startScore } from "./_score";
import { startTalk } from "./_talk";

/** Pictures that are taken again every few seconds; a missing one shows the words beside it. */
function startStills(): void {
  setInterval(() => {
    if (document.hidden) return;
    for (const still of all<HTMLImageElement>("img[data-still]")) {
      still.src = `${still.dataset.still}?at=${Date.now()}`;
    }
  }, 5000);
  const seen = (event: Event): void => {
    if (event.target instanceof HTMLImageElement) {
      event.target.classList.toggle("missing", event.type === "error");
    }
  };
  // One that failed before this script was there.
  for (const image of all<HTMLImageElement>("img")) image.classList.toggle("missing", image.complete && image.src !== "" && image.naturalWidth === 0);
  document.addEventListener("error", seen, true);
  document.addEventListener("load", seen, true);
}

/** A page that is shown again (the browser's way back) is for another person: its id is another one as well. */
function startFreshIds(): void {
  window.addEventListener("pageshow", () => {
    for (const field of all<HTMLInputElement>("[data-fresh-id]")) field.value = newId();
  });
}

/** A part that reads itself again says so: the box must not take it for somebody at work. */
function startRefreshMark(): void {
  document.addEventListener("htmx:configRequest", (event) => {
    const detail = (event as CustomEvent<{ triggeringEvent?: Event; headers: Record<string, string> }>).detail;
    if (detail.triggeringEvent?.type === "refresh") detail.headers["x-refresh"] = "1";
  });
}

/** A search field whose text is replaced by the next one that is typed. */
function startSearch(): void {
  document.addEventListener("focusin", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.dataset.again !== undefined) event.target.select();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    // Only after the search itself: other parts of the page are read again while somebody types.
    const { requestConfig } = (event as CustomEvent<{ requestConfig: { elt: Element } }>).detail;
    if (requestConfig.elt instanceof HTMLFormElement) requestConfig.elt.querySelector<HTMLInputElement>("input[data-again]")?.select();
  });
}

/** A note of what was done goes away by itself, and with the next person; a problem stays until the next order. */
function startNotes(): void {
  const passing = () => {
    for (const note of all("#done > *")) setTimeout(() => note.remove(), 6000);
  };
  passing();
  const asked = new URL(location.href);
  if (asked.searchParams.has("given")) {
    // Told by the page before this one, and once: read again, the page does not say it again.
    for (const name of ["given", "minutes"]) asked.searchParams.delete(name);
    history.replaceState(null, "", asked);
  }
  document.addEventListener("htmx:afterSwap", passing);
  document.addEventListener("htmx:beforeRequest", (event) => {
    const asked = (event as CustomEvent<{ requestConfig: { verb: string } }>).detail;
    if (asked.requestConfig.verb !== "get") document.getElementById("problem")?.replaceChildren();
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr, elt } = (event as CustomEvent<{ xhr: XMLHttpRequest; elt: Element }>).detail;
    // A wrong password is typed anew, not behind the old one; and the notice above moved the form.
    const secrets = all<HTMLInputElement>("input[type=password]", elt);
    for (const field of secrets) field.value = "";
    if (secrets.length) requestAnimationFrame(() => secrets[0]?.scrollIntoView({ block: "center" }));
    // Not the password was wrong, but whose it is.
    if (/same_person|second_/.test(xhr.responseText)) all<HTMLInputElement>("[name=second_login]", elt)[0]?.select();
    if (xhr.status === 401 && document.body.dataset.stay === undefined) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
  });
  for (const silent of ["htmx:timeout", "htmx:sendError"]) {
    document.addEventListener(silent, (event) => {
      const asked = (event as CustomEvent<{ requestConfig: { verb: string } }>).detail.requestConfig;
      // What a page reads by itself it reads again.
      if (asked.verb !== "get") document.getElementById("problem")?.replaceChildren(word("away"));
    });
  }
  document.addEventListener("other", () => document.getElementById("done")?.replaceChildren());
  document.addEventListener("changed", () => {
    for (const open of all<HTMLDetailsElement>("details[open].ask")) {
      if (open.contains(document.activeElement)) (document.activeElement as HTMLElement).blur();
      open.open = false;
    }
    if (document.querySelector("main.desk")) window.scrollTo({ top: 0 });
  });
}

document.addEventListener("DOMContentLoaded", () => {
  startBlueprint();
  startClock();
  startFields();
  startGroups();
  startLive();
  startPress();
  startRoll();
  startScore();
  startTalk();
  startStills();
  startFreshIds();
  startNotes();
  startSearch();
  startRefreshMark();
  if (document.body.dataset.print !== undefined) window.print();
});
