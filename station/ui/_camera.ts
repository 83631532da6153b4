// The station's camera: opened once, held while the exam needs it, one JPEG at a time.

/** Why there is no picture: no camera, not allowed to use it, or it is there and sends nothing. */
export type CameraFault = "missing" | "refused" | "silent";

const WIDTH = 640;
const HEIGHT = 480;
const QUALITY = 0.82;
/** How long a camera that was opened may take until its first picture, in ms. */
const FIRST = 4000;
const FAULTS: Record<string, CameraFault> = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotReadableError: "silent",
  AbortError: "silent",
};

export class Camera {
  fault: CameraFault | "" = "";
  /** Shows what the camera sees; the face check puts it on its screen. */
  readonly video = document.createElement("video");
  private stream: MediaStream | null = null;
  private opening: Promise<void> | null = null;

  constructor() {
    this.video.muted = true;
    this.video.playsInline = true;
  }

  get open(): boolean {
    return this.stream !== null;
  }

  /** Open the camera unless it is; `fault` says afterwards why it is not. */
  start(): Promise<void> {
    if (this.stream) return Promise.resolve();
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
      this.video.srcObject = stream;
      await this.video.play();
      this.fault = (await this.shows()) ? "" : "silent";
    } catch (error) {
      this.fault = (error instanceof DOMException && FAULTS[error.name]) || "missing";
    }
    if (this.fault) this.stop();
  }

  /** Wait for the first picture. */
  private async shows(): Promise<boolean> {
    const until = performance.now() + FIRST;
    while (this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !this.video.videoWidth) {
      if (performance.now() > until) return false;
      await new Promise((go) => setTimeout(go, 50));
    }
    return true;
  }

  private gone(stream: MediaStream): void {
    if (this.stream !== stream) return;
    this.stop();
    this.fault = "missing";
  }

  /** What it sees now, as JPEG; null when it gives none. */
  async picture(): Promise<Blob | null> {
    await this.start();
    if (!this.stream || !(await this.shows())) return null;
    const { videoWidth, videoHeight } = this.video;
    const share = Math.min(1, WIDTH / videoWidth, HEIGHT / videoHeight);
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(videoWidth * share);
    canvas.height = Math.round(videoHeight * share);
    canvas.getContext("2d")?.drawImage(this.video, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  }

  stop(): void {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }
}
