// Shows how far a large file is on its way to the hub. Without this file, or without htmx, the form
// is sent as any other and the browser shows what it shows.
(function () {
  "use strict";
  const MEGABYTE = 1024 * 1024;

  function form(event) {
    return event.target instanceof Element ? event.target.closest("form.upload") : null;
  }

  function told(words, values) {
    return words.replace(/\{(\w+)\}/g, function (whole, name) {
      return name in values ? values[name] : whole;
    });
  }

  function megabytes(bytes) {
    return (bytes / MEGABYTE).toFixed(bytes < 10 * MEGABYTE ? 1 : 0);
  }

  function part(of, name) {
    return of.querySelector("[data-upload-" + name + "]");
  }

  function say(of, words) {
    const line = part(of, "said");
    if (line.textContent !== words) line.textContent = words;
  }

  // What the hub would refuse is not sent first.
  document.addEventListener("change", function (event) {
    const of = form(event);
    if (!of || event.target.type !== "file") return;
    const bytes = Array.from(event.target.files).reduce((sum, file) => sum + file.size, 0);
    const large = bytes > Number(of.dataset.most) * MEGABYTE;
    event.target.setCustomValidity(large ? of.dataset.large : "");
    if (large) event.target.reportValidity();
  });

  document.addEventListener("htmx:beforeSend", function (event) {
    const of = form(event);
    if (!of) return;
    of.dataset.phase = "sending";
    part(of, "way").hidden = false;
    part(of, "bar").hidden = false;
    part(of, "bar").value = 0;
    say(of, of.dataset.begins);
  });

  // The same events come of the answer on its way back: from when all is sent they tell nothing.
  document.addEventListener("htmx:xhr:progress", function (event) {
    const of = form(event);
    if (!of || of.dataset.phase !== "sending" || !event.detail.lengthComputable) return;
    const { loaded, total } = event.detail;
    part(of, "bar").value = loaded / total;
    // Read out at every tenth only.
    const tenths = Math.floor((10 * loaded) / total);
    if (of.dataset.tenths === String(tenths)) return;
    of.dataset.tenths = String(tenths);
    say(of, told(of.dataset.sending, { sent: megabytes(loaded), all: megabytes(total) }));
    if (loaded === total) arrived(of);
  });

  function arrived(of) {
    of.dataset.phase = "read";
    part(of, "bar").removeAttribute("value");
    say(of, of.dataset.sent);
  }

  for (const trouble of ["htmx:sendError", "htmx:sendAbort", "htmx:timeout"]) {
    document.addEventListener(trouble, function (event) {
      const of = form(event);
      if (!of) return;
      say(of, of.dataset.phase === "sending" ? of.dataset.broken : of.dataset.lost);
      of.dataset.phase = "broken";
      part(of, "bar").hidden = true;
    });
  }

  // A refusal is a page too, which says why.
  document.addEventListener("htmx:beforeSwap", function (event) {
    const source = event.detail.requestConfig && event.detail.requestConfig.elt;
    if (!source || !source.matches("form.upload")) return;
    const page = (event.detail.xhr.getResponseHeader("Content-Type") || "").startsWith("text/html");
    event.detail.shouldSwap = page;
    event.detail.isError = !page;
  });
  document.addEventListener("htmx:afterSettle", function (event) {
    const source = event.detail.requestConfig && event.detail.requestConfig.elt;
    if (!source || !source.matches("form.upload")) return;
    const answer = document.querySelector("main .message, main .alert");
    if (!answer) return;
    answer.tabIndex = -1;
    answer.focus();
  });
})();
