// Requests, sent one after the other in the order in which they were made, until each is answered.
//
// A request is kept before it is sent, with the UUID that makes it count once. It stays "waiting"
// until the hub's answer is here and kept as well; only then is it "saved", "found" or "refused".
// Only the account that made a request sends it.

import { NoAnswer, SignedOut } from "./hub.js";

const FIRST_MS = 1000;
const LONGEST_MS = 60000;
export const KEPT_ANSWERS = 30;

export class Queue {
  /**
   * `told(entry)` hears each answer, `changed()` that something is different, `away(error)` that
   * nothing can be sent now (null: it can).
   */
  constructor({ store, hub, told, changed, away }) {
    Object.assign(this, { store, hub, told, changed, away });
    this.entries = [];
    this.added = Promise.resolve();
    this.account = "";
    this.failures = 0;
    this.timer = 0;
    this.sending = false;
    this.again = false;
  }

  async load() {
    this.entries = await this.store.entries();
    this.changed();
  }

  waiting() {
    return this.entries.filter((entry) => entry.state === "waiting");
  }

  /** Keeps a request and begins to send it. Resolves when it is kept. */
  async add(entry) {
    // One behind the other: two stores at once may be done in either order.
    const adding = this.added.then(() =>
      this.store.add({ ...entry, state: "waiting", answer: null, tries: 0 }),
    );
    this.added = adding.catch(() => undefined);
    const kept = await adding;
    this.entries.push(kept);
    this.changed();
    this.now();
    return kept;
  }

  async drop(n) {
    await this.store.remove(n);
    this.entries = this.entries.filter((entry) => entry.n !== n);
    this.changed();
  }

  async clear() {
    for (const entry of this.entries.filter((one) => one.state !== "waiting")) {
      await this.store.remove(entry.n);
    }
    await this.load();
  }

  /** Sends what waits, now. */
  now() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.sending) {
      this.again = true;
      return;
    }
    this.sending = true;
    this.sendAll().finally(() => {
      this.sending = false;
      if (this.again) {
        this.again = false;
        this.now();
      }
    });
  }

  async sendAll() {
    // Of two pages only one sends; the hub would count once anyway.
    if (navigator.locks) await navigator.locks.request("yicang-phone", () => this.sendEach());
    else await this.sendEach();
  }

  async sendEach() {
    let entry = this.next();
    while (entry) {
      try {
        await this.send(entry);
      } catch (error) {
        if (!(error instanceof NoAnswer || error instanceof SignedOut)) throw error;
        this.away(error);
        this.changed();
        if (error instanceof NoAnswer) this.later();
        return;
      }
      entry = this.next();
    }
    this.changed();
  }

  next() {
    return this.entries.find((one) => one.state === "waiting" && one.account === this.account);
  }

  async send(entry) {
    const body = { request: entry.request, act: entry.act };
    if (entry.expects) body.expects = entry.expects;
    entry.tries += 1;
    const answer = await this.hub.send(entry.account, body);
    entry.answer = answer;
    entry.state = answer.outcome;
    await this.store.put(entry);
    this.failures = 0;
    this.away(null);
    this.told(entry);
    await this.forgetOld();
    this.changed();
  }

  async forgetOld() {
    const answered = this.entries.filter((entry) => entry.state !== "waiting");
    for (const entry of answered.slice(0, Math.max(0, answered.length - KEPT_ANSWERS))) {
      await this.store.remove(entry.n);
      this.entries = this.entries.filter((one) => one.n !== entry.n);
    }
  }

  later() {
    const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.failures);
    this.failures += 1;
    clearTimeout(this.timer);
    // Many phones that lost the same network do not come back in the same instant.
    this.timer = setTimeout(() => this.now(), wait * (0.75 + Math.random() / 2));
  }
}
