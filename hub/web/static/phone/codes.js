// What a scan is, as far as a phone has to know: ours and whole, a retail code, or something that
// must not be kept. The hub decides again (`contract/codes.py` and `hub/search_terms.py` have the
// rules); here it is asked first, so that nobody's card comes to lie in the phone's store.

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTHS = { G: 11, B: 11, D: 11, W: 8, P: 18, F: 18 };
const LOOKALIKES = { O: "0", I: "1", L: "1" };
const RETAIL = [8, 12, 13, 14];

/** What somebody typed or a scanner sent, as canonical text. */
export function normalise(text) {
  return text
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[\s\-‐‑‒–—]/gu, "")
    .replace(/[OIL]/g, (letter) => LOOKALIKES[letter]);
}

/** The sum over GF(32) that the check character makes zero. */
function isWhole(code) {
  let total = 0;
  for (let at = 0; at < code.length; at += 1) {
    let value = ALPHABET.indexOf(code[at]);
    if (value < 0) return false;
    for (let power = code.length - 1 - at; power > 0; power -= 1) {
      value <<= 1;
      if (value & 32) value ^= 0b100101;
    }
    total ^= value;
  }
  return total === 0;
}

function isRetail(digits) {
  if (!/^[0-9]+$/.test(digits) || !RETAIL.includes(digits.length)) return false;
  const whole = digits.padStart(14, "0");
  let sum = 0;
  for (let at = 0; at < 14; at += 1) sum += Number(whole[at]) * (at % 2 === 0 ? 3 : 1);
  return sum % 10 === 0;
}

/** The GTIN in an element string or a Digital Link, else the text. */
function retailPart(text) {
  const found =
    /^(?:\][A-Za-z][0-9])?\u001d?\(?01\)?([0-9]{14})(?:[1(\u001d]|$)/.exec(text) ||
    /\/01\/([0-9]{8,14})(?:[/?#]|$)/.exec(text);
  return found ? found[1] : text.replace(/[ -]/g, "");
}

/**
 * `{kind, code}`: kind is G, B, D, W or K (ours), "retail", "mistyped" (ours, but damaged),
 * "secret" (a person's, a family's, a donor's: to be forgotten at once), or "strange".
 */
export function read(text) {
  // eslint-disable-next-line no-control-regex
  const plain = text.replace(/[\u0000-\u001c\u001e\u001f\u007f]/g, "").trim().slice(0, 200);
  const retail = retailPart(plain);
  if (isRetail(retail)) return { kind: "retail", code: retail };
  const address = plain.includes("://");
  const last = address ? plain.replace(/[?#].*$/, "").replace(/\/+$/, "").split("/").pop() : plain;
  const code = normalise(last);
  const letter = code[0] || "";
  const ours = [...code].every((char) => ALPHABET.includes(char));
  if (code.length === 16 && ours) return { kind: "secret", code: "" };
  if ((letter === "P" || letter === "F") && code.length >= 16 && code.length <= 20) {
    return { kind: "secret", code: "" };
  }
  if (letter === "K" && code.length >= 3 && code.length <= 6 && isWhole(code)) {
    return { kind: "K", code };
  }
  const length = LENGTHS[letter];
  if (!length || letter === "P" || letter === "F") return { kind: "strange", code: "" };
  if (code.length === length && isWhole(code)) return { kind: letter, code };
  const near = Math.abs(code.length - length) <= 2 && ours;
  return { kind: near ? "mistyped" : "strange", code: "" };
}

/** A code in groups that can be compared by eye. */
export function grouped(code) {
  if (code.length === 8 && code[0] === "W") return `${code[0]} ${code.slice(1, 7)} ${code[7]}`;
  if (code.length === 11) {
    return `${code[0]} ${code.slice(1, 5)} ${code.slice(5, 10)} ${code[10]}`;
  }
  return code;
}

/** A UUID that nobody else draws; also where the page is not served over HTTPS. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [8, 12, 16, 20].reduceRight((text, at) => `${text.slice(0, at)}-${text.slice(at)}`, hex);
}
