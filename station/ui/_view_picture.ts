// Pictures on the paper: shown where they stand in the text, enlarged by click or key, in words when they cannot be shown.

import { h, sign } from "./_dom";
import { dialog } from "./_view";
import { t } from "./_words";
import { partsOf } from "./_wording";
import type { Picture, Words } from "./_wire";

/** Pauses before a picture is tried again, in ms: doubled each time. */
const AGAIN = 4000;
const LONGEST = 60_000;
/** Height in px up to which a picture stands in its line, as a sign does. */
const LINE = 56;
/** A small picture is enlarged so many times, a large one to the screen. */
const MOST = 6;

/** Where an image finds a picture of the paper, by the picture's name. */
export type Address = (picture: string) => Promise<string>;

function name(picture: Picture): string {
  return picture.alt || t("picture");
}

/** The picture, or the words that stand for it while it cannot be shown. */
function image(picture: Picture, address: Address): HTMLElement {
  const frame = h("span", { class: "frame" });
  let pause = AGAIN;
  const shown = h("img", {
    alt: name(picture),
    decoding: "async",
    onload: () => {
      frame.classList.remove("missing");
      frame.classList.toggle("own-line", shown.naturalHeight > LINE);
    },
    onerror: missing,
  });

  function missing(): void {
    frame.classList.add("missing");
    setTimeout(() => frame.isConnected && look(), pause);
    pause = Math.min(pause * 2, LONGEST);
  }

  function look(): void {
    address(picture.picture).then((found) => shown.setAttribute("src", found), missing);
  }

  look();
  const words = h("span", { class: "instead" }, sign("warn"), h("b", {}, name(picture)), h("span", {}, t("picture_missing")));
  frame.append(shown, words);
  return frame;
}

/** A text with its pictures. With `enlarge` (a stem) each is a button that tells its place among them; in an option a
picture belongs to the choice. */
export function passage(words: Words, address: Address, enlarge: ((place: number) => void) | null): Node[] {
  let count = 0;
  return partsOf(words).map((part) => {
    if (typeof part === "string") return document.createTextNode(part.replace(/（\s*）/g, "（\u00a0\u00a0）"));
    if (!enlarge) return image(part, address);
    const place = count++;
    return h(
      "button",
      { type: "button", class: "picture", onclick: () => enlarge(place) },
      image(part, address),
      h("span", { class: "unseen" }, t("enlarge")),
    );
  });
}

/** The button beside an option's picture. It enlarges and chooses nothing. */
export function enlarger(letter: string, enlarge: () => void): HTMLElement {
  const press = (event: Event) => {
    event.preventDefault();
    enlarge();
  };
  return h(
    "button",
    { type: "button", class: "quiet enlarge", "aria-label": `${t("enlarge")} ${letter}`, onclick: press },
    sign("enlarge"),
  );
}

/** A picture of a question and the letter of the option it belongs to; empty: it belongs to what is asked. */
export interface Placed {
  picture: Picture;
  letter: string;
}

/** All pictures of a question, large, one at a time; `goesOn` false closes it: the paper is no longer there.

The words of a picture are not shown beside it: they may say what is asked for. */
export function viewer(pictures: Placed[], address: Address, start: number, goesOn: () => boolean): void {
  let at = start;
  const large = h("img", { class: "large", onload: fit });
  const count = h("span", { class: "count" });
  const turn = (by: number) => () => turnTo(at + by);
  const back = h("button", { type: "button", class: "plain", "aria-label": t("previous"), onclick: turn(-1) }, sign("left"));
  const on = h("button", { type: "button", class: "plain", "aria-label": t("next"), onclick: turn(1) }, sign("right"));
  const close = h("button", { type: "button", class: "primary", onclick: () => box.close() }, t("close"));
  const several = pictures.length > 1;
  const box = dialog("viewer", "", [h("div", { class: "stage" }, large)], several ? [back, on, close] : [close]);
  const title = box.querySelector("h2");
  box.querySelector(".buttons")?.prepend(...(several ? [count] : []));

  /** The largest size at which the whole picture is seen, a small one not more than `MOST` times its own. */
  function fit(): void {
    const { naturalWidth: width, naturalHeight: height } = large;
    if (!width || !height) return;
    const scale = Math.min(MOST, (innerWidth * 0.9) / width, (innerHeight * 0.7) / height);
    large.width = Math.round(width * scale);
    large.height = Math.round(height * scale);
  }

  function turnTo(place: number): void {
    if (place < 0 || place >= pictures.length) return;
    at = place;
    large.removeAttribute("width");
    large.removeAttribute("height");
    const { picture, letter } = pictures[at];
    large.alt = name(picture);
    void address(picture.picture).then((found) => place === at && large.setAttribute("src", found), () => undefined);
    if (title) title.textContent = letter ? t("picture_option", { letter }) : t("picture");
    count.textContent = t("picture_of", { n: at + 1, all: pictures.length });
    back.disabled = at === 0;
    on.disabled = at === pictures.length - 1;
    if (document.activeElement === document.body) close.focus();
  }

  box.addEventListener("keydown", (event) => {
    const key = event.key;
    if (key === "ArrowLeft" || key === "PageUp" || key === "-") turnTo(at - 1);
    else if (key === "ArrowRight" || key === "PageDown" || key === "+") turnTo(at + 1);
    else if (key.toUpperCase() === "Z" || key === "/") box.close();
    else return;
    event.preventDefault();
  });
  const watching = setInterval(() => goesOn() || box.close(), 500);
  box.addEventListener("close", () => clearInterval(watching));
  turnTo(start);
  close.focus();
}
