// Keeps the phone's page, so that it opens without a network. Nothing else: requests wait in the
// page's own store, and whatever tells of a person is neither in this page nor kept here.
"use strict";

const KEPT = "yicang-phone-2";
const PAGE = "/phone/offline";
const PARTS = [
  "/static/style.css",
  "/static/app.css",
  "/static/icon.svg",
  "/static/phone/phone.css",
  "/static/phone/page.js",
  "/static/phone/codes.js",
  "/static/phone/store.js",
  "/static/phone/hub.js",
  "/static/phone/queue.js",
  "/static/phone/signals.js",
  "/static/phone/wedge.js",
  "/static/phone/camera.js",
  "/static/phone/handing.js",
  "/static/phone/counting.js",
  "/static/vendor/zxing_reader.js",
  "/static/vendor/zxing_reader.wasm",
];
const PATIENCE_MS = 5000;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(KEPT)
      .then((kept) => Promise.all([...PARTS, PAGE].map((address) => keep(kept, address))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith("yicang-phone-") && name !== KEPT))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

// The page is made anew in the language that it was last seen in.
self.addEventListener("message", (event) => {
  if (event.data === "renew") {
    event.waitUntil(caches.open(KEPT).then((kept) => keep(kept, PAGE)).catch(() => undefined));
  }
});

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (event.request.method !== "GET" || address.origin !== self.location.origin) return;
  if (event.request.mode === "navigate" && address.pathname === "/phone") {
    event.respondWith(newest(event.request, PAGE));
  } else if (PARTS.includes(address.pathname)) {
    event.respondWith(newest(event.request, address.pathname));
  }
});

async function keep(kept, address) {
  const response = await fetch(address, { redirect: "error", cache: "no-cache" });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  await kept.put(address, response);
}

/** From the hub; when that cannot be reached, what is kept. */
async function newest(request, address) {
  const kept = await caches.open(KEPT);
  const old = await kept.match(address);
  const asked = fetch(request);
  if (!old) return asked;
  const late = new Promise((resolve) => setTimeout(() => resolve(null), PATIENCE_MS));
  const response = await Promise.race([asked.catch(() => null), late]);
  if (!response || response.status >= 500) return old;
  if (response.ok && address !== PAGE) await kept.put(address, response.clone());
  return response;
}
