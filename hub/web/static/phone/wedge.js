// A scanner that types, while nothing is being filled in; into the field for codes it types like
// everybody. What comes between two keys may be slow, as some wireless scanners are: whoever types
// a code by hand where no field is means the same.

const PAUSE_MS = 500;
const SHORTEST_CODE = 6;

export function listen(scanned) {
  let burst = "";
  let last = 0;
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
      if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName || "")) return;
      const quick = event.timeStamp - last < PAUSE_MS;
      if (event.key === "Enter" || event.key === "Tab") {
        if (quick && burst.length >= SHORTEST_CODE) {
          event.preventDefault();
          event.stopPropagation();
          scanned(burst);
        }
        burst = "";
        return;
      }
      if (event.key.length !== 1) return;
      burst = (quick ? burst : "") + event.key;
      last = event.timeStamp;
      // The frame's own listener would look it up on another page.
      if (burst !== "/") event.stopPropagation();
    },
    true,
  );
}
