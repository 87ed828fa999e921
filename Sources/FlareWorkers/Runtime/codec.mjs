// Tagged JSON: plain JSON, where an object with the key "$" names a value that JSON lacks. The engine stores the text
// unread, and shows it.
import { deserialize } from "node:v8";
import { NonRetryableError, WorkflowTimeoutError } from "./classes.mjs";

const { parse, stringify } = JSON;
const brandOf = (value) => Object.prototype.toString.call(value);

const runtimeDirectory = new URL(".", import.meta.url).href;

const typedArrays = {
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array,
  Float64Array, BigInt64Array, BigUint64Array,
};
const errorClasses = {
  Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, NonRetryableError,
  WorkflowTimeoutError,
};

/// The value as bytes; none for `undefined`. Throws a `DataCloneError` for what cannot be stored.
export function encode(value) {
  return value === undefined ? new Uint8Array(0) : Buffer.from(stringify(tag(value, new Set(), "value")));
}

/// The value of bytes that `encode` made.
export function decode(bytes) {
  return bytes.byteLength === 0 ? undefined : untag(parse(Buffer.from(bytes).toString("utf8")));
}

/// The length that counts for the limit: base64 as the bytes that it stands for.
export function measure(bytes) {
  if (!bytes.includes('{"$":"')) return bytes.byteLength;
  let overhead = 0;
  for (const match of Buffer.from(bytes).toString("latin1").matchAll(/"v":"([A-Za-z0-9+/]{64,}={0,2})"/g)) {
    overhead += match[1].length / 4;
  }
  return bytes.byteLength - overhead;
}

let memoryLimit = "";

/// Sets the limit that errors of failed allocations name.
export function nameMemoryLimit(bytes) {
  memoryLimit = `: the Worker exceeded its memory limit of ${Math.round(bytes / 1e6)} MB`;
}

/// An error for the wire: { name, message, stack?, nonRetryable? }. Any value can be thrown, also one whose properties
/// throw when they are read: the invocation must end nevertheless.
export function describeError(error) {
  try {
    return describe(error);
  } catch {
    return { name: "Error", message: "a value that cannot be read was thrown" };
  }
}

function describe(error) {
  if (!(error instanceof Error) && brandOf(error) !== "[object Error]" && brandOf(error) !== "[object DOMException]") {
    return { name: "Error", message: typeof error === "string" ? error : `${thrownText(error)} was thrown` };
  }
  const result = { name: `${error.name ?? "Error"}`, message: `${error.message ?? ""}` };
  if (result.message === "Array buffer allocation failed") result.message += memoryLimit;
  if (typeof error.stack === "string") result.stack = userStack(error.stack);
  if (isNonRetryable(error)) result.nonRetryable = true;
  return result;
}

/// A thrown value with the lines of its trace that the author of the Worker wrote.
export function traceText(reason) {
  const { name, message, stack } = describeError(reason);
  return stack ?? `${name}: ${message}`;
}

/// The error that `describeError` described: of the same class where it is a known one, always with the same name.
export function makeError(description) {
  const Class = description.nonRetryable && description.name !== "DataCloneError"
    ? NonRetryableError
    : errorClasses[description.name] ?? Error;
  const error = new Class(description.message);
  if (error.name !== description.name) define(error, "name", description.name);
  if (description.nonRetryable) define(error, nonRetryable, true);
  if (description.stack) define(error, "stack", description.stack);
  return error;
}

const nonRetryable = Symbol.for("flare.nonRetryable");

export function isNonRetryable(error) {
  try {
    return error?.name === "NonRetryableError" || error?.[nonRetryable] === true;
  } catch {
    return false;
  }
}

/// An error that no retry can mend, since the same value would be refused again.
export function permanentError(name, message) {
  return define(define(new Error(message), "name", name), nonRetryable, true);
}

/// A stack without the lines of Node.js and of this runtime, which say nothing to the author of the Worker.
export function userStack(stack) {
  return stack.split("\n").filter((line) => !line.includes(runtimeDirectory) && !/[( ]node:/.test(line)).join("\n");
}

function define(target, key, value) {
  return Object.defineProperty(target, key, { value, configurable: true, writable: true });
}

const remedies = {
  Promise: "await it",
  Response: "return what it holds, such as await response.json()",
  Request: "return what it holds, such as await request.json()",
  R2Object: "return its key",
  R2ObjectBody: "return its key, or what it holds, such as await object.text()",
  ReadableStream: "a step can return a stream only as its whole result",
};

function refuse(what, path, remedy) {
  const advice = remedy ? `; ${remedy}` : "";
  throw permanentError("DataCloneError", `${what} cannot be stored (at ${path})${advice}`);
}

/// A thrown value that is no error, in words.
function thrownText(value) {
  try {
    const text = typeof value === "object" ? stringify(value) : String(value);
    return text.length > 200 ? `${text.slice(0, 200)}…` : text;
  } catch {
    return `a value of type ${typeof value}`;
  }
}

function tag(value, ancestors, path) {
  switch (typeof value) {
    case "undefined": return { $: "undefined" };
    case "bigint": return { $: "bigint", v: `${value}` };
    case "function": return refuse(`a function${value.name ? ` (${value.name})` : ""}`, path);
    case "symbol": return refuse("a symbol", path);
    case "number":
      if (Number.isFinite(value) && !Object.is(value, -0)) return value;
      return { $: "number", v: Object.is(value, -0) ? "-0" : `${value}` };
    case "object": return value === null ? null : tagObject(value, ancestors, path);
    default: return value;
  }
}

function tagObject(value, ancestors, path) {
  if (ancestors.has(value)) refuse("an object that contains itself", path);
  ancestors.add(value);
  const result = tagByBrand(value, ancestors, path);
  ancestors.delete(value);
  return result;
}

function tagByBrand(value, ancestors, path) {
  const inner = (item, key) => tag(item, ancestors, `${path}${key}`);
  if (Array.isArray(value)) return Array.from(value, (item, index) => inner(item, `[${index}]`));
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64");
    const name = brandOf(value).slice(8, -1);
    return { $: name === "DataView" || name in typedArrays ? name : "Uint8Array", v: bytes };
  }
  const brand = brandOf(value);
  switch (brand) {
    case "[object Object]": return tagPlain(value, inner);
    case "[object Date]": return { $: "Date", v: Number.isNaN(value.getTime()) ? null : value.toISOString() };
    case "[object RegExp]": return { $: "RegExp", v: [value.source, value.flags] };
    case "[object Map]":
      return { $: "Map", v: Array.from(value, ([k, v], i) => [inner(k, `.keys[${i}]`), inner(v, `.values[${i}]`)]) };
    case "[object Set]": return { $: "Set", v: Array.from(value, (item, index) => inner(item, `.values[${index}]`)) };
    case "[object ArrayBuffer]": return { $: "ArrayBuffer", v: Buffer.from(value).toString("base64") };
    case "[object Error]":
    case "[object DOMException]": {
      const description = describeError(value);
      if (value.cause !== undefined) description.cause = inner(value.cause, ".cause");
      return { $: "Error", v: description };
    }
    case "[object Number]":
    case "[object String]":
    case "[object Boolean]":
    case "[object BigInt]": return inner(value.valueOf(), "");
    // Objects of the platform would silently become {}: responses, streams, promises, R2 objects.
    default: return refuse(`${article(brand.slice(8, -1))}`, path, remedies[brand.slice(8, -1)]);
  }
}

function tagPlain(value, inner) {
  const result = {};
  for (const key of Object.keys(value)) {
    // As an own property also for "__proto__".
    Object.defineProperty(result, key, {
      value: inner(value[key], `.${key}`), enumerable: true, configurable: true, writable: true,
    });
  }
  return Object.hasOwn(result, "$") ? { $: "Object", v: result } : result;
}

function article(name) {
  return `${/^(?:[AEIOU]|R2)/.test(name) ? "an" : "a"} ${name}`;
}

function untag(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = untag(value[index]);
    return value;
  }
  if (typeof value.$ === "string") return untagNamed(value.$, value.v);
  return untagMembers(value);
}

function untagMembers(members) {
  for (const key of Object.keys(members)) {
    const value = untag(members[key]);
    if (value !== members[key]) {
      Object.defineProperty(members, key, { value, enumerable: true, configurable: true, writable: true });
    }
  }
  return members;
}

function untagNamed(name, content) {
  switch (name) {
    case "undefined": return undefined;
    case "number": return Number(content);
    case "bigint": return BigInt(content);
    case "Object": return untagMembers(content);
    case "Date": return new Date(content === null ? NaN : content);
    case "RegExp": return new RegExp(content[0], content[1]);
    case "Map": return new Map(content.map(([key, item]) => [untag(key), untag(item)]));
    case "Set": return new Set(content.map(untag));
    case "Error": {
      const error = makeError(content);
      if (content.cause !== undefined) define(error, "cause", untag(content.cause));
      return error;
    }
    case "v8": return untagMessage(content);
    default: return untagBytes(name, content);
  }
}

/// The body of a message. One that cannot be read is handed over as its bytes: it would fail the whole batch of an
/// instance, for good.
function untagMessage(base64) {
  try {
    return deserialize(Buffer.from(base64, "base64"));
  } catch {
    return untagBytes("Uint8Array", base64);
  }
}

function untagBytes(name, base64) {
  // A copy with a buffer of its own: Buffer's small ones share a pool.
  const { buffer } = Uint8Array.from(Buffer.from(base64, "base64"));
  if (name === "ArrayBuffer") return buffer;
  if (name === "DataView") return new DataView(buffer);
  const Class = typedArrays[name];
  if (!Class) throw new Error(`a stored value has the unknown tag "${name}"`);
  return new Class(buffer);
}
