// Globals of Cloudflare's runtime that this Node.js lacks. Each is only set when it is missing.
import { createHash, timingSafeEqual, webcrypto } from "node:crypto";
import { logLine } from "./console.mjs";

function supply(target, name, value) {
  if (name in target) return;
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

export function installPolyfills() {
  supply(globalThis, "self", globalThis);
  supply(globalThis, "crypto", webcrypto);
  supply(globalThis, "navigator", { userAgent: "Cloudflare-Workers", language: "en", hardwareConcurrency: 1 });
  supply(globalThis, "Cloudflare", { compatibilityFlags: Object.freeze({}) });
  supply(globalThis, "scheduler", {});
  supply(scheduler, "wait", (delay) => new Promise((resolve) => setTimeout(resolve, delay)));
  supply(globalThis, "reportError", (error) => logLine("error", `${error?.stack ?? error}`));
  installEventTarget();
  installLanguage();
  installSetMethods();
  installIteratorHelpers();
  installStreams();
  installCrypto();
  const cache = { match: async () => undefined, put: async () => undefined, delete: async () => false };
  supply(globalThis, "caches", { default: cache, open: async () => cache });
  supply(globalThis, "HTMLRewriter", unavailable("HTMLRewriter"));
  supply(globalThis, "WebSocketPair", unavailable("WebSocketPair"));
}

function unavailable(name) {
  return class {
    constructor() {
      throw new Error(`${name} is not available in flare`);
    }
  };
}

/// The global scope takes listeners on Cloudflare, where nothing but the old form of a Worker needs them.
function installEventTarget() {
  const handlers = ["fetch", "scheduled", "queue", "tail", "email"];
  supply(globalThis, "addEventListener", (type) => {
    if (!handlers.includes(type)) return;
    throw new TypeError(`addEventListener("${type}") is the old form of a Worker, which flare does not run; `
      + `write: export default { async ${type}(${type === "fetch" ? "request" : "event"}, env, ctx) { … } }`);
  });
  supply(globalThis, "removeEventListener", () => {});
}

function installLanguage() {
  supply(Promise, "withResolvers", function withResolvers() {
    let resolve, reject;
    const promise = new this((onResolve, onReject) => {
      resolve = onResolve;
      reject = onReject;
    });
    return { promise, resolve, reject };
  });
  supply(Promise, "try", function (work, ...values) {
    return new this((resolve) => resolve(work(...values)));
  });
  supply(Object, "groupBy", (items, keyOf) => {
    const groups = Object.create(null);
    let index = 0;
    for (const item of items) (groups[keyOf(item, index++)] ??= []).push(item);
    return groups;
  });
  supply(Map, "groupBy", (items, keyOf) => {
    const groups = new Map();
    let index = 0;
    for (const item of items) {
      const key = keyOf(item, index++);
      if (groups.has(key)) groups.get(key).push(item);
      else groups.set(key, [item]);
    }
    return groups;
  });
  supply(Array, "fromAsync", async (items, map = (item) => item) => {
    const result = [];
    for await (const item of items) result.push(await map(item, result.length));
    return result;
  });
}

function installSetMethods() {
  const keysOf = (other) => ({ [Symbol.iterator]: () => other.keys() });
  const methods = {
    union: (set, other) => new Set([...set, ...keysOf(other)]),
    intersection: (set, other) => new Set([...set].filter((value) => other.has(value))),
    difference: (set, other) => new Set([...set].filter((value) => !other.has(value))),
    symmetricDifference(set, other) {
      const keys = new Set(keysOf(other));
      return new Set([...methods.difference(set, keys), ...methods.difference(keys, set)]);
    },
    isSubsetOf: (set, other) => set.size <= other.size && [...set].every((value) => other.has(value)),
    isSupersetOf: (set, other) => [...keysOf(other)].every((value) => set.has(value)),
    isDisjointFrom: (set, other) => ![...set].some((value) => other.has(value)),
  };
  for (const [name, method] of Object.entries(methods)) {
    supply(Set.prototype, name, function (other) { return method(this, other); });
  }
}

function installIteratorHelpers() {
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf([].values()));
  const helpers = {
    * map(items, work) { let index = 0; for (const item of items) yield work(item, index++); },
    * filter(items, holds) { let index = 0; for (const item of items) if (holds(item, index++)) yield item; },
    * flatMap(items, work) { let index = 0; for (const item of items) yield* work(item, index++); },
    * take(items, count) {
      let rest = count;
      if (rest > 0) for (const item of items) { yield item; if (--rest <= 0) return; }
    },
    * drop(items, count) { let rest = count; for (const item of items) if (--rest < 0) yield item; },
  };
  for (const [name, helper] of Object.entries(helpers)) {
    supply(prototype, name, function (argument) { return helper(this, argument); });
  }
  // The others need all items, or as many as are enough.
  supply(prototype, "toArray", function () { return [...this]; });
  supply(prototype, "reduce", function (...rest) { return [...this].reduce(...rest); });
  supply(prototype, "forEach", function (work) { let index = 0; for (const item of this) work(item, index++); });
  supply(prototype, "find", function (holds) {
    let index = 0;
    for (const item of this) if (holds(item, index++)) return item;
  });
  supply(prototype, "some", function (holds) {
    let index = 0;
    for (const item of this) if (holds(item, index++)) return true;
    return false;
  });
  supply(prototype, "every", function (holds) { return !this.some((item, index) => !holds(item, index)); });
}

function installStreams() {
  class IdentityTransformStream extends TransformStream {}
  supply(globalThis, "IdentityTransformStream", IdentityTransformStream);
  supply(globalThis, "FixedLengthStream", class FixedLengthStream extends TransformStream {
    constructor(length) {
      let rest = Number(length);
      super({
        transform(chunk, controller) {
          rest -= chunk.byteLength;
          if (rest < 0) throw new TypeError("more bytes were written than the fixed length");
          controller.enqueue(chunk);
        },
        flush() {
          if (rest > 0) throw new TypeError("fewer bytes were written than the fixed length");
        },
      });
    }
  });
}

function installCrypto() {
  supply(crypto, "DigestStream", class DigestStream extends WritableStream {
    constructor(algorithm) {
      const hash = createHash((algorithm.name ?? algorithm).replace(/^SHA-/i, "sha").toLowerCase());
      let settle;
      const digest = new Promise((resolve, reject) => {
        settle = { resolve, reject };
      });
      digest.catch(() => {});
      super({
        write: (chunk) => void hash.update(chunk),
        close: () => settle.resolve(Uint8Array.from(hash.digest()).buffer),
        abort: (reason) => settle.reject(reason),
      });
      this.digest = digest;
    }
  });
  // Cloudflare's knows MD5 too.
  const digest = crypto.subtle.digest.bind(crypto.subtle);
  const value = async (algorithm, data) => {
    if (!/^md5$/i.test(algorithm?.name ?? algorithm)) return digest(algorithm, data);
    return Uint8Array.from(createHash("md5").update(bytes(data)).digest()).buffer;
  };
  Object.defineProperty(crypto.subtle, "digest", { value, configurable: true, writable: true });
  supply(crypto.subtle, "timingSafeEqual", (a, b) => timingSafeEqual(bytes(a), bytes(b)));
}

function bytes(value) {
  if (!ArrayBuffer.isView(value)) return new Uint8Array(value);
  return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
}
