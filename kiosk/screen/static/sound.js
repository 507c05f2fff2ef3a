// Three short sounds that differ in pitch, number and colour, so that each is known without
// looking: saved rises, refused growls twice, attention calls three times.
//
// Browsers give no sound before the first key or touch; a scanner's keys count as such.

const NOTES = {
  saved: { wave: "sine", gain: 0.28, notes: [[660, 0, 0.09], [990, 0.1, 0.18]] },
  refused: { wave: "square", gain: 0.12, notes: [[150, 0, 0.18], [130, 0.26, 0.3]] },
  attention: {
    wave: "triangle", gain: 0.3, notes: [[740, 0, 0.09], [740, 0.17, 0.09], [740, 0.34, 0.14]],
  },
};
const SPACING_S = 0.6;
const STORED = "yicang-sound";

export class Sound {
  #context = null;
  #free = 0;

  constructor(storage) {
    this.storage = storage;
    this.on = storage.getItem(STORED) !== "off";
  }

  /** To be called from a gesture. */
  unlock() {
    if (!this.#context) this.#context = new AudioContext();
    if (this.#context.state === "suspended") this.#context.resume();
  }

  toggle() {
    this.on = !this.on;
    this.storage.setItem(STORED, this.on ? "on" : "off");
  }

  play(signal) {
    const what = NOTES[signal];
    if (!this.on || !what || !this.#context || this.#context.state !== "running") return;
    const start = Math.max(this.#context.currentTime, this.#free);
    this.#free = start + SPACING_S;
    for (const [hertz, at, length] of what.notes) {
      const tone = this.#context.createOscillator();
      const volume = this.#context.createGain();
      tone.type = what.wave;
      tone.frequency.value = hertz;
      // A short ramp at both ends: a tone cut off square clicks.
      volume.gain.setValueAtTime(0, start + at);
      volume.gain.linearRampToValueAtTime(what.gain, start + at + 0.01);
      volume.gain.setValueAtTime(what.gain, start + at + length - 0.03);
      volume.gain.linearRampToValueAtTime(0, start + at + length);
      tone.connect(volume).connect(this.#context.destination);
      tone.start(start + at);
      tone.stop(start + at + length);
    }
  }
}
