// Records as lines of JSON, and back.
import { logLine } from "./console.mjs";

// Kept before user code can replace them.
const { parse, stringify } = JSON;
const brandOf = (value) => Object.prototype.toString.call(value).slice(8, -1);
const { getPrototypeOf, prototype: plain } = Object;

/// A number that a JavaScript number may not hold: an integer over 2^53, a very long fraction, a huge exponent. It may
/// match inside a string, which costs time only.
const inexact = /[[:,\s]-?(?:9\d{15}|\d{17})|\.\d{18}|\d[eE][+]?\d{3}/;

/// Lines of JSON objects, of which each has its newline when they are encoded.
export class RecordLines {
  #bytes;
  #texts;

  constructor(bytes, texts) {
    this.#bytes = bytes;
    this.#texts = texts;
    if (texts) return;
    const text = bytes.toString("utf8");
    this.#texts = text.endsWith("\n") ? text.slice(0, -1).split("\n") : text === "" ? [] : text.split("\n");
    if (text !== "" && !text.endsWith("\n")) this.#bytes = Buffer.concat([bytes, Buffer.from("\n")]);
  }

  get count() {
    return this.#texts.length;
  }

  get bytes() {
    return this.encoded().byteLength;
  }

  encoded() {
    this.#bytes ??= Buffer.from(this.#texts.length > 0 ? `${this.#texts.join("\n")}\n` : "");
    return this.#bytes;
  }

  /// { records, exact }: new objects, and for those that hold an inexact number the line that they were.
  parse() {
    const texts = this.#texts;
    const records = new Array(texts.length);
    const exact = new Map();
    for (let index = 0; index < texts.length; index++) {
      const record = parse(texts[index]);
      records[index] = record;
      if (inexact.test(texts[index])) exact.set(record, texts[index]);
    }
    return { records, exact };
  }
}

/// Checks what a transform gave back, counts it, and keeps its lines while they are within a limit.
///
/// A record that passes as it came keeps its digits: JavaScript's numbers are exact up to 2^53, and what a transform
/// changes has what they hold.
export class Stringifier {
  count = 0;
  bytes = 0;
  isOverLimit = false;
  #label;
  #exact;
  #bytesMax;
  #texts = [];
  #roundedCount = 0;

  /// A limit of 0 keeps nothing.
  constructor(label, exact, bytesMax) {
    this.#label = label;
    this.#exact = exact;
    this.#bytesMax = bytesMax;
  }

  addAll(records) {
    if (!Array.isArray(records)) {
      throw new TypeError(`the transform "${this.#label}" must return an array of events, not ${describe(records)}`);
    }
    const texts = this.#texts;
    for (let index = 0; index < records.length; index++) {
      const text = this.#text(records[index], index);
      this.bytes += Buffer.byteLength(text) + 1;
      if (this.bytes <= this.#bytesMax) texts.push(text);
    }
    this.count = records.length;
    if (this.bytes > this.#bytesMax) {
      this.isOverLimit = true;
      texts.length = 0;
    }
  }

  lines() {
    return new RecordLines(undefined, this.#texts);
  }

  /// Says that digits were lost, which nobody would see otherwise.
  warn() {
    if (this.#roundedCount === 0) return;
    const what = `${this.#roundedCount} events that the transform "${this.#label}" changed`;
    logLine("warn", `${what} have integers over 2^53, which JavaScript rounds: send them as strings`);
  }

  #text(record, index) {
    const proto = typeof record === "object" && record !== null ? getPrototypeOf(record) : undefined;
    // An object of a class of the user's own is as good as a plain one; a Map or a Promise would be written as {}.
    if (proto !== plain && proto !== null && (proto === undefined || brandOf(record) !== "Object")) {
      throw this.#refusal(index, describe(record));
    }
    let text;
    try {
      text = stringify(record);
    } catch (error) {
      throw this.#refusal(index, `an object that is not JSON: ${error?.message?.split("\n")[0] ?? error}`);
    }
    if (text?.[0] !== "{") throw this.#refusal(index, `an object that its toJSON() turns into ${text}`);
    if (this.#exact.size === 0) return text;
    const line = this.#exact.get(record);
    if (line !== undefined && stringify(parse(line)) === text) return line;
    if (inexact.test(text)) this.#roundedCount++;
    return text;
  }

  #refusal(index, what) {
    return new TypeError(`the transform "${this.#label}" returned at index ${index} ${what}; events are plain objects`);
  }
}

/// A value in a sentence.
function describe(value) {
  switch (typeof value) {
    case "undefined": return "undefined";
    case "function": return "a function";
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return "an array";
      if (brandOf(value) === "Promise") return "a Promise (use: await Promise.all(…))";
      return brandOf(value) === "Object" ? "an object" : `a ${brandOf(value)}`;
    default: return `a ${typeof value}`;
  }
}
