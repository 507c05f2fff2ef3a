// Codes in the camera's picture: read by the browser where it can, else by zxing-cpp, which is
// fetched when the camera is first switched on.

const EVERY_MS = 120;
const REARM_MS = 1500;
const WIDEST = 1280;
const WANTED = ["code_128", "qr_code", "ean_13", "ean_8", "upc_a", "upc_e", "data_matrix"];
const FORMATS = ["Code128", "QRCode", "EAN13", "EAN8", "UPCA", "UPCE", "DataMatrix"];

export class Camera {
  constructor({ video, reader, wasm, scanned }) {
    Object.assign(this, { video, reader, wasm, scanned });
    this.stream = null;
    this.timer = 0;
    this.last = "";
    this.lastMs = 0;
    this.decode = null;
  }

  static get offered() {
    return Boolean(navigator.mediaDevices && navigator.mediaDevices.getUserMedia);
  }

  get on() {
    return this.stream !== null;
  }

  /** Raises what the browser raises when there is no camera or it was not allowed. */
  async start() {
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } },
    });
    try {
      this.video.srcObject = this.stream;
      await this.video.play();
      this.decode = this.decode || (await this.reading());
    } catch (error) {
      this.stop();
      throw error;
    }
    this.look();
  }

  stop() {
    clearTimeout(this.timer);
    if (this.stream) for (const track of this.stream.getTracks()) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  get hasTorch() {
    const [track] = this.stream ? this.stream.getVideoTracks() : [];
    return Boolean(track && track.getCapabilities && track.getCapabilities().torch);
  }

  async light(on) {
    const [track] = this.stream.getVideoTracks();
    await track.applyConstraints({ advanced: [{ torch: on }] });
  }

  async reading() {
    if ("BarcodeDetector" in window) {
      const able = await window.BarcodeDetector.getSupportedFormats();
      const formats = WANTED.filter((format) => able.includes(format));
      if (formats.includes("code_128") && formats.includes("qr_code")) {
        const detector = new window.BarcodeDetector({ formats });
        return async () => (await detector.detect(this.video)).map((one) => one.rawValue);
      }
    }
    await fetched(this.reader);
    const zxing = window.ZXingWASM;
    await zxing.prepareZXingModule({
      overrides: { locateFile: () => this.wasm },
      fireImmediately: true,
    });
    const canvas = document.createElement("canvas");
    const drawing = canvas.getContext("2d", { willReadFrequently: true });
    return async () => {
      const scale = Math.min(1, WIDEST / this.video.videoWidth);
      canvas.width = Math.round(this.video.videoWidth * scale);
      canvas.height = Math.round(this.video.videoHeight * scale);
      drawing.drawImage(this.video, 0, 0, canvas.width, canvas.height);
      const picture = drawing.getImageData(0, 0, canvas.width, canvas.height);
      const found = await zxing.readBarcodes(picture, { formats: FORMATS, tryHarder: true });
      return found.filter((one) => one.isValid).map((one) => one.text);
    };
  }

  look() {
    this.timer = setTimeout(async () => {
      if (!this.on) return;
      if (this.video.videoWidth && !document.hidden) {
        // A picture that cannot be read is followed by another one.
        const found = await this.decode().catch(() => []);
        const now = performance.now();
        for (const text of found) this.seen(text, now);
      }
      if (this.on) this.look();
    }, EVERY_MS);
  }

  /** The same code counts again once it was out of the picture for a while. */
  seen(text, now) {
    const fresh = text !== this.last || now - this.lastMs > REARM_MS;
    this.last = text;
    this.lastMs = now;
    if (fresh) this.scanned(text);
  }
}

function fetched(address) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = resolve;
    script.onerror = () => reject(new Error(address));
    document.head.append(script);
  });
}
