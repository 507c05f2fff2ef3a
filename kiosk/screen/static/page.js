// Draws the state. Everything that is said here was decided by the kiosk, except that the
// connection to it is lost.

import { $, button, icon, put, rebuild, words } from "./dom.js";

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
const WELCOME = ["您好", "Hello"];
const TICK_MS = 200;
const HURRY_MS = 130_000;
const LAST_MS = 60_000;

const laneName = (name) => (name === "screen" ? ["本屏幕", "This screen"]
  : [`扫码枪 ${name.replace(/^lane-/, "")}`, `Scanner ${name.replace(/^lane-/, "")}`]);

const toTheNewest = () => { $("items").scrollTop = $("items").scrollHeight; };

export class Page {
  #state = null;
  #picked = null;
  #shown = null;
  #deadline = null;
  #claim = null;
  #sending = 0;
  #notices = new Map();
  #run = "";

  constructor(pads) {
    this.pads = pads;
    this.#picked = new URLSearchParams(location.search).get("lane");
    setInterval(() => this.#tick(), TICK_MS);
    addEventListener("resize", () => this.#fit());
    // What is drawn beside the list, or a longer message, leaves it less room than it was drawn in.
    new ResizeObserver(toTheNewest).observe($("items"));
    $("papers").addEventListener("click", (event) => {
      const image = event.target.closest("button")?.querySelector("img");
      if (image) this.#zoom(image);
    });
    $("lanes").addEventListener("click", (event) => {
      const touched = event.target.closest("button");
      if (!touched) return;
      this.#picked = touched.value;
      this.show(this.#state);
    });
  }

  get isLost() { return !$("lost").hidden; }

  /** The lane that is shown, which touches are meant for; null for the page's own. */
  get lane() { return this.#shown; }

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
    this.#kiosk(state);
    const lane = this.#chosen(state);
    this.#shown = lane?.lane ?? null;
    this.#lanes(state.lanes, lane);
    this.#lane(lane);
    this.#papers(state, lane);
    this.pads.show(lane, state.takes_scans, `${lane?.lane}.${lane?.state}.${lane?.message_zh}.${state.sounds.at(-1)?.no ?? 0}`);
    this.#fit();
    document.body.dataset.ready = "yes";
  }

  // --- the lane ------------------------------------------------------------------------------

  /** The lane a person tapped; else the one that is shown, while somebody is at it, so that
   * nobody's buttons change under their finger; else one that is used; else the last to signal. */
  #chosen(state) {
    const named = (name) => state.lanes.find((lane) => lane.lane === name);
    const used = (lane) => lane && !lane.at_rest;
    const shown = named(this.#shown);
    const active = named(state.active);
    return named(this.#picked) ?? (used(shown) ? shown : null) ?? (used(active) ? active : null)
      ?? state.lanes.find(used) ?? active ?? state.lanes[0] ?? null;
  }

  #lanes(lanes, shown) {
    const others = lanes.filter((lane) => lane !== shown);
    $("lanes").hidden = others.length === 0;
    rebuild($("lanes"), others.map((lane) => [lane.lane, lane.mode, lane.at_rest]), () => others.map((lane) => {
      const [zh, en] = laneName(lane.lane);
      const made = button({
        zh: `${zh}：${lane.mode.zh}`, en: `${en}: ${lane.mode.en}`, icon: lane.mode.icon,
        className: "other", value: lane.lane,
      });
      made.dataset.light = lane.mode.light;
      return made;
    }));
  }

  #lane(lane) {
    const signal = lane?.signal ?? "idle";
    document.body.dataset.signal = signal;
    document.body.dataset.state = lane?.state ?? "";
    const listed = (lane?.lines.length ?? 0) > 0 || (lane?.figures.length ?? 0) > 0;
    document.body.dataset.view = lane?.greets ?? true ? "idle" : "work";
    this.#mode(lane?.mode);
    put($("tag"), ...(TAGS[signal] ?? TAGS.idle));
    put($("message"), ...(lane ? [lane.message_zh, lane.message_en] : WELCOME));
    put($("next"), lane?.next_zh ?? "", lane?.next_en ?? "");
    $("person").hidden = !lane?.person;
    this.#deadline = lane?.deadline_ms_left == null ? null
      : { end: performance.now() + lane.deadline_ms_left, window: lane.window_ms };
    this.#showClaim(lane?.claim);
    this.#items(lane, listed);
    this.#fixed(lane?.offer);
    this.#tick();
  }

  /** Long words get the list's room, and then the picture's, rather than smaller letters. */
  #fit() {
    const box = document.querySelector(".state");
    const said = `${$("message").dataset.said}${$("next").dataset.said}${innerWidth}x${innerHeight}${document.body.dataset.view}`
      + `${$("list").hidden}${$("printer").hidden}${$("count").hidden}${$("choices").offsetHeight}${document.documentElement.dataset.language}`;
    if (box.dataset.fitted === said) return;
    box.dataset.fitted = said;
    for (const fit of ["", "wide", "tight"]) {
      document.body.dataset.fit = fit;
      const { paddingTop, paddingBottom } = getComputedStyle(box);
      const room = box.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom);
      if (box.querySelector(".words").offsetHeight <= room + 1) break;
    }
  }

  #mode(mode) {
    if (!mode) return;
    $("mode").dataset.light = mode.light;
    rebuild($("mode"), mode, () => {
      const text = document.createElement("span");
      text.className = "both";
      text.append(words(mode.zh, mode.en));
      return [icon(mode.icon), text];
    });
  }

  #fixed(offer) {
    for (const name of ["help", "undo", "finish"]) $(name).disabled = !offer?.[name];
  }

  #items(lane, listed) {
    const lines = lane?.lines ?? [];
    put($("items-title"), lane?.heading_zh ?? "", lane?.heading_en ?? "");
    $("items-count").textContent = lane?.count ? String(lane.count) : "";
    $("list").hidden = !listed;
    $("figures").hidden = !lane?.figures.length;
    rebuild($("figures"), lane?.figures ?? [], () => lane.figures.map((figure) => {
      const box = document.createElement("div");
      const name = document.createElement("dt");
      name.append(words(figure.zh, figure.en));
      const value = document.createElement("dd");
      value.textContent = figure.value;
      if (figure.value.length > 9) value.className = "long";
      box.append(name, value);
      return box;
    }));
    $("items").hidden = lines.length === 0;
    const first = (lane?.count ?? 0) - lines.filter((line) => !line.undone).length;
    $("items").dataset.from = String(Math.max(0, first));
    let number = Math.max(0, first);
    rebuild($("items"), [first, lines], () => lines.map((line) => {
      const item = document.createElement("li");
      if (line.undone) item.className = "undone";
      const no = document.createElement("span");
      no.className = "no";
      if (!line.undone) { number += 1; no.textContent = `${number}.`; }
      const what = document.createElement(line.undone ? "s" : "span");
      what.className = "what";
      what.append(words(line.zh, line.en));
      item.append(no, what);
      if (line.value) {
        const value = document.createElement("b");
        value.textContent = line.value;
        item.append(value);
      }
      if (line.code) {
        const code = document.createElement("code");
        code.textContent = line.code;
        item.append(code);
      }
      if (line.note_zh || line.note_en) {
        const note = document.createElement("span");
        note.className = "note";
        note.append(words(line.note_zh, line.note_en));
        item.append(note);
      }
      return item;
    }));
    toTheNewest();
  }

  #showClaim(claim) {
    if (!claim) {
      this.#claim = null;
      $("claim").hidden = true;
      $("claim-code").removeAttribute("src");
      return;
    }
    const src = `/claim/${claim.number}.svg`;
    if ($("claim-code").getAttribute("src") !== src) $("claim-code").src = src;
    $("claim").hidden = false;
    document.body.dataset.view = "work";
    this.#claim = performance.now() + claim.ms_left;
  }

  #tick() {
    const now = performance.now();
    const left = this.#deadline ? this.#deadline.end - now : 0;
    const seconds = String(Math.ceil(left / 1000));
    // A mode that stays for a quarter of an hour hurries nobody.
    $("count").hidden = left <= 0 || (this.#deadline.window > HURRY_MS && left > LAST_MS);
    $("pad-seconds").textContent = left > 0 && document.body.dataset.state === "asking" ? seconds : "";
    if (left > 0) {
      $("seconds").textContent = seconds;
      $("ring").setAttribute("stroke-dasharray", `${Math.min(1, left / this.#deadline.window) * 100} 100`);
    }
    if (this.#claim === null) return;
    // The kiosk forgets it at the same moment; a page that lost the kiosk must not keep it.
    if (this.#claim <= now) this.#showClaim(null);
    else $("claim-seconds").textContent = String(Math.ceil((this.#claim - now) / 1000));
  }

  // --- the kiosk -----------------------------------------------------------------------------

  #kiosk(state) {
    const { kiosk } = state;
    document.documentElement.dataset.language = kiosk.language;
    document.documentElement.lang = kiosk.language === "en" ? "en" : "zh-Hans";
    put($("stop"), kiosk.stop_zh, kiosk.stop_en);
    const { online, backlog } = kiosk;
    $("online").dataset.online = online ? "yes" : "no";
    if (online && backlog) put($("online"), `联网 · ${backlog} 条正在上传`, `Online · ${backlog} on their way`);
    else if (online) put($("online"), "联网 · 都已上传", "Online · all sent");
    else if (backlog) put($("online"), `未联网 · ${backlog} 条存在本机`, `Offline · ${backlog} kept safely here`);
    else put($("online"), "未联网 · 照常可用", "Offline · works all the same");
    this.#devices(kiosk);
    put($("day-title"), ...(kiosk.day.dated ? ["今天", "Today"] : ["开机以来", "Since the start"]));
    $("day-received").textContent = String(kiosk.day.received);
    $("day-handed").textContent = String(kiosk.day.handed_over);
    $("drawer").hidden = !state.has_printer;
    document.body.dataset.trial = state.has_printer ? "yes" : "no";
  }

  #devices(kiosk) {
    const { devices } = kiosk;
    $("devices").hidden = devices.length === 0 && !kiosk.unsaved;
    const bad = devices.filter((device) => !device.ok);
    const printer = bad.find((device) => device.kind === "printer");
    $("devices").dataset.ok = bad.length || kiosk.unsaved ? "no" : "yes";
    const summary = $("devices").querySelector("summary");
    if (kiosk.unsaved) put(summary, "现在不能保存", "Nothing can be saved");
    else if (printer) put(summary, `打印机：${printer.zh || "请看一下"}`, `Printer: ${printer.en || "please look"}`);
    else if (bad.length) put(summary, `设备：${bad.length} 台有问题`, `Devices: ${bad.length} not working`);
    else put(summary, "设备正常", "Devices fine");
    rebuild($("devices").querySelector("ul"), devices, () => devices.map((device) => {
      const item = document.createElement("li");
      item.dataset.ok = device.ok ? "yes" : "no";
      const name = document.createElement("code");
      name.textContent = device.name;
      item.append(device.ok ? "✓ " : "✗ ", name, " ", words(device.zh, device.en));
      return item;
    }));
  }

  // --- paper ---------------------------------------------------------------------------------

  #papers(state, lane) {
    this.#printing(state);
    const pictures = state.has_printer;
    const last = lane?.lines.filter((line) => line.code && !line.undone).at(-1);
    const preview = !pictures && lane?.state === "intake" && last;
    $("preview").hidden = !preview;
    if (preview) {
      put($("preview-words"), last.zh, last.en);
      $("preview-code").textContent = last.code;
    }
    const told = !$("printing").hidden;
    $("printer").hidden = !(pictures || preview || told);
    $("no-paper").hidden = !pictures || state.papers.length > 0;
    $("papers").hidden = !pictures || state.papers.length === 0;
    if (state.run !== this.#run) $("papers").replaceChildren();
    const fresh = this.#run === state.run;
    this.#run = state.run;
    const kept = new Map([...$("papers").children].map((item) => [item.dataset.id, item]));
    const wanted = state.papers.map((paper) => kept.get(String(paper.id)) ?? this.#paper(paper, fresh));
    const same = wanted.length === kept.size && wanted.every((item, i) => item === $("papers").children[i]);
    if (same) return;
    $("papers").replaceChildren(...wanted);
    $("papers").scrollTop = 0;
    this.#closeZoom(state.papers);
  }

  /** What becomes of the papers that were promised. */
  #printing({ kiosk, has_printer: pictures }) {
    const printers = kiosk.devices.filter((device) => device.kind === "printer");
    const stuck = printers.find((device) => !device.ok);
    const waiting = kiosk.papers_waiting + kiosk.labels_ordered;
    const told = $("printing");
    told.dataset.ok = stuck || (waiting && !printers.length) ? "no" : "yes";
    told.hidden = false;
    if (stuck) put(told, `打印机：${stuck.zh || "请看一下"}。${waiting ? `${waiting} 张等着打，东西都已保存` : "东西照常保存"}`,
      `Printer: ${stuck.en || "please look"}. ${waiting ? `${waiting} wait to be printed; ` : ""}everything is saved`);
    else if (kiosk.labels_ordered && printers.length && !kiosk.papers_waiting) {
      put(told, `中心要的标签还有 ${waiting} 张，有空就打`, `${waiting} labels for the hub still to print`);
    } else if (waiting && printers.length) put(told, `正在打印：${waiting} 张`, `Printing: ${waiting}`);
    else if (waiting && !pictures) put(told, `没有打印机，${waiting} 张等着打`, `No printer: ${waiting} wait`);
    else told.hidden = true;
  }

  #paper(paper, fresh) {
    const item = document.createElement("li");
    item.dataset.id = String(paper.id);
    if (fresh) item.className = "fresh";
    const made = document.createElement("button");
    made.type = "button";
    const image = document.createElement("img");
    image.width = paper.width;
    image.height = paper.height;
    image.src = `/paper/${paper.id}.png`;
    const [zh, en] = PAPERS[paper.kind] ?? ["纸", "Paper"];
    image.alt = `${zh} ${en} ${paper.id}`;
    made.append(image);
    item.append(made);
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

  /** A receipt that is no longer shown is not shown enlarged either. */
  #closeZoom(papers) {
    const src = $("zoom-image").getAttribute("src");
    if (!src || papers.some((paper) => src.endsWith(`/paper/${paper.id}.png`))) return;
    $("zoom").close();
    $("zoom-image").removeAttribute("src");
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
