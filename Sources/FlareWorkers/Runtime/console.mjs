// `console` of user code: lines become frames, tagged with the invocation, step and attempt that wrote them.
import { format, inspect } from "node:util";
import { current, sendFrame } from "./calls.mjs";

const levels = { debug: "debug", log: "log", info: "info", warn: "warn", error: "error", trace: "debug" };

/// Replaces the writing methods of `console`.
export function captureConsole(lineBytesMax) {
  const write = (level, values) => logLine(level, format(...values), lineBytesMax);
  for (const [method, level] of Object.entries(levels)) {
    console[method] = (...values) => write(level, values);
  }
  console.dir = (value, options) => write("log", [inspect(value, options)]);
  console.table = (value) => write("log", [inspect(value)]);
  console.assert = (condition, ...values) => {
    if (!condition) write("error", ["Assertion failed:", ...values]);
  };
}

/// Sends one line, cut to the limit.
export function logLine(level, text, lineBytesMax = 16_384) {
  const store = current.getStore();
  const tags = { ...store?.invocation?.tags };
  if (store?.step) {
    tags.step = store.step;
    tags.attempt = `${store.attempt}`;
  }
  const msg = text.length > lineBytesMax ? `${text.slice(0, lineBytesMax)}…` : text;
  sendFrame({ t: "log", inv: store?.invocation?.id, level, tags, msg });
}
