// The station's camera: opened once, held while the exam needs it, one JPEG at a time.

/** Why there is no picture: no camera, not allowed to use it, or it is there and sends nothing. */
export type CameraFault = "missing" | "refused" | "silent";

const WIDTH = 640;
const HEIGHT = 480;
const QUALITY = 0.82;
/** How long a camera may take until its next picture, in ms. */
const NEXT = 4000;
const FAULTS: Record<string, CameraFault> = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotReadableError: "silent",
  AbortError: "silent",
};

export class Camera {
  fault: CameraFault | "" = "";
  /** Shows what the camera sees; the face check puts it on its screen. */
  readonly mirror = document.createElement("video");
  /** Pictures are taken from this one. It is never in the document: one that is taken out of it stands still. */
  private readonly eye = document.createElement("video");
  private stream: MediaStream | null = null;
  private opening: Promise<void> | null = null;

  constructor() {
    for (const video of [this.eye, this.mirror]) {
      video.muted = true;
      video.playsInline = true;
    }
  }

  get open(): boolean {
    return this.stream !== null && this.opening === null;
  }

  /** Open the camera unless it is; `fault` says afterwards why it is not. */
  start(): Promise<void> {
    if (this.open) return Promise.resolve();
    this.opening ??= this.begin().finally(() => {
      this.opening = null;
    });
    return this.opening;
  }

  private async begin(): Promise<void> {
    try {
      if (!navigator.mediaDevices) throw new DOMException("", "NotFoundError");
      const wanted = { width: { ideal: WIDTH }, height: { ideal: HEIGHT } };
      const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
      stream.getVideoTracks()[0]?.addEventListener("ended", () => this.gone(stream));
      this.stream = stream;
      this.eye.srcObject = stream;
      this.mirror.srcObject = stream;
      void this.eye.play().catch(() => undefined); // without a picture it never ends: that is told below
      // A camera that hangs may still give its first picture.
      this.fault = (await this.shows()) && (await this.shows()) ? "" : "silent";
    } catch (error) {
      this.fault = (error instanceof DOMException && FAULTS[error.name]) || "missing";
    }
    if (this.fault) this.stop();
  }

  /** Wait for the next picture, one that was not seen before; false when none comes. */
  private shows(): Promise<boolean> {
    return new Promise((done) => {
      const asked = this.eye.requestVideoFrameCallback(() => {
        clearTimeout(late);
        done(this.eye.videoWidth > 0);
      });
      const late = setTimeout(() => {
        this.eye.cancelVideoFrameCallback(asked);
        done(false);
      }, NEXT);
    });
  }

  /** Show what it sees in `frame`. */
  show(frame: HTMLElement): void {
    if (this.mirror.parentElement !== frame) frame.replaceChildren(this.mirror);
    if (this.mirror.paused) void this.mirror.play().catch(() => undefined); // tried again at the next look
  }

  private gone(stream: MediaStream): void {
    if (this.stream !== stream) return;
    this.stop();
    this.fault = "missing";
  }

  /** What it sees now, as JPEG; null when it gives none: then `fault` says why. */
  async picture(): Promise<Blob | null> {
    await this.start();
    const { stream } = this;
    if (!stream) return null;
    const fresh = await this.shows();
    if (this.stream !== stream) return null;
    if (!fresh) {
      this.stop();
      this.fault = "silent";
      return null;
    }
    const { videoWidth, videoHeight } = this.eye;
    const share = Math.min(1, WIDTH / videoWidth, HEIGHT / videoHeight);
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(videoWidth * share);
    canvas.height = Math.round(videoHeight * share);
    canvas.getContext("2d")?.drawImage(this.eye, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  }

  stop(): void {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.eye.srcObject = null;
    this.mirror.srcObject = null;
  }
}
