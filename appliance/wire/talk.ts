// How the sound of a conversation crosses between a page and the box (appliance/web/talks.py); both pages use it.
// WebM pieces of a fifth of a second go out one after the other; what the other side says comes as one long answer.

const KIND = "audio/webm;codecs=opus";
const SLICE = 200;
const BITS = 24_000;
/** Pieces that may wait to be sent (five seconds): beyond that the line is lost. */
const MOST_WAITING = 25;
const PATIENCE = 4000;
/** Seconds heard later than they came: more is skipped. */
const LAG = 0.5;
const NEAR = 0.1;
/** Seconds of heard sound that stay in memory. */
const KEEP = 10;

/** The microphone, or null where there is none or it may not be used. */
export async function microphone(): Promise<MediaStream | null> {
  const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
  return (await navigator.mediaDevices?.getUserMedia({ audio }).catch(() => null)) ?? null;
}

export class Conversation {
  over = false;
  readonly sound = new Audio();
  private recorder: MediaRecorder | null = null;
  private readonly waiting: Blob[] = [];
  private sending = false;
  private n = 0;
  private readonly gone = new AbortController();

  /** `address`: of this side at the box; `ended` is called once, when the conversation is over for this page. */
  constructor(
    private readonly address: string,
    private readonly headers: () => Record<string, string>,
    private readonly ended: () => void,
  ) {}

  /** Say what this microphone hears. The stream is stopped at the end. */
  speak(stream: MediaStream): void {
    if (this.over) return stream.getTracks().forEach((track) => track.stop());
    this.recorder = new MediaRecorder(stream, { mimeType: KIND, audioBitsPerSecond: BITS });
    this.recorder.ondataavailable = ({ data }) => {
      if (this.over || data.size === 0) return;
      this.waiting.push(data);
      if (this.waiting.length > MOST_WAITING) this.end();
      else void this.send();
    };
    this.recorder.onerror = () => this.end();
    for (const track of stream.getTracks()) track.onended = () => this.end();
    this.recorder.start(SLICE);
  }

  /** Let the other side be heard until it is over. Resolves when the box has answered. */
  async listen(): Promise<void> {
    const media = new MediaSource();
    this.sound.src = URL.createObjectURL(media);
    this.sound.hidden = true;
    document.body.append(this.sound);
    await new Promise((resolve) => media.addEventListener("sourceopen", resolve, { once: true }));
    const buffer = media.addSourceBuffer(KIND);
    try {
      const answer = await fetch(this.address, { cache: "no-store", signal: this.gone.signal });
      if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
      void this.hear(answer.body.getReader(), buffer);
    } catch {
      this.end();
    }
  }

  end(): void {
    if (this.over) return;
    this.over = true;
    this.gone.abort();
    if (this.recorder) {
      if (this.recorder.state !== "inactive") this.recorder.stop();
      for (const track of this.recorder.stream.getTracks()) track.stop();
    }
    this.sound.pause();
    URL.revokeObjectURL(this.sound.src);
    this.sound.remove();
    this.ended();
  }

  private async hear(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>, buffer: SourceBuffer): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || this.over) break;
        await change(buffer, () => buffer.appendBuffer(value));
        this.follow(buffer);
        const old = this.sound.currentTime - KEEP;
        if (buffer.buffered.length && buffer.buffered.start(0) < old - KEEP) await change(buffer, () => buffer.remove(0, old));
      }
    } catch {
      // the line is cut, or what came is no sound
    }
    this.end();
  }

  /** Stay close behind the one who speaks. */
  private follow(buffer: SourceBuffer): void {
    const ranges = buffer.buffered;
    if (!ranges.length) return;
    const newest = ranges.end(ranges.length - 1);
    if (this.sound.paused || newest - this.sound.currentTime > LAG) this.sound.currentTime = Math.max(0, newest - NEAR);
    if (this.sound.paused) void this.sound.play().catch(() => undefined);
  }

  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    while (this.waiting.length && !this.over) {
      const signal = AbortSignal.timeout(PATIENCE);
      const order = { method: "POST", body: this.waiting[0], headers: this.headers(), signal };
      const answer = await fetch(`${this.address}/${this.n + 1}`, order).catch(() => null);
      if (answer?.ok) {
        this.n += 1;
        this.waiting.shift();
      } else if (answer && answer.status < 500) this.end();
      else await new Promise((resolve) => setTimeout(resolve, SLICE));
    }
    this.sending = false;
  }
}

/** Change the buffer and wait until it has. */
async function change(buffer: SourceBuffer, order: () => void): Promise<void> {
  const done = new Promise<void>((resolve, reject) => {
    buffer.addEventListener("updateend", () => resolve(), { once: true });
    buffer.addEventListener("error", () => reject(new Error("no sound")), { once: true });
  });
  order();
  await done;
}
