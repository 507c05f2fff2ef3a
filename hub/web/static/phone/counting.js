// Counting: choose a count that goes on, open a shelf by its sheet, scan every label on it.

import { grouped, uuid } from "./codes.js";

const at = (id) => document.getElementById(id);

export class Counting {
  /** `page` has say, note, placeName, request and keep. */
  constructor(page) {
    this.page = page;
    this.counts = [];
    this.empty();
    at("count-done").addEventListener("click", () => this.close());
    at("count-other").addEventListener("click", () => this.leave());
  }

  empty() {
    this.count = "";
    this.begun = "";
    this.place = "";
    this.seen = [];
    this.asked = {}; // of what is seen here: the request that counted it
  }

  restore(kept) {
    this.empty();
    if (kept) {
      const { count, begun, place, seen, asked } = kept;
      Object.assign(this, { count, begun, place, seen, asked: asked || {} });
    }
    this.draw();
  }

  offer(counts) {
    this.counts = counts;
    this.draw();
  }

  changed() {
    const { count, begun, place, seen, asked } = this;
    this.page.keep("count", { count, begun, place, seen, asked });
    this.draw();
  }

  get planned() {
    return this.counts.find((one) => one.id === this.count) || null;
  }

  async choose(count) {
    this.empty();
    this.count = count.id;
    this.begun = uuid();
    this.changed();
    await this.page.request({
      request: this.begun,
      what: "begin",
      label: count.stop,
      act: { action: "count-begin", count: count.id },
    });
  }

  async leave() {
    if (this.place) await this.close();
    this.empty();
    this.changed();
  }

  /** The hub did not let this phone take part. */
  refused(request) {
    if (request === this.begun) {
      this.empty();
      this.changed();
    }
  }

  async scan({ kind, code }) {
    const { page } = this;
    if (!this.count) return page.note("notForThis", code);
    if (kind === "W") return this.place === code ? this.close() : this.open(code);
    if (!this.place) return page.note("countShelf", "");
    if (kind !== "G" && kind !== "B") return page.note("notForThis", code);
    if (this.seen.includes(code)) return page.note("countAgain", code);
    const request = uuid();
    this.seen.push(code);
    this.asked[code] = request;
    this.changed();
    return this.ask("item", grouped(code), { action: "count-item", item: code }, request);
  }

  /** What `request` counted by `act` was not there. Whatever waits is sent before this. */
  async takeBack(request, act) {
    const { count, begun, place, item } = act;
    if (this.asked[item] === request) {
      this.seen = this.seen.filter((one) => one !== item);
      delete this.asked[item];
      this.changed();
    }
    await this.page.request({
      request: uuid(),
      what: "undo",
      label: grouped(item),
      act: { action: "count-undo", count, begun, place, item, counted: request },
    });
  }

  async open(place) {
    const planned = this.planned;
    if (planned && planned.only && !planned.places.some((one) => one.code === place)) {
      return this.page.note("notForThis", place);
    }
    if (this.place) await this.close();
    this.place = place;
    this.seen = [];
    this.asked = {};
    this.changed();
    return this.ask("open", this.page.placeName(place), { action: "count-open" });
  }

  async close() {
    const { place, seen } = this;
    const asked = this.ask("close", this.page.placeName(place), {
      action: "count-close",
      seen: seen.length,
    });
    this.place = "";
    this.seen = [];
    this.asked = {};
    this.changed();
    await asked;
  }

  ask(what, label, act, request = uuid()) {
    const { count, begun, place } = this;
    return this.page.request({
      request,
      what,
      label,
      act: { ...act, count, begun, place },
    });
  }

  draw() {
    const { page } = this;
    const planned = this.planned;
    const stack = at("count-choose");
    let hint = "";
    let choices = [];
    if (!this.count) {
      hint = this.counts.length ? "" : page.say("noCounts");
      choices = this.counts.map((one) =>
        choice(one.stop, `${one.what} · ${one.planned}`, () => this.choose(one)),
      );
    } else if (!this.place) {
      hint = page.say("countShelf");
      choices = (planned ? planned.places : []).map((one) =>
        choice(one.name, grouped(one.code), () => this.open(one.code)),
      );
    } else {
      hint = page.say("countItems");
    }
    at("count-hint").textContent = hint;
    at("count-hint").hidden = !hint;
    stack.replaceChildren(...choices);
    at("count-going").hidden = !this.place;
    at("count-place").textContent = this.place ? page.placeName(this.place) : "";
    at("count-n").textContent = page.say("nCounted", { n: this.seen.length });
    at("count-list").replaceChildren(...[...this.seen].reverse().map((code) => this.line(code)));
    at("count-leave").hidden = !this.count;
  }

  line(code) {
    const line = document.createElement("li");
    const name = document.createElement("span");
    name.className = "code";
    name.textContent = grouped(code);
    line.append(name);
    const { count, begun, place } = this;
    const request = this.asked[code];
    if (request) {
      line.append(
        undoing(this.page, code, () => this.takeBack(request, { count, begun, place, item: code })),
      );
    }
    return line;
  }
}

/** A button that takes back what was counted. */
export function undoing(page, code, pressed) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "second small";
  button.textContent = page.say("undoIt");
  button.setAttribute("aria-label", page.say("undoItem", { code: grouped(code) }));
  button.addEventListener("click", pressed);
  return button;
}

function choice(name, about, pressed) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "second";
  const small = document.createElement("small");
  small.textContent = about;
  button.append(name, small);
  button.addEventListener("click", pressed);
  return button;
}
