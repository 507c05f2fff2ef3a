// The page's two ways to the kiosk: scans go out one after the other, the state comes in by
// long poll. A scan is never sent twice by itself: when its answer is lost, only the list can
// tell whether it was taken.

const POLL_MS = 30_000;
const SCAN_MS = 6_000;
const RETRY_MS = [250, 500, 1000, 2000];
const EARLY_MS = 150;

async function withTimeout(ms, ask) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ms);
  try {
    return await ask(stop.signal);
  } finally {
    clearTimeout(timer);
  }
}

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

export class Link {
  #key;
  #at = "";
  #queue = Promise.resolve();

  constructor({ key, onState, onLost }) {
    this.#key = key;
    this.onState = onState;
    this.onLost = onLost;
  }

  /**
   * Sends one scan after all earlier ones; resolves to {accepted, reason, zh, en}. A touched
   * button is `pressed`, for the `lane` that the page shows; what is scanned or typed goes to the
   * page's own lane.
   */
  send(text, { lane = null, pressed = false } = {}) {
    const sent = this.#queue.then(() => this.#post({ text, lane, pressed }));
    this.#queue = sent;
    return sent;
  }

  async #post(entry) {
    try {
      const response = await withTimeout(SCAN_MS, (signal) => fetch("/scan", {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Yicang-Page": this.#key },
        body: JSON.stringify(entry),
        signal,
      }));
      return await response.json();
    } catch {
      return { accepted: false, reason: "lost", zh: "", en: "" };
    }
  }

  /** Runs for ever. */
  async listen() {
    let failures = 0;
    for (;;) {
      if (document.hidden) await this.#shown();
      const asked = performance.now();
      const before = this.#at;
      try {
        const state = await withTimeout(POLL_MS, async (signal) => {
          const response = await fetch(`/state?after=${encodeURIComponent(this.#at)}`, {
            cache: "no-store", signal,
          });
          if (!response.ok) throw new Error(`status ${response.status}`);
          return response.json();
        });
        failures = 0;
        this.#key = state.key;
        this.#at = state.at;
        this.onState(state);
        // Answered at once without news: the kiosk is stopping or has too many waiting.
        if (state.at === before && performance.now() - asked < EARLY_MS) await pause(1000);
      } catch {
        failures += 1;
        this.#at = "";
        if (failures > 1) this.onLost();
        await pause(RETRY_MS[Math.min(failures, RETRY_MS.length) - 1]);
      }
    }
  }

  /** A page that nobody sees holds no connection: a browser has six for each machine. */
  #shown() {
    return new Promise((done) => {
      const look = () => {
        if (document.hidden) return;
        document.removeEventListener("visibilitychange", look);
        this.#at = "";
        done();
      };
      document.addEventListener("visibilitychange", look);
    });
  }
}
