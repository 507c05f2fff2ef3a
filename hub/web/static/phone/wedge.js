// A scanner that types: its keys come faster than anybody's fingers and end with Enter. Only while
// nothing is being filled in; into the field for codes it types like everybody.

const BURST_MS = 60;
const SHORTEST_CODE = 6;

export function listen(scanned) {
  let burst = "";
  let last = 0;
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
      if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName || "")) return;
      const quick = event.timeStamp - last < BURST_MS;
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
