/**
 * The entry screen follows its lane by itself; nothing on it can be touched. It speaks what it shows, once, and while a
 * face is looked at it shows the person what the camera sees, with an oval to stand in. No picture outlives that.
 */

const VIEW_EVERY = 140;

document.addEventListener("contextmenu", (event) => event.preventDefault());
document.addEventListener("selectstart", (event) => event.preventDefault());

const byId = (id: string): HTMLElement | null => document.getElementById(id);

let said = "";

/** Speak what is shown now, when it is new. What stood there before the page was opened is not spoken. */
function speak(first: boolean): void {
  const shown = byId("entry");
  const sound = byId("voice") as HTMLAudioElement | null;
  if (!shown || !sound) return;
  const code = shown.dataset.say ?? "";
  const now = code ? `${code} ${shown.dataset.of ?? ""}` : "";
  if (now === said) return;
  said = now;
  if (!code || first) return;
  sound.src = `${sound.dataset.from}${code}`;
  sound.play().then(
    () => {
      document.body.dataset.played = `${document.body.dataset.played ?? ""} ${code}`.trim();
    },
    () => undefined, // no voice on this box: the screen says it
  );
}

function dark(): void {
  const mirror = byId("mirror");
  if (!mirror || mirror.hidden) return;
  mirror.hidden = true;
  document.body.classList.remove("seeing");
  mirror.querySelector("img")?.removeAttribute("src");
}

async function look(): Promise<void> {
  const mirror = byId("mirror");
  if (!mirror || byId("entry")?.dataset.shown !== "face") {
    dark();
    return;
  }
  const next = new Image();
  next.src = `${mirror.dataset.camera}?t=${Date.now()}`;
  try {
    await next.decode();
  } catch {
    dark();
    return;
  }
  const place = document.querySelector(".show-face .picture")?.getBoundingClientRect();
  const image = mirror.querySelector("img");
  if (!place || !image || byId("entry")?.dataset.shown !== "face") return;
  image.src = next.src;
  const height = Math.min(place.height, (window.innerWidth * 0.9 * 9) / 16);
  mirror.style.height = `${height}px`;
  mirror.style.top = `${place.top + place.height / 2}px`;
  mirror.hidden = false;
  document.body.classList.add("seeing");
}

async function watch(): Promise<void> {
  for (;;) {
    await look();
    await new Promise((again) => setTimeout(again, VIEW_EVERY));
  }
}

document.addEventListener("DOMContentLoaded", () => {
  speak(true);
  void watch();
  document.addEventListener("htmx:afterSettle", () => speak(false));
});

export {};
