// Durations as workflows write them: milliseconds, or "5 seconds".
const units = {
  __proto__: null,
  ms: 1, millisecond: 1, s: 1e3, sec: 1e3, second: 1e3, m: 6e4, min: 6e4, minute: 6e4, h: 36e5, hour: 36e5,
  d: 864e5, day: 864e5, week: 6048e5, month: 2592e6, year: 31536e6,
};

/// The longest that anything of a workflow may take.
const most = 365 * 864e5;

/// Milliseconds of a duration; throws an error that says what may be written.
export function milliseconds(value, what) {
  const result = parse(value, what);
  if (result > most) throw new RangeError(`${what} must be at most 365 days, not ${show(value)}`);
  return result;
}

function parse(value, what) {
  if (typeof value === "number" && value >= 0) return value;
  const match = typeof value === "string" && /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(value);
  // The whole word first: "ms" are not minutes.
  const word = match && match[2].toLowerCase();
  const unit = match && (units[word] ?? units[word.replace(/s$/, "")]);
  if (!unit) throw new TypeError(`${what} must be milliseconds or a text such as "5 seconds", not ${show(value)}`);
  return Number(match[1]) * unit;
}

function show(value) {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
