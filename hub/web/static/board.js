// Tells the server which board is shown, so that an unchanged one is neither sent nor drawn, and
// says so when the server does not answer.
(function () {
  "use strict";
  const live = document.getElementById("live");
  const state = document.getElementById("live-state");
  if (!live || !state) return;

  state.hidden = false;

  document.body.addEventListener("htmx:configRequest", function (event) {
    if (event.target === live) event.detail.headers["If-None-Match"] = live.dataset.etag;
  });
  document.body.addEventListener("htmx:afterOnLoad", function (event) {
    if (event.target !== live) return;
    say(true);
    const etag = event.detail.xhr.getResponseHeader("ETag");
    if (event.detail.xhr.status === 200 && etag) live.dataset.etag = etag;
  });
  document.body.addEventListener("htmx:sendError", function () { say(false); });
  document.body.addEventListener("htmx:responseError", function () { say(false); });
  document.body.addEventListener("htmx:timeout", function () { say(false); });

  function say(isLive) {
    const text = isLive ? state.dataset.live : state.dataset.lost;
    if (state.textContent === text) return;
    state.textContent = text;
    state.classList.toggle("live-lost", !isLive);
  }
})();
