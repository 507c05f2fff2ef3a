// What can be touched: the row of cards that this moment is about, and pads for the rest.
//
// The kiosk says what may be offered, so nothing is decided here but how it is laid out. A pad
// closes by itself when what it offers may no longer be touched, or when somebody scans instead.

import { $, button, put, rebuild } from "./dom.js";

const ROW = 3;
const KEYS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const MAX_YUAN = 500;
const CODE_LENGTH = 18;
const YEARS_SHOWN = 4;
const MORE = { zh: "更多", en: "More", icon: "more" };
const TYPE = { zh: "输编号", en: "Type a code", icon: "pencil" };

export class Pads {
  #offer = null;
  #decks = null;
  #open = "";
  #typed = "";
  #year = 0;
  #state = "";
  #dismissed = "";

  /** `press(code)` enters a card; `type(text)` a code that was typed. */
  constructor({ press, type }) {
    this.press = press;
    this.type = type;
    $("pad-close").addEventListener("click", () => this.close());
    $("choices").addEventListener("click", (event) => this.#touched(event));
    $("pad-body").addEventListener("click", (event) => this.#touched(event));
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.defaultPrevented && this.#open) this.close();
    });
  }

  get isOpen() { return this.#open !== ""; }

  /** Fetches the cards of the number pads once. */
  async load() {
    const response = await fetch("/decks", { cache: "no-store" });
    if (response.ok) this.#decks = await response.json();
    rebuild($("rolls"), this.#decks?.rolls ?? [], () => (this.#decks?.rolls ?? []).map((card) => {
      const made = button({ ...card, value: card.code });
      made.dataset.card = "";
      return made;
    }));
    $("rolls").addEventListener("click", (event) => this.#touched(event));
    if (this.#open) this.#draw();
  }

  /** `turn` changes with every scan of the lane: a pad for the turn before is closed. */
  show(lane, takesScans, turn) {
    this.#offer = lane?.offer ?? null;
    const moved = turn !== this.#state;
    this.#state = turn;
    if (moved) { this.#typed = ""; this.#dismissed = ""; }
    this.#row(takesScans);
    $("rolls").hidden = !takesScans;
    put($("pad-said"), lane?.message_zh ?? "", lane?.message_en ?? "");
    const asked = this.#offer?.open_pad ?? "";
    // Cash is counted note by note.
    const counts = this.#open === "price" && lane?.state === "cashing";
    if (asked && this.#dismissed !== asked) this.#openPad(asked, false);
    else if (this.#open && ((moved && !counts) || !this.#has(this.#open))) this.close();
    else if (this.#open) this.#draw();
  }

  /** Somebody scans or types: what they do goes before what was opened. */
  close() {
    if (!this.#open) return;
    this.#dismissed = this.#open;
    const opener = $("choices").querySelector(`[data-pad="${this.#open}"]`);
    const inside = $("pad").contains(document.activeElement);
    this.#open = "";
    this.#typed = "";
    $("pad").hidden = true;
    document.body.dataset.pad = "";
    for (const covered of ["list", "choices", "printer", "day"]) $(covered).inert = false;
    if (inside) opener?.focus();
  }

  // --- the row -------------------------------------------------------------------------------

  #row(takesScans) {
    const { pads = [], cards = [], first = [] } = this.#offer ?? {};
    const known = new Map([
      ...pads.map((pad) => [pad.key, { ...pad, pad: pad.key }]),
      ...cards.map((card) => [card.code, card]),
    ]);
    const shown = first.filter((key) => known.has(key)).slice(0, ROW).map((key) => known.get(key));
    const rest = [...known.values()].filter((one) => !shown.includes(one));
    const row = [...shown, ...(takesScans ? [{ ...MORE, pad: "more", few: rest.length }] : [])];
    rebuild($("choices"), row, () => row.map((one) => this.#button(one)));
    $("choices").hidden = row.length === 0;
  }

  #button(one) {
    const made = button({ ...one, className: "card choice", value: one.code ?? "" });
    if (one.pad) made.dataset.pad = one.pad;
    else made.dataset.card = "";
    return made;
  }

  #touched(event) {
    const touched = event.target.closest("button");
    if (!touched || touched.disabled) return;
    if (touched.dataset.pad) this.#openPad(touched.dataset.pad, true);
    else if ("card" in touched.dataset) this.#enter(touched.value);
    else if (touched.dataset.key) this.#key(touched.dataset.key);
  }

  #enter(code) {
    // An answered question stays closed; a price can be followed by the next one.
    if (this.#open && this.#open !== "price") this.close();
    this.#typed = "";
    this.press(code);
    if (this.#open) this.#draw();
  }

  // --- the pad -------------------------------------------------------------------------------

  #has(key) {
    return ["more", "type"].includes(key) || Boolean(this.#offer?.pads.some((p) => p.key === key));
  }

  #openPad(key, byHand) {
    if (this.#open !== key) this.#typed = "";
    this.#open = key;
    document.body.dataset.pad = key;
    // On a phone the pad lies over everything but the mode.
    const head = document.querySelector("header").offsetHeight;
    document.body.style.setProperty("--head", `${head}px`);
    $("pad").hidden = false;
    for (const covered of ["list", "choices", "printer", "day"]) $(covered).inert = true;
    this.#draw();
    if (byHand) $("pad-body").querySelector("button:not(:disabled)")?.focus();
  }

  #draw() {
    const pad = this.#offer?.pads.find((one) => one.key === this.#open);
    const title = pad ?? (this.#open === "type" ? TYPE : MORE);
    put($("pad-title"), title.zh, title.en);
    $("pad-body").className = `pad-body ${this.#open}`;
    const draw = {
      more: () => this.#more(),
      type: () => this.#keyboard(),
      quantity: () => this.#numbers(this.#decks?.quantities ?? {}),
      price: () => this.#money(),
      expiry: () => this.#months(),
    }[this.#open] ?? (() => this.#cards(pad?.cards ?? []));
    draw();
  }

  #cards(cards) {
    rebuild($("pad-body"), cards, () => cards.map((card) => {
      const made = button({ ...card, className: "card tile", value: card.code });
      made.dataset.card = "";
      return made;
    }));
  }

  #more() {
    const { pads = [], cards = [], first = [] } = this.#offer ?? {};
    const shown = new Set(first.slice(0, ROW));
    const all = [
      ...pads.filter((pad) => !shown.has(pad.key)).map((pad) => ({ ...pad, pad: pad.key })),
      ...cards.filter((card) => !shown.has(card.code)),
      { ...TYPE, pad: "type" },
    ];
    rebuild($("pad-body"), all, () => all.map((one) => this.#button({ ...one })));
  }

  #numbers(codes) {
    const list = Object.entries(codes);
    rebuild($("pad-body"), list, () => list.map(([number, code]) => {
      const made = button({ same: number, className: "card key", value: code });
      made.dataset.card = "";
      return made;
    }));
  }

  #months() {
    const months = this.#decks?.months ?? {};
    const now = new Date();
    const start = now.getFullYear() < 2024 ? 2024 : now.getFullYear();
    this.#year ||= start;
    const years = Array.from({ length: YEARS_SHOWN }, (_, i) => start + i);
    const shown = Array.from({ length: 12 }, (_, i) => `${this.#year}-${String(i + 1).padStart(2, "0")}`);
    rebuild($("pad-body"), [years, shown, Object.keys(months).length], () => [
      ...years.map((year) => {
        const made = button({ zh: `${year} 年`, en: String(year), className: "card key year" });
        made.dataset.key = `year ${year}`;
        made.setAttribute("aria-pressed", String(year === this.#year));
        return made;
      }),
      ...shown.map((month) => {
        const number = Number(month.slice(5));
        const made = button({ zh: `${number} 月`, en: month.slice(5), className: "card key", value: months[month] ?? "" });
        made.dataset.card = "";
        made.disabled = !months[month];
        return made;
      }),
    ]);
  }

  #money() {
    const jiao = String(Math.round(Number(this.#typed || "0") * 10));
    const code = this.#decks?.prices[jiao];
    this.#padOfKeys([..."123456789", "0", ".", "⌫"], code, {
      shown: `¥${this.#typed || "0"}`, zh: "确定", en: "OK",
      wrong: this.#typed && !code, wrongZh: "最多 500 元，50 元以上不要角", wrongEn: "500 yuan at most, no jiao above 50",
    });
  }

  #keyboard() {
    this.#padOfKeys([...KEYS, "⌫"], this.#typed.length > 6 ? this.#typed : "", {
      shown: this.#typed || "—", zh: "输入", en: "Enter",
    });
  }

  #padOfKeys(keys, value, { shown, zh, en, wrong = false, wrongZh = "", wrongEn = "" }) {
    rebuild($("pad-body"), [this.#open, Boolean(this.#decks)], () => {
      const display = document.createElement("p");
      display.className = "display";
      display.setAttribute("role", "status");
      const hint = document.createElement("p");
      hint.className = "hint";
      const grid = document.createElement("div");
      grid.className = "keys";
      for (const key of keys) {
        const made = button({ same: key, className: "card key" });
        if (key === "⌫") made.setAttribute("aria-label", "删除 Delete");
        made.dataset.key = key;
        grid.append(made);
      }
      const done = button({ zh, en, icon: "check-bold", className: "card done" });
      return [display, hint, grid, done];
    });
    const body = $("pad-body");
    body.querySelector(".display").textContent = shown;
    const hint = body.querySelector(".hint");
    hint.hidden = !wrong;
    put(hint, wrongZh, wrongEn);
    const done = body.querySelector(".done");
    done.disabled = !value;
    done.value = value ?? "";
    if (this.#open === "type") done.dataset.key = "enter";
    else done.dataset.card = "";
  }

  #key(key) {
    if (key.startsWith("year ")) {
      this.#year = Number(key.slice(5));
    } else if (key === "enter") {
      const text = this.#typed;
      this.close();
      this.type(text);
      return;
    } else if (key === "⌫") {
      this.#typed = this.#typed.slice(0, -1);
    } else if (this.#open === "type") {
      if (this.#typed.length < CODE_LENGTH) this.#typed += key;
    } else {
      const next = this.#typed + key;
      if (/^(0|[1-9][0-9]{0,2})?(\.[05]?)?$/.test(next) && Number(next || 0) <= MAX_YUAN) {
        this.#typed = next.startsWith(".") ? `0${next}` : next;
      }
    }
    this.#draw();
  }
}
