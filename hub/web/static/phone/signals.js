// Sound and vibration by outcome: told apart without looking.

const TUNES = {
  saved: [[880, 0, 0.09], [1320, 0.1, 0.14]],
  found: [[880, 0, 0.09]],
  refused: [[196, 0, 0.22], [196, 0.28, 0.3]],
  waiting: [[520, 0, 0.05]],
  noted: [[520, 0, 0.05], [520, 0.09, 0.05]],
};
const SHAKES = { saved: [60], found: [40], refused: [180, 90, 180], waiting: [20], noted: [20, 50, 20] };

let sound = null;

/** Browsers make no sound before the first touch: call this on each. */
export function wake() {
  const Context = window.AudioContext;
  if (!sound && Context) sound = new Context();
  if (sound && sound.state === "suspended") sound.resume();
}

export function signal(outcome) {
  if (navigator.vibrate && navigator.userActivation && navigator.userActivation.hasBeenActive) {
    navigator.vibrate(SHAKES[outcome] || []);
  }
  if (!sound || sound.state !== "running") return;
  for (const [hertz, from, length] of TUNES[outcome] || []) {
    const tone = sound.createOscillator();
    const volume = sound.createGain();
    const start = sound.currentTime + from;
    tone.frequency.value = hertz;
    tone.type = outcome === "refused" ? "square" : "sine";
    volume.gain.setValueAtTime(0.2, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + length);
    tone.connect(volume).connect(sound.destination);
    tone.start(start);
    tone.stop(start + length);
  }
}
