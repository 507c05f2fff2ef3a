// Puts the page's parts together: keys and clicks become scans, states become what is drawn.

import { $ } from "./dom.js";
import { Keys, masked } from "./keys.js";
import { Link } from "./link.js";
import { Pads } from "./pads.js";
import { Page } from "./page.js";
import { Sound } from "./sound.js";
import { Labels, Practice } from "./tray.js";

const IME_NOTICE_MS = 8_000;
const FORGET_MS = 60_000;
const TIMER_LATE_MS = 20;
const MAX_SCAN = 512;

const pads = new Pads({
  press: (code) => send(code, { lane: page.lane, pressed: true }),
  type: (text) => send(text, { lane: page.lane, pressed: true }),
});
const page = new Page(pads);
const sound = new Sound(localStorage);
const labels = new Labels(sessionStorage, $("labels"), $("no-labels"));
const keys = new Keys();
const link = new Link({
  key: document.querySelector("meta[name=page-key]").content,
  onState: take,
  onLost: () => page.lost(),
});
const practice = new Practice(sessionStorage);

let run = "";
let lastSound = 0;

function take(state) {
  const latest = state.sounds.length ? state.sounds[state.sounds.length - 1].no : 0;
  // A page that has just opened, or come back, repeats nothing that was heard before it.
  if (state.run === run && !page.isLost) {
    for (const made of state.sounds) if (made.no > lastSound) sound.play(made.signal);
  }
  run = state.run;
  lastSound = latest;
  page.show(state);
  for (const lane of state.lanes) labels.learn(lane.lines);
}

async function send(text, how) {
  page.busy(1);
  const answer = await link.send(text, how);
  page.busy(-1);
  if (answer.accepted) {
    page.clearNotice("scan");
  } else {
    sound.play("refused");
    page.notice("scan", ...(answer.reason === "lost"
      ? ["没有收到回答：请看清单里有没有，没有再扫一次",
        "No answer: look at the list, and scan again only if it is not there"]
      : [answer.zh, answer.en]));
  }
}

// --- keys ------------------------------------------------------------------------------------

const field = $("type");
let silence = 0;
let forget = 0;
let codelessUntil = 0;

function strip() {
  page.typed(masked(keys.text));
}

function awaitSilence() {
  clearTimeout(silence);
  const due = performance.now() + keys.silenceMs;
  silence = setTimeout(() => {
    // A timer that comes late may have overtaken keys that wait behind it.
    if (performance.now() - due > TIMER_LATE_MS) {
      awaitSilence();
      return;
    }
    const scan = keys.silence();
    if (!scan) return;
    if (document.activeElement === field) field.value = "";
    strip();
    sendScan(scan);
  }, keys.silenceMs);
  clearTimeout(forget);
  forget = setTimeout(() => { keys.clear(); strip(); }, FORGET_MS);
}

function sendScan(scan) {
  if (scan.byNumbers) {
    page.notice("keys", "扫码枪设成了 Alt+数字输入，请扫设置页改为美国英语键盘",
      "The scanner types Alt and numbers: set it to a USA keyboard", IME_NOTICE_MS);
  }
  send(scan.text);
}

function warnOfInputMethod() {
  page.notice("ime", "请切换到英文输入法", "Switch the input method to English", IME_NOTICE_MS);
}

document.addEventListener("keydown", (event) => {
  sound.unlock();
  const composing = event.isComposing || event.keyCode === 229 || event.key === "Process";
  // Keyboards on glass always compose; only keys with a place come from a scanner.
  if (composing && event.code) warnOfInputMethod();
  if (!event.code) codelessUntil = event.timeStamp + 500;
  const meant = keys.press({
    code: event.code,
    key: composing ? "" : event.key,
    shift: event.shiftKey,
    caps: event.getModifierState("CapsLock"),
    ctrl: event.ctrlKey,
    alt: event.altKey,
    other: event.metaKey,
    repeat: event.repeat,
  }, event.timeStamp);
  if (!meant.taken) return;
  awaitSilence();
  const inField = event.target === field;
  if (meant.scan && (meant.scan.burst || !inField)) {
    event.preventDefault();
    field.value = "";
    sendScan(meant.scan);
  } else if (!inField) {
    event.preventDefault();
  }
  // In the field a person sees what they type; the strip is for keys that go nowhere else.
  if (!inField || meant.scan) strip();
}, { capture: true });

document.addEventListener("compositionstart", (event) => {
  if (event.timeStamp > codelessUntil) warnOfInputMethod();
});

document.addEventListener("paste", (event) => {
  if (event.target === field) return;
  const text = event.clipboardData.getData("text").trim();
  if (!text) return;
  event.preventDefault();
  if (text.length > MAX_SCAN) {
    page.notice("scan", "粘贴的内容太长", "What was pasted is too long");
  } else {
    send(text);
  }
});

// --- clicks ----------------------------------------------------------------------------------

document.addEventListener("pointerdown", () => sound.unlock(), { capture: true });

document.addEventListener("submit", (event) => {
  if (event.target.getAttribute("action") !== "/scan") return;
  event.preventDefault();
  const typed = event.target === $("type-form");
  const text = typed ? field.value.trim() : event.submitter?.value;
  if (typed) field.value = "";
  keys.clear();
  strip();
  if (!text) return;
  const fixed = event.target.classList.contains("buttons");
  send(text, fixed ? { lane: page.lane, pressed: true } : undefined);
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-practice]");
  if (!button) return;
  const code = await practice.code(button.dataset.practice);
  if (code) send(code);
});

$("fresh").addEventListener("click", async () => {
  await practice.renew();
  page.notice("fresh", "换好了：新的卡、送货单和收货码", "Done: new cards, plan and token", 4_000);
});

function drawSound() {
  page.sound(sound.on);
}

$("sound").addEventListener("click", () => {
  sound.toggle();
  drawSound();
  sound.play("saved");
});

for (const hidden of document.querySelectorAll(".practice, #fresh, #sound")) hidden.hidden = false;
drawSound();
strip();
pads.load();
link.listen();
