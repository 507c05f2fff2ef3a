// Scanning with a phone: the page that holds its parts together.
//
// A scan is read (codes.js), becomes a request that is kept first (store.js), is sent until it is
// answered (queue.js, hub.js), and only the answer makes it green or red.

import { Camera } from "./camera.js";
import { grouped, read, uuid } from "./codes.js";
import { Counting, undoing } from "./counting.js";
import { Handing } from "./handing.js";
import { Hub, NoAnswer, SignedOut } from "./hub.js";
import { Queue } from "./queue.js";
import { signal, wake } from "./signals.js";
import { open } from "./store.js";
import { listen } from "./wedge.js";

const AGAIN_MS = 15000;
const SIGNS = { idle: "", waiting: "…", noted: "i", saved: "✓", found: "✓", refused: "✕" };
const at = (id) => document.getElementById(id);
const root = at("phone");
const words = JSON.parse(root.dataset.words);

function say(key, values) {
  return words[key].replace(/%\((\w+)\)s/g, (_all, name) => String((values || {})[name] ?? ""));
}

function about(what, n) {
  return say("about", { what, n });
}

class Page {
  constructor(store) {
    this.store = store;
    this.session = null;
    this.early = []; // codes scanned before it was known who is signed in
    this.mode = "look";
    this.problem = null;
    this.hub = new Hub(root.dataset);
    this.queue = new Queue({
      store,
      hub: this.hub,
      told: (entry) => this.told(entry),
      changed: () => this.drawKept(),
      away: (error) => this.away(error),
    });
    this.handing = new Handing(this);
    this.counting = new Counting(this);
    this.camera = new Camera({
      video: at("video"),
      reader: root.dataset.reader,
      wasm: root.dataset.wasm,
      scanned: (text) => this.scanned(text),
    });
  }

  say(key, values) {
    return say(key, values);
  }

  // --- who and where ---------------------------------------------------------------------------

  async begin() {
    this.arm();
    await this.enter(await this.store.get("session"));
    this.choose((await this.store.get("mode")) || "look");
    this.wedge(Boolean(await this.store.get("wedge")));
    await this.queue.load();
    if (this.session) this.ready();
    await this.refresh();
    this.ready();
  }

  /** From here on a scan is taken at once; those that came before are taken now. */
  ready() {
    root.dataset.ready = "yes";
    const early = this.early || [];
    this.early = null;
    for (const text of early) this.scanned(text);
  }

  /** These are this person's requests from now on, and what they were doing. */
  async enter(session) {
    if (!session) return;
    const other = !this.session || this.session.account !== session.account;
    this.session = session;
    this.queue.account = session.account;
    this.counting.offer(session.counts);
    if (other) {
      const mine = async (key) => {
        const kept = await this.store.get(key);
        return kept && kept.account === session.account ? kept.value : null;
      };
      this.handing.restore(await mine("hand"));
      this.counting.restore(await mine("count"));
    }
    this.drawMode();
  }

  keep(key, value) {
    if (this.session) this.store.set(key, { account: this.session.account, value });
  }

  async refresh() {
    clearTimeout(this.asking);
    try {
      const session = await this.hub.session();
      await this.store.set("session", session);
      await this.enter(session);
      this.away(null);
      this.queue.failures = 0;
      this.queue.now();
    } catch (error) {
      if (!(error instanceof NoAnswer || error instanceof SignedOut)) throw error;
      this.away(error);
    }
  }

  away(error) {
    this.problem = error;
    clearTimeout(this.asking);
    if (error) this.asking = setTimeout(() => this.refresh(), AGAIN_MS);
    this.drawConnection();
  }

  placeName(code) {
    if (!code) return "";
    const named = this.session && this.session.places[code];
    return named ? `${named} (${grouped(code)})` : grouped(code);
  }

  // --- scans -----------------------------------------------------------------------------------

  scanned(text) {
    if (this.early) return this.early.push(text);
    const found = read(text);
    if (!this.session) return this.show("refused", say("refused"), say("signedOut"));
    if (["secret", "strange", "mistyped"].includes(found.kind)) {
      return this.show("refused", say("refused"), say(found.kind));
    }
    if (found.kind === "K") return this.show("refused", say("refused"), say("actionCard"));
    if (!this.session.may.includes(this.mode)) {
      return this.show("refused", say("refused"), say("notYours"));
    }
    if (this.mode === "hand") return this.handing.scan(found);
    if (this.mode === "count") return this.counting.scan(found);
    return this.request({
      request: uuid(),
      what: "look",
      label: grouped(found.code),
      act: { action: "look", text: found.code },
    });
  }

  /** Keeps a request and shows that it waits. */
  async request(made) {
    this.show("waiting", say("waiting"), about(say(made.what), made.label));
    if (navigator.storage && navigator.storage.persist) navigator.storage.persist();
    await this.queue.add({ ...made, account: this.session.account, at: Date.now() });
  }

  /** An answer that is only for this moment; null where there is none. */
  async peek(act) {
    if (this.problem) return null;
    try {
      return await this.hub.send(this.session.account, { request: uuid(), act });
    } catch (error) {
      if (error instanceof NoAnswer || error instanceof SignedOut) return null;
      throw error;
    }
  }

  told(entry) {
    const { outcome, text, lines, href } = entry.answer;
    if (outcome === "refused") this.counting.refused(entry.request);
    const named = { saved: text, found: about(entry.label, text) };
    this.show(outcome, say(outcome), named[outcome] || about(say(entry.what), text), lines, href);
  }

  note(key, code) {
    const shown = grouped(code);
    const text = say(key, { code: shown });
    if (key === "added") this.show("noted", say("ready"), about(text, shown));
    else this.show("noted", text, text.includes(shown) ? "" : shown);
  }

  show(state, said, text, lines, href) {
    at("outcome").dataset.state = state;
    at("sign").textContent = SIGNS[state];
    at("said").textContent = said;
    at("text").textContent = text;
    const list = at("lines");
    list.hidden = !(lines && lines.length);
    list.replaceChildren(
      ...(lines || []).flatMap(([name, value]) => [element("dt", name), element("dd", value)]),
    );
    at("more").hidden = !href;
    if (href) at("more").querySelector("a").href = href;
    signal(state);
  }

  // --- drawing ---------------------------------------------------------------------------------

  choose(mode) {
    this.mode = mode;
    this.store.set("mode", mode);
    if (at("outcome").dataset.state !== "waiting") this.show("idle", say("ready"), say("start"));
    this.drawMode();
  }

  drawMode() {
    const may = this.session ? this.session.may : ["look"];
    for (const button of document.querySelectorAll("[data-mode]")) {
      button.hidden = !may.includes(button.dataset.mode);
      button.setAttribute("aria-pressed", String(button.dataset.mode === this.mode));
    }
    at("part-hand").hidden = this.mode !== "hand";
    at("part-count").hidden = this.mode !== "count";
    this.handing.draw();
    this.counting.draw();
  }

  drawConnection() {
    const signedOut = this.problem instanceof SignedOut;
    const pill = at("connection");
    pill.textContent = say(this.problem && !signedOut ? "offline" : "online");
    pill.classList.toggle("is-away", Boolean(this.problem));
    const strangers = this.queue.waiting().some((one) => one.account !== this.queue.account);
    const note = signedOut ? "signedOut" : this.problem ? "offlineNote" : "";
    const last = strangers ? "strangers" : this.store.keeps ? "" : "unkept";
    at("note").textContent = note || last ? say(note || last) : "";
    at("note").hidden = !note && !last;
    at("sign-in").hidden = !signedOut;
  }

  drawKept() {
    const { entries } = this.queue;
    const waiting = this.queue.waiting().length;
    at("waiting-link").textContent = waiting ? say("nWaiting", { n: waiting }) : say("noneWaiting");
    at("waiting-link").classList.toggle("is-away", waiting > 0);
    at("kept-none").hidden = entries.length > 0;
    at("retry-row").hidden = waiting === 0;
    at("kept-clear-row").hidden = entries.length === waiting;
    at("kept-list").replaceChildren(...[...entries].reverse().map((one) => this.row(one)));
    this.drawConnection();
  }

  row(entry) {
    const row = element("li");
    row.className = `is-${entry.state}`;
    row.dataset.request = entry.request;
    const time = element("time", clock(entry.at));
    time.dateTime = new Date(entry.at).toISOString();
    row.append(
      element("span", `${SIGNS[entry.state]} ${say(entry.state)}`),
      element("span", about(say(entry.what), entry.label)),
      time,
    );
    if (entry.state === "refused") row.append(element("p", entry.answer.text));
    if (this.mayTakeBack(entry)) {
      row.append(
        undoing(this, entry.act.item, () => this.counting.takeBack(entry.request, entry.act)),
      );
    }
    const stranger = entry.state === "waiting" && entry.account !== this.queue.account;
    if (stranger) row.append(element("p", say("strangers")));
    if (stranger || (entry.state === "waiting" && entry.tries >= 3)) {
      const drop = element("button", say("drop"));
      drop.type = "button";
      drop.className = "small danger";
      drop.addEventListener("click", () => {
        if (window.confirm(say("confirmDrop"))) this.queue.drop(entry.n);
      });
      row.append(drop);
    }
    return row;
  }

  /** Something that this account counted, that is not refused, and was not taken back. */
  mayTakeBack(entry) {
    if (entry.what !== "item" || entry.state === "refused") return false;
    if (entry.account !== this.queue.account) return false;
    const back = (one) => one.act.counted === entry.request && one.state !== "refused";
    return !this.queue.entries.some(back);
  }

  // --- buttons ---------------------------------------------------------------------------------

  arm() {
    document.addEventListener("pointerdown", wake);
    document.addEventListener("keydown", wake);
    for (const button of document.querySelectorAll("[data-mode]")) {
      button.addEventListener("click", () => this.choose(button.dataset.mode));
    }
    at("entry").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = at("code").value;
      at("code").value = "";
      if (text.trim()) this.scanned(text);
    });
    listen((text) => this.scanned(text));
    at("camera").addEventListener("click", () => this.switchCamera());
    at("torch").addEventListener("click", () => this.switchTorch());
    at("wedge").addEventListener("click", () => {
      this.wedge(at("wedge").getAttribute("aria-pressed") !== "true");
    });
    at("retry").addEventListener("click", () => this.refresh());
    at("kept-clear").addEventListener("click", () => this.queue.clear());
    window.addEventListener("online", () => this.refresh());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.refresh();
    });
    window.addEventListener("pagehide", () => this.camera.stop());
  }

  /** A scanner that types into a phone needs a field with the focus, and no keyboard over it. */
  wedge(on) {
    at("wedge").setAttribute("aria-pressed", String(on));
    at("code").inputMode = on ? "none" : "text";
    this.store.set("wedge", on);
    if (on) at("code").focus();
  }

  async switchCamera() {
    const button = at("camera");
    if (this.camera.on) {
      this.camera.stop();
      button.textContent = say("cameraOn");
      at("view").hidden = at("torch").hidden = true;
      return;
    }
    at("view").hidden = false;
    at("camera-note").textContent = say("cameraLooks");
    try {
      if (!Camera.offered) throw new Error("no camera");
      await this.camera.start();
      button.textContent = say("cameraOff");
      at("torch").hidden = !this.camera.hasTorch;
      root.scrollIntoView({ block: "start" });
      at("video").hidden = false;
    } catch {
      at("video").hidden = true;
      at("camera-note").textContent = say(Camera.offered ? "cameraDenied" : "cameraNone");
    }
  }

  async switchTorch() {
    const on = at("torch").textContent === say("torchOn");
    await this.camera.light(on);
    at("torch").textContent = say(on ? "torchOff" : "torchOn");
  }
}

function element(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
}

function clock(ms) {
  return new Date(ms).toLocaleTimeString(root.dataset.lang, { timeStyle: "short", hourCycle: "h23" });
}

async function keepThePage() {
  if (!navigator.serviceWorker) return;
  const scope = new URL("/phone", location.href).pathname;
  await navigator.serviceWorker.register(root.dataset.worker, { scope });
  const kept = await navigator.serviceWorker.ready;
  kept.active.postMessage("renew");
}

await new Page(await open()).begin();
if (document.body.classList.contains("app")) await keepThePage();
