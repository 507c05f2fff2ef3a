// Asks for what changed, keeps what was last heard on the screen, and says how old it is as soon as
// answers stay out. A link that was taken back asks no more.
(function () {
  "use strict";
  const wall = document.getElementById("wall");
  const state = document.getElementById("wall-state");
  if (!wall || !state) return;

  const LATE_MS = 15000;
  let heard = performance.now();
  let gone = false;
  state.hidden = false;

  document.body.addEventListener("htmx:configRequest", function (event) {
    if (event.target === wall) event.detail.headers["If-None-Match"] = wall.dataset.etag;
  });
  document.body.addEventListener("htmx:beforeRequest", function (event) {
    if (gone) event.preventDefault();
  });
  document.body.addEventListener("htmx:afterOnLoad", function (event) {
    if (event.target !== wall) return;
    const answer = event.detail.xhr;
    if (answer.status === 200 && answer.getResponseHeader("ETag")) {
      wall.dataset.etag = answer.getResponseHeader("ETag");
    }
    if (answer.status === 200 || answer.status === 304) heard = performance.now();
    tell();
  });
  document.body.addEventListener("htmx:responseError", function (event) {
    if (event.detail.xhr.status === 404) {
      gone = true;
      wall.replaceChildren();
    }
    tell();
  });
  setInterval(tell, 1000);

  function words(seconds) {
    if (seconds < 120) return state.dataset.seconds.replace("{n}", seconds);
    if (seconds < 7200) return state.dataset.minutes.replace("{n}", Math.floor(seconds / 60));
    return state.dataset.hours.replace("{n}", Math.floor(seconds / 3600));
  }

  function tell() {
    const since = performance.now() - heard;
    const lost = gone || since > LATE_MS;
    // In steps of ten, so that a screen reader is not told every second.
    const text = gone ? state.dataset.gone
      : lost ? words(Math.floor(since / 10000) * 10) : state.dataset.now;
    if (state.textContent !== text) state.textContent = text;
    state.classList.toggle("is-lost", lost);
  }
})();
