// The invigilator speaks with the candidate: the page answers by itself, shows it, and both are heard and recorded.
// The candidate cannot hang up; the exam goes on beside it.

import { Conversation, microphone } from "../../appliance/wire/talk";
import { h, sign, write } from "./_dom";
import { t } from "./_words";

const ROOT = "/station/api/talk";

export class Talk {
  private readonly text = h("span", {});
  private readonly bar = h("div", { class: "talking", role: "status", hidden: true }, sign("voice"), this.text);
  private now: Conversation | null = null;
  /** The last conversation this page took part in: one that broke is not answered again. */
  private answered = "";

  constructor(private readonly csrf: () => string) {}

  /** What the box said of an open conversation: its id, empty = none. */
  heard(talk: string): void {
    if (talk && talk !== this.answered) void this.answer(talk);
    else if (!talk) this.now?.end();
  }

  private async answer(talk: string): Promise<void> {
    this.answered = talk;
    this.now?.end();
    const headers = () => ({ "x-csrf-token": this.csrf() });
    const mine = new Conversation(`${ROOT}/${talk}`, headers, () => {
      this.bar.hidden = true;
      document.body.classList.remove("in-talk");
    });
    this.now = mine;
    await mine.listen();
    if (mine.over) return;
    document.body.prepend(this.bar);
    document.body.classList.add("in-talk");
    this.bar.hidden = false;
    write(this.text, t("talking"));
    const stream = await microphone();
    if (stream) return mine.speak(stream);
    write(this.text, t("talking_deaf"));
    await fetch(`${ROOT}/${talk}/no-microphone`, { method: "POST", headers: headers() }).catch(() => undefined);
  }
}
