// Charts with comfort: what a column says appears beside it, and the arrow keys walk from column to
// column, so that Tab passes a chart in one step. Without this file every column is a plain link
// with a title.
(function () {
  "use strict";
  const tip = document.getElementById("tip");
  if (!tip) return;

  // The browser's own title would appear over ours a second later.
  for (const title of document.querySelectorAll(".chart .bar > title")) title.remove();

  for (const chart of document.querySelectorAll(".chart")) {
    const bars = Array.from(chart.querySelectorAll("a.bar"));
    bars.forEach(function (bar, n) {
      bar.setAttribute("tabindex", n === bars.length - 1 ? "0" : "-1");
    });
    chart.addEventListener("keydown", function (event) {
      const at = bars.indexOf(event.target.closest("a.bar"));
      if (at < 0) return;
      let to = at;
      if (event.key === "ArrowLeft" || event.key === "ArrowUp") to = Math.max(0, at - 1);
      else if (event.key === "ArrowRight" || event.key === "ArrowDown") to = Math.min(bars.length - 1, at + 1);
      else if (event.key === "Home") to = 0;
      else if (event.key === "End") to = bars.length - 1;
      else if (event.key === "Escape") { hide(); return; }
      else return;
      event.preventDefault();
      bars[at].setAttribute("tabindex", "-1");
      bars[to].setAttribute("tabindex", "0");
      bars[to].focus();
    });
    // The newest is on the right: that is what a narrow window shows first. Of what lies ahead the
    // next is on the left.
    const box = chart.closest(".chart-box");
    if (box && chart.querySelector(".x") && !chart.querySelector("#expiry-t")) box.scrollLeft = box.scrollWidth;
  }

  function show(bar) {
    const lines = bar.getAttribute("data-tip").split("\n");
    tip.replaceChildren();
    for (const line of lines) {
      const [name, value] = line.split("\t");
      const p = document.createElement("p");
      const words = document.createElement("span");
      words.textContent = name;
      p.append(words);
      if (value !== undefined) {
        const number = document.createElement("b");
        number.textContent = value;
        p.append(number);
      }
      tip.append(p);
    }
    tip.hidden = false;
    const around = bar.getBoundingClientRect();
    const left = around.left + around.width / 2 - tip.offsetWidth / 2;
    const above = around.top - tip.offsetHeight - 8;
    tip.style.left = Math.max(8, Math.min(left, innerWidth - tip.offsetWidth - 8)) + "px";
    tip.style.top = (above > 60 ? above : Math.min(around.bottom + 8, innerHeight - tip.offsetHeight - 8)) + "px";
  }

  function hide() { tip.hidden = true; }

  function barOf(event) { return event.target.closest && event.target.closest(".chart .bar"); }

  document.addEventListener("pointerover", function (event) {
    const bar = barOf(event);
    if (bar) show(bar);
    else hide();
  });
  document.addEventListener("focusin", function (event) {
    const bar = barOf(event);
    if (bar) show(bar);
    else hide();
  });
  document.addEventListener("scroll", hide, { passive: true, capture: true });
})();
