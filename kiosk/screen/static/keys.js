// Scans from a scanner that types like a keyboard, and from people who type.
//
// Keys are read by their place (`KeyboardEvent.code`) as a US keyboard prints them, because that
// is what such a scanner believes it is plugged into, whatever layout or input method the
// computer has. `Keys` holds no timers and touches no document: events and times come in, what
// is to be done comes out, so that its rules can be read in one place:
//
// * Enter or Tab ends a scan (also Ctrl+M and Ctrl+J, which some scanners send instead).
// * Silence ends one that came as a burst, since some scanners send no end at all. Nobody types
//   four keys at under 35 ms each. Once a burst has ended with a key, the scanner is known to
//   send one, and silence must be longer: a computer that stalls does not cut its scans in two.
// * A burst after a pause is a scan of its own: keys that lay before it (an elbow on the
//   keyboard) are not part of it.
// * GS, which GS1 codes need, is typed by scanners as Ctrl+], F8 or Alt+029.
// * A scanner that types every character as Alt and its number is read, and told to be set wrongly.

const SILENCE_MS = 80;
const SILENCE_OF_ENDERS_MS = 400;
const BURST_GAP_MS = 35;
const BURST_LENGTH = 4;
const PAUSE_MS = 300;
const MAX_LENGTH = 512;
export const GS = "\u001d";

const PLAIN = {
  Minus: "-_", Equal: "=+", BracketLeft: "[{", BracketRight: "]}", Backslash: "\\|",
  IntlBackslash: "\\|", Semicolon: ";:", Quote: "'\"", Backquote: "`~", Comma: ",<",
  Period: ".>", Slash: "/?", Space: "  ",
  NumpadDecimal: "..", NumpadDivide: "//", NumpadMultiply: "**", NumpadSubtract: "--",
  NumpadAdd: "++", NumpadEqual: "==", NumpadComma: ",,",
};
const SHIFTED_DIGITS = ")!@#$%^&*(";

function pair(code) {
  if (/^Key[A-Z]$/.test(code)) return code[3].toLowerCase() + code[3];
  if (/^Digit[0-9]$/.test(code)) return code[5] + SHIFTED_DIGITS[Number(code[5])];
  if (/^Numpad[0-9]$/.test(code)) return code[6] + code[6];
  return PLAIN[code] ?? "";
}

/**
 * The character a key stands for on a US keyboard, or "" for a key without one. On-screen
 * keyboards and remote desktops send a capital without its Shift, which `key` then tells; with
 * Caps Lock on it would tell nothing about the scanner.
 */
export function character({ code, key, shift, caps }) {
  const [plain, shifted] = pair(code);
  if (plain) return shift || (key === shifted && !caps) ? shifted : plain;
  // Keyboards on glass send no code; their key is the character itself.
  return !code && key && key.length === 1 ? key : "";
}

function averageGap(times) {
  return times.length < 2 ? Infinity : (times[times.length - 1] - times[0]) / (times.length - 1);
}

function isBurst(times) {
  return times.length >= BURST_LENGTH && averageGap(times) < BURST_GAP_MS;
}

export class Keys {
  #text = [];
  #times = [];
  #sendsEnd = false;
  #number = "";
  #byNumbers = false;

  /** How long no key must come before `silence` is called. */
  get silenceMs() { return this.#sendsEnd ? SILENCE_OF_ENDERS_MS : SILENCE_MS; }

  get text() { return this.#text.join(""); }

  clear() {
    this.#text = [];
    this.#times = [];
    this.#number = "";
    this.#byNumbers = false;
  }

  /**
   * One keydown at `time` (ms). Returns what it meant:
   * {taken: false} not ours; {taken: true} a character or correction; and with `scan` a finished
   * scan, whose `burst` tells a machine's typing from a person's, and `byNumbers` a machine that
   * is set wrongly.
   */
  press(pressed, time) {
    const { code, key, ctrl, alt, other, repeat } = pressed;
    if (other) return { taken: false };
    if (alt && /^Numpad[0-9]$/.test(code)) {
      if (!repeat) this.#number += code[6];
      return { taken: true };
    }
    const ended = this.#endNumber(time);
    if (ended) {
      this.press(pressed, time);
      return ended;
    }
    if (alt) return { taken: false };
    if (ctrl) {
      if (code === "BracketRight") return this.#add(GS, time);
      if ((code === "KeyM" || code === "KeyJ") && this.#text.length) return this.#endByKey();
      return { taken: false };
    }
    if (code === "F8") return this.#add(GS, time);
    if (code === "Enter" || code === "NumpadEnter" || code === "Tab" || key === "Enter") {
      return this.#text.length ? this.#endByKey() : { taken: false };
    }
    if (code === "Backspace" || key === "Backspace") {
      if (!this.#text.length) return { taken: false };
      this.#text.pop();
      this.#times.pop();
      return { taken: true };
    }
    if (code === "Escape") {
      if (!this.#text.length) return { taken: false };
      this.clear();
      return { taken: true };
    }
    const typed = character(pressed);
    if (!typed) return { taken: false };
    // A space alone presses the button that has the focus; no code begins with one.
    if (typed === " " && !this.#text.length) return { taken: false };
    return repeat ? { taken: true } : this.#add(typed, time);
  }

  /** Call `silenceMs` after the last key: the scan that this silence ends, or null. */
  silence() {
    const ended = this.#endNumber(this.#times.at(-1) ?? 0);
    if (ended) return ended.scan;
    return isBurst(this.#lastRun().times) ? this.#end().scan : null;
  }

  /** The number that was typed with Alt held becomes its character; the scan that it ends. */
  #endNumber(time) {
    const number = Number(this.#number);
    this.#number = "";
    if (number === 9 || number === 10 || number === 13) {
      return this.#text.length ? this.#endByKey() : null;
    }
    if (number !== 0x1D && !(number >= 0x20 && number < 0x7F)) return null;
    if (number !== 0x1D) this.#byNumbers = true;
    this.#add(String.fromCharCode(number), time);
    return null;
  }

  #add(typed, time) {
    if (this.#text.length < MAX_LENGTH) {
      this.#text.push(typed);
      this.#times.push(time);
    }
    return { taken: true };
  }

  #lastRun() {
    let start = 0;
    for (let i = 1; i < this.#times.length; i += 1) {
      if (this.#times[i] - this.#times[i - 1] > PAUSE_MS) start = i;
    }
    return { start, times: this.#times.slice(start) };
  }

  #endByKey() {
    const ended = this.#end();
    if (ended.scan.burst) this.#sendsEnd = true;
    return ended;
  }

  #end() {
    const run = this.#lastRun();
    const burst = isBurst(run.times);
    const text = this.#text.slice(burst ? run.start : 0).join("");
    const byNumbers = this.#byNumbers;
    this.clear();
    return { taken: true, scan: { text, burst, byNumbers } };
  }
}

/** What may be shown of `text`: bearer tokens and long private numbers end in dots. */
export function masked(text) {
  const shown = text.replaceAll(GS, "␝");
  const canonical = text.trim().toUpperCase();
  let open = 14;
  if (/^[PF]/.test(canonical)) open = 3;
  else if (/^[GBDWK]/.test(canonical)) open = shown.length;
  return shown.slice(0, open) + "•".repeat(Math.max(0, shown.length - open));
}
