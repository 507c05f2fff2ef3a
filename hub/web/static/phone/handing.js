// Handing over: a list of what changes hands, then the plan or place, then what happened to it.

import { grouped, uuid } from "./codes.js";

const MOST = 120;
const ACTS = {
  out: (list, to) => ({ action: "hand-out", plan: to, items: list }),
  deliver: (list, to) => ({ action: "deliver", plan: to, items: list }),
  back: (list, to) => ({ action: "bring-back", plan: to, items: list }),
  move: (list, to) => ({ action: "move", place: to, items: list }),
};
const at = (id) => document.getElementById(id);

export class Handing {
  /** `page` has say, note, placeName, request, peek and keep. */
  constructor(page) {
    this.page = page;
    this.asking = false;
    this.empty();
    for (const button of document.querySelectorAll("[data-hand]")) {
      button.addEventListener("click", () => this.press(button.dataset.hand));
    }
  }

  empty() {
    this.items = [];
    this.plan = "";
    this.place = "";
  }

  restore(kept) {
    this.empty();
    if (kept) Object.assign(this, { items: kept.items, plan: kept.plan, place: kept.place });
    this.draw();
  }

  changed() {
    this.page.keep("hand", { items: this.items, plan: this.plan, place: this.place });
    this.draw();
  }

  scan({ kind, code }) {
    const { page } = this;
    if (kind === "G" || kind === "B") {
      if (this.items.some((one) => one.code === code)) return page.note("onList", code);
      if (this.items.length === MOST) return page.note("notForThis", code);
      this.items.push({ code, told: "", position: null, refused: false });
      this.changed();
      page.note("added", code);
      return this.look(code);
    }
    if (kind === "D") {
      this.plan = code;
      this.place = "";
    } else if (kind === "W" && this.items.length) {
      this.place = code;
      this.plan = "";
    } else {
      return page.note(kind === "W" ? "itemsFirst" : "notForThis", code);
    }
    this.changed();
    page.note("added", code);
    at(this.plan ? "hand-plan" : "hand-place").querySelector("button:not([hidden])").focus();
    return undefined;
  }

  /** What the hub says of it now, if it can be asked: shown beside it, and held to afterwards. */
  async look(code) {
    const answer = await this.page.peek({ action: "look", text: code });
    const item = this.items.find((one) => one.code === code);
    if (!answer || !item) return;
    item.refused = answer.outcome === "refused";
    item.told = item.refused ? answer.text : [answer.text, ...said(answer.lines)].join(" · ");
    item.position = Number.isInteger(answer.position) ? answer.position : null;
    this.changed();
  }

  async press(what) {
    if (this.asking) return; // a second press of the same button, while the first is being kept
    if (what === "clear") {
      this.empty();
      return this.changed();
    }
    this.asking = true;
    try {
      await this.ask(what, this.items, this.plan || this.place);
    } finally {
      this.asking = false;
    }
  }

  /** Only when the request is kept does the list go, and what was scanned meanwhile stays. */
  async ask(what, items, to) {
    const codes = items.map((one) => one.code);
    const known = items.filter((one) => one.position !== null);
    await this.page.request({
      request: uuid(),
      what,
      label: [grouped(to), ...codes.map(grouped)].join(" · "),
      act: ACTS[what](codes, to),
      expects: Object.fromEntries(known.map((one) => [one.code, one.position])),
    });
    this.items = this.items.filter((one) => !codes.includes(one.code));
    if (this.plan === to) this.plan = "";
    if (this.place === to) this.place = "";
    this.changed();
  }

  draw() {
    const { page } = this;
    const list = at("hand-list");
    list.replaceChildren(
      ...this.items.map((one) => {
        const row = document.createElement("li");
        const code = document.createElement("span");
        code.className = "code";
        code.textContent = grouped(one.code);
        const off = document.createElement("button");
        off.type = "button";
        off.className = "second small";
        off.textContent = "✕";
        off.setAttribute("aria-label", page.say("remove", { code: grouped(one.code) }));
        off.addEventListener("click", () => {
          this.items = this.items.filter((other) => other !== one);
          this.changed();
        });
        row.append(code, off);
        if (one.told) {
          const told = document.createElement("p");
          told.textContent = one.told;
          told.className = one.refused ? "bad" : "";
          row.append(told);
        }
        return row;
      }),
    );
    const n = this.items.length;
    at("hand-hint").textContent = n
      ? page.say("handThen", { n })
      : page.say(this.plan ? "itemsFirst" : "handScan");
    at("hand-plan").hidden = !this.plan;
    at("hand-plan-ask").textContent = page.say("planAsk", { code: grouped(this.plan) });
    document.querySelector("[data-hand=out]").hidden = !n;
    at("hand-place").hidden = !this.place || !n;
    at("hand-place-ask").textContent = page.say("placeAsk", { place: page.placeName(this.place) });
    at("hand-clear").hidden = !n && !this.plan;
  }
}

function said(lines) {
  return (lines || []).slice(0, 3).map(([, text]) => text);
}
