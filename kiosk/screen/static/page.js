// Draws the state. Everything that is said here was decided by the kiosk, except that the
// connection to it is lost.

import { words } from "./tray.js";

const $ = (id) => document.getElementById(id);

const TAGS = {
  idle: ["请扫码", "Ready"],
  busy: ["请稍等", "One moment"],
  saved: ["已保存", "Saved"],
  refused: ["没有记录", "Not taken"],
  attention: ["请注意", "Please look"],
};
const PAPERS = {
  label: ["标签", "Label"], receipt: ["收据", "Receipt"], slip: ["交接单", "Slip"],
};
const WELCOME = ["您好，请扫物品上的条码", "Welcome. Scan the barcode on the thing"];
const TICK_MS = 200;

/** Replaces an element's content only when it changed: a live region repeats what is rewritten. */
function put(element, zh, en) {
  const said = `${zh}\n${en}`;
  if (element.dataset.said === said) return;
  element.dataset.said = said;
  element.replaceChildren(...(zh || en ? [words(zh, en)] : []));
}

export class Page {
  #state = null;
  #picked = null;
  #deadline = null;
  #sending = 0;
  #notices = new Map();
  #run = "";

  constructor() {
    setInterval(() => this.#tick(), TICK_MS);
    $("papers").addEventListener("click", (event) => {
      const image = event.target.closest("button")?.querySelector("img");
      if (image) this.#zoom(image);
    });
    $("lanes").addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      this.#picked = button.value;
      this.show(this.#state);
    });
  }

  get isLost() { return !$("lost").hidden; }

  lost() {
    if (this.isLost) return;
    $("lost").hidden = false;
    $("lost-words").hidden = false;
    document.querySelector("main").inert = true;
    document.querySelector("footer").inert = true;
  }

  show(state) {
    this.#state = state;
    $("lost").hidden = true;
    $("lost-words").hidden = true;
    document.querySelector("main").inert = false;
    document.querySelector("footer").inert = false;
    for (const field of document.querySelectorAll("input[name=key]")) field.value = state.key;
    this.#kiosk(state.kiosk);
    const lane = this.#chosen(state);
    this.#lanes(state.lanes, lane);
    this.#lane(lane);
    this.#papers(state);
  }

  // --- the lane ------------------------------------------------------------------------------

  /** The lane a person tapped; else the screen's own while it is used; else the last to signal. */
  #chosen(state) {
    const named = (name) => state.lanes.find((lane) => lane.lane === name);
    const screen = named("screen");
    const used = screen && (screen.lines.length > 0 || screen.person);
    return named(this.#picked) ?? (used ? screen : named(state.active)) ?? state.lanes[0] ?? null;
  }

  #lanes(lanes, shown) {
    $("lanes").hidden = lanes.length < 2;
    $("lanes").replaceChildren(...lanes.map((lane) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.value = lane.lane;
      button.setAttribute("aria-pressed", String(lane === shown));
      if (lane.lane === "screen") button.append(words("本屏幕", "This screen"));
      else button.append(words(`扫码枪 ${lane.lane}`, `Scanner ${lane.lane}`));
      return button;
    }));
  }

  #lane(lane) {
    const signal = lane?.signal ?? "idle";
    document.body.dataset.signal = signal;
    document.body.dataset.state = lane?.state ?? "";
    put($("tag"), ...(TAGS[signal] ?? TAGS.idle));
    put($("message"), ...(lane ? [lane.message_zh, lane.message_en] : WELCOME));
    put($("next"), lane?.next_zh ?? "", lane?.next_en ?? "");
    $("person").hidden = !lane?.person;
    this.#deadline = lane?.deadline_ms_left == null ? null
      : { end: performance.now() + lane.deadline_ms_left, window: lane.window_ms };
    this.#tick();
    this.#items(lane?.lines ?? []);
  }

  #items(lines) {
    const live = lines.filter((line) => !line.undone).length;
    $("items-count").textContent = live ? String(live) : "";
    $("steps").hidden = lines.length > 0;
    $("items").hidden = lines.length === 0;
    const said = JSON.stringify(lines);
    if ($("items").dataset.said === said) return;
    $("items").dataset.said = said;
    $("items").replaceChildren(...lines.map((line) => {
      const item = document.createElement("li");
      if (line.undone) item.className = "undone";
      const what = document.createElement(line.undone ? "s" : "span");
      what.className = "what";
      what.append(words(line.zh, line.en));
      const code = document.createElement("code");
      code.textContent = line.code;
      item.append(what, code);
      if (line.note_zh || line.note_en) {
        const note = document.createElement("span");
        note.className = "note";
        note.append(words(line.note_zh, line.note_en));
        item.append(note);
      }
      return item;
    }));
    $("items").scrollTop = $("items").scrollHeight;
  }

  #tick() {
    const left = this.#deadline ? this.#deadline.end - performance.now() : 0;
    $("count").hidden = left <= 0;
    if (left <= 0) return;
    $("seconds").textContent = String(Math.ceil(left / 1000));
    const share = Math.min(1, left / this.#deadline.window);
    $("ring").setAttribute("stroke-dasharray", `${share * 100} 100`);
  }

  // --- the kiosk -----------------------------------------------------------------------------

  #kiosk(kiosk) {
    document.documentElement.dataset.language = kiosk.language;
    document.documentElement.lang = kiosk.language === "en" ? "en" : "zh-Hans";
    put($("stop"), kiosk.stop_zh, kiosk.stop_en);
    const { online, backlog } = kiosk;
    $("online").dataset.online = online ? "yes" : "no";
    if (online && backlog) put($("online"), `联网 · ${backlog} 条正在上传`, `Online · ${backlog} on their way`);
    else if (online) put($("online"), "联网 · 都已上传", "Online · all sent");
    else if (backlog) put($("online"), `未联网 · ${backlog} 条存在本机`, `Offline · ${backlog} kept safely here`);
    else put($("online"), "未联网 · 照常可用", "Offline · works all the same");
    this.#devices(kiosk.devices);
  }

  #devices(devices) {
    $("devices").hidden = devices.length === 0;
    const bad = devices.filter((device) => !device.ok).length;
    $("devices").dataset.ok = bad ? "no" : "yes";
    put($("devices").querySelector("summary"),
      bad ? `设备：${bad} 台有问题` : "设备正常",
      bad ? `Devices: ${bad} not working` : "Devices fine");
    $("devices").querySelector("ul").replaceChildren(...devices.map((device) => {
      const item = document.createElement("li");
      item.dataset.ok = device.ok ? "yes" : "no";
      const name = document.createElement("code");
      name.textContent = device.name;
      item.append(device.ok ? "✓ " : "✗ ", name, " ", words(device.zh, device.en));
      return item;
    }));
  }

  // --- paper ---------------------------------------------------------------------------------

  #papers(state) {
    $("printer").hidden = !state.has_printer;
    $("no-paper").hidden = state.papers.length > 0;
    $("papers").hidden = state.papers.length === 0;
    if (state.run !== this.#run) $("papers").replaceChildren();
    const fresh = this.#run === state.run;
    this.#run = state.run;
    const kept = new Map([...$("papers").children].map((item) => [item.dataset.id, item]));
    const wanted = state.papers.map((paper) => kept.get(String(paper.id)) ?? this.#paper(paper, fresh));
    const same = wanted.length === kept.size && wanted.every((item, i) => item === $("papers").children[i]);
    if (same) return;
    $("papers").replaceChildren(...wanted);
    $("papers").scrollTop = 0;
  }

  #paper(paper, fresh) {
    const item = document.createElement("li");
    item.dataset.id = String(paper.id);
    if (fresh) item.className = "fresh";
    const button = document.createElement("button");
    button.type = "button";
    const image = document.createElement("img");
    image.width = paper.width;
    image.height = paper.height;
    image.src = `/paper/${paper.id}.png`;
    const [zh, en] = PAPERS[paper.kind] ?? ["纸", "Paper"];
    image.alt = `${zh} ${en} ${paper.id}`;
    button.append(image);
    item.append(button);
    return item;
  }

  #zoom(image) {
    const large = $("zoom-image");
    large.src = image.src;
    large.alt = image.alt;
    large.width = image.naturalWidth * 2;
    large.height = image.naturalHeight * 2;
    $("zoom").showModal();
  }

  // --- small things --------------------------------------------------------------------------

  typed(text) {
    $("typed").textContent = text;
    $("strip").dataset.typing = text ? "yes" : "no";
  }

  busy(change) {
    this.#sending += change;
    $("strip").dataset.sending = this.#sending > 0 ? "yes" : "no";
  }

  sound(on) {
    $("sound").setAttribute("aria-pressed", String(on));
    put($("sound").querySelector(".sound-state"), on ? "开" : "关", on ? "on" : "off");
  }

  /** Shows one line above the buttons until `clearNotice`, or for `ms`. The newest wins. */
  notice(kind, zh, en, ms = 12_000) {
    clearTimeout(this.#notices.get(kind));
    this.#notices.set(kind, setTimeout(() => this.clearNotice(kind), ms));
    $("notice").dataset.kind = kind;
    put($("notice"), zh, en);
    $("notice").hidden = false;
  }

  clearNotice(kind) {
    if ($("notice").dataset.kind === kind) $("notice").hidden = true;
  }
}
