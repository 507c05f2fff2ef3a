// Comforts of every page for staff. Without this file everything still works: links lead to pages,
// forms post, the menu opens by its address.
(function () {
  "use strict";
  const search = document.getElementById("q");
  const dialog = document.getElementById("dialog");

  // "/" goes to the search box; so does a scanner that types while nothing is being filled in.
  const BURST_MS = 60;
  const SHORTEST_CODE = 6;
  let burst = "";
  let last = 0;

  function isWriting(element) {
    return element && (element.isContentEditable ||
      /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName));
  }

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key === "Escape" && location.hash === "#menu") {
      location.hash = "#top";
      return;
    }
    if (!search || isWriting(event.target) || (dialog && dialog.open)) return;
    if (event.key === "Enter") {
      if (burst.length >= SHORTEST_CODE && event.timeStamp - last < BURST_MS) {
        event.preventDefault();
        search.value = burst;
        search.form.submit();
      }
      burst = "";
      return;
    }
    if (event.key.length !== 1) return;
    burst = (event.timeStamp - last < BURST_MS ? burst : "") + event.key;
    last = event.timeStamp;
    if (event.key === "/" && burst === "/") {
      event.preventDefault();
      search.focus();
      search.select();
      burst = "";
    }
  });

  // A link marked data-dialog leads to a page; here its content opens over this one.
  document.addEventListener("click", function (event) {
    if (!dialog || event.defaultPrevented || event.button !== 0) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const closer = event.target.closest("[data-dialog-close]");
    if (closer && dialog.contains(closer)) {
      event.preventDefault();
      dialog.close();
      return;
    }
    const link = event.target.closest("a[data-dialog]");
    if (!link || !window.htmx) return;
    event.preventDefault();
    window.htmx.ajax("GET", link.href, {
      target: dialog,
      select: "[data-dialog-content]",
      swap: "innerHTML",
    }).then(function () {
      if (dialog.querySelector("[data-dialog-content]")) dialog.showModal();
      else location.href = link.href;
    }, function () { location.href = link.href; });
  });

  // Addresses of filtered tables stay short enough to be read and sent to somebody.
  document.addEventListener("submit", function (event) {
    if (!event.target.matches("form.filters")) return;
    for (const field of event.target.elements) {
      if (field.name && !field.value) field.disabled = true;
    }
  });
  window.addEventListener("pageshow", function () {
    for (const field of document.querySelectorAll("form.filters :disabled")) field.disabled = false;
  });
})();
