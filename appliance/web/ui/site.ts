/** Every page of the box: clock, live parts, keys, presses. No page loads anything from elsewhere. */

import { startClock } from "./_clock";
import { startLive } from "./_live";
import { all } from "./_page";
import { startPress } from "./_press";
import { startRoll } from "./_roll";
import { startScore } from "./_score";

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
  document.addEventListener("error", seen, true);
  document.addEventListener("load", seen, true);
}

/** A part that reads itself again says so: the box must not take it for somebody at work. */
function startRefreshMark(): void {
  document.addEventListener("htmx:configRequest", (event) => {
    const detail = (event as CustomEvent<{ triggeringEvent?: Event; headers: Record<string, string> }>).detail;
    if (detail.triggeringEvent?.type === "refresh") detail.headers["x-refresh"] = "1";
  });
}

/** A note of what was done goes away by itself; a problem stays until the next order. */
function startNotes(): void {
  document.addEventListener("htmx:afterSwap", () => {
    for (const note of all("#done > *")) setTimeout(() => note.remove(), 6000);
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    const asked = (event as CustomEvent<{ requestConfig: { verb: string } }>).detail;
    if (asked.requestConfig.verb !== "get") document.getElementById("problem")?.replaceChildren();
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = (event as CustomEvent<{ xhr: XMLHttpRequest }>).detail;
    if (xhr.status === 401 && document.body.dataset.stay === undefined) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
  });
  document.addEventListener("changed", () => {
    for (const open of all<HTMLDetailsElement>("details[open].ask")) open.open = false;
  });
}

document.addEventListener("DOMContentLoaded", () => {
  startClock();
  startLive();
  startPress();
  startRoll();
  startScore();
  startStills();
  startNotes();
  startRefreshMark();
  if (document.body.dataset.print !== undefined) window.print();
});
