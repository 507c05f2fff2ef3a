// What the drawer offers beside the printed cards: practice codes, and the labels made here.

import { words } from "./dom.js";

const LABELS_KEPT = 8;
const LABELS_KEY = "yicang-labels";
const PLAN_KEY = "yicang-plan";

/**
 * Practice codes: the same ones until fresh ones are asked for, so that a plan can be handed over
 * now and delivered later. Only the plan outlives a reload: the others are bearer tokens, and a
 * browser's session storage is on a disk.
 */
export class Practice {
  #codes = null;

  constructor(storage) {
    this.storage = storage;
  }

  async code(which) {
    if (!this.#codes) await this.#draw(this.storage.getItem(PLAN_KEY));
    return this.#codes?.[which];
  }

  async renew() {
    await this.#draw(null);
  }

  async #draw(plan) {
    try {
      const response = await fetch("/practice", { cache: "no-store" });
      if (!response.ok) return;
      this.#codes = await response.json();
    } catch {
      return; // The kiosk is away, which the page says already.
    }
    if (plan) this.#codes.plan = plan;
    this.storage.setItem(PLAN_KEY, this.#codes.plan);
  }
}

/** The labels that this page has seen, newest first, as buttons. An item's code is no secret. */
export class Labels {
  constructor(storage, place, empty) {
    this.storage = storage;
    this.place = place;
    this.empty = empty;
    this.known = JSON.parse(storage.getItem(LABELS_KEY) ?? "[]");
    this.#draw();
  }

  learn(lines) {
    const before = JSON.stringify(this.known);
    for (const { code, zh, en, undone } of lines) {
      if (!code.startsWith("G")) continue;
      const at = this.known.findIndex((label) => label.code === code);
      if (undone && at >= 0) this.known.splice(at, 1);
      if (!undone && at < 0) this.known.unshift({ code, zh, en });
    }
    this.known.length = Math.min(this.known.length, LABELS_KEPT);
    const after = JSON.stringify(this.known);
    if (after === before) return;
    this.storage.setItem(LABELS_KEY, after);
    this.#draw();
  }

  #draw() {
    this.empty.hidden = this.known.length > 0;
    this.place.replaceChildren(...this.known.map(({ code, zh, en }) => {
      const button = document.createElement("button");
      button.className = "card label";
      button.name = "text";
      button.value = code;
      const text = document.createElement("code");
      text.textContent = code;
      button.append(words(zh, en), " ", text);
      return button;
    }));
  }
}
