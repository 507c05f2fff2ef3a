// Small pieces that every part of the page is made of.

export const $ = (id) => document.getElementById(id);

/** A span for each language; CSS shows what the kiosk is set to. */
export function words(zh, en) {
  const made = document.createDocumentFragment();
  for (const [name, lang, text] of [["zh", "zh-Hans", zh], ["en", "en", en]]) {
    const span = document.createElement("span");
    span.className = name;
    span.lang = lang;
    span.textContent = text;
    if (name === "en") made.append(" ");
    made.append(span);
  }
  return made;
}

/** Replaces an element's content only when it changed: a live region repeats what is rewritten. */
export function put(element, zh, en) {
  const said = `${zh}\n${en}`;
  if (element.dataset.said === said) return;
  element.dataset.said = said;
  element.replaceChildren(...(zh || en ? [words(zh, en)] : []));
}

/** Rebuilds an element's children only when what they are made of changed; a touch or the focus
 * that is on one of them would be lost otherwise. */
export function rebuild(element, source, make) {
  const said = JSON.stringify(source);
  if (element.dataset.made === said) return;
  element.dataset.made = said;
  element.replaceChildren(...make());
}

const SVG = "http://www.w3.org/2000/svg";

/** A pictogram, the same that stands on the card. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/static/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** A button with a pictogram and its words in both languages, or what is the `same` in both. */
export function button({ zh, en, same, icon: name, className = "card", value = "" }) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.value = value;
  if (name) made.append(icon(name));
  const text = document.createElement("span");
  text.className = "both";
  text.append(same ?? words(zh, en));
  made.append(text);
  return made;
}
