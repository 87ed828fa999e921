// The handlers of a Worker: how they are found, and those for queues and schedules.
import { deserialize } from "node:v8";
import { readMetrics } from "./bindings.mjs";
import { describeError, traceText } from "./codec.mjs";
import { logLine } from "./console.mjs";

const decoder = new TextDecoder();

/// The handler of an exported object, or of an exported class that extends WorkerEntrypoint, as a function of its first
/// argument. Throws when there is none.
export function handlerOf(exported, exportName, name, env, ctx) {
  const target = exported[exportName];
  const owner = exportName === "default" ? "the default export" : `the export ${exportName}`;
  if (typeof target === "function") {
    if (typeof target.prototype?.[name] !== "function") throw new MissingHandlerError(owner, name);
    return async (value) => new target(ctx, env)[name](value);
  }
  if (typeof target?.[name] !== "function") throw new MissingHandlerError(owner, name);
  return async (value) => target[name](value, env, ctx);
}

/// The engine tells it from what user code throws by its name.
class MissingHandlerError extends TypeError {
  constructor(owner, name) {
    super(`${owner} has no handler ${name}()`);
    Object.defineProperty(this, "name", { value: "MissingHandlerError" });
  }
}

/// Returns { fields: { noRetry }, failure? }.
export async function runScheduled(handler, header) {
  let noRetry = false;
  const controller = {
    cron: header.cron, scheduledTime: header.scheduledTime, type: "scheduled", noRetry() { noRetry = true; },
  };
  try {
    await handler(controller);
    return { fields: { noRetry } };
  } catch (failure) {
    return { fields: { noRetry }, failure };
  }
}

/// Returns { fields: { per: [["ack" | "retry" | "fail", delaySeconds?] | ["unreadable", reason]…] }, failure? }, one
/// entry for each message, in their order: two of them may have the same id. Without an explicit call a message is
/// acknowledged when the handler returns, and has failed when it throws.
export async function runQueue(handler, header, body) {
  const verdicts = new Map();
  const { all, readable } = readMessages(header, body, verdicts);
  const batch = new MessageBatch(header, readable);
  let failure;
  try {
    if (readable.length > 0) await handler(batch);
  } catch (error) {
    failure = error;
    logLine("error", `queue() failed: ${traceText(error)}`);
  }
  const others = batch.verdictForAll ?? (failure ? ["fail"] : ["ack"]);
  return { fields: { per: all.map((message) => verdicts.get(message) ?? others) }, failure };
}

/// A message whose body cannot be read fails alone: the handler sees the others of its batch.
function readMessages(header, body, verdicts) {
  const readable = [];
  let offset = 0;
  const all = header.messages.map((message) => {
    const bytes = body.subarray(offset, offset + message.bytes);
    offset += message.bytes;
    try {
      const read = new Message(message, bytes, verdicts);
      readable.push(read);
      return read;
    } catch (error) {
      const reason = `the body cannot be read as ${message.contentType}: ${describeError(error).message}`;
      logLine("error", `message ${message.id} is left out: ${reason}`);
      const unread = {};
      verdicts.set(unread, ["unreadable", reason]);
      return unread;
    }
  });
  return { all, readable };
}

class MessageBatch {
  #verdictForAll;

  constructor(header, messages) {
    this.queue = header.queue;
    this.metadata = { metrics: readMetrics(header.metrics) };
    this.messages = Object.freeze(messages);
  }

  get verdictForAll() {
    return this.#verdictForAll;
  }

  ackAll() {
    this.#verdictForAll ??= ["ack"];
  }

  retryAll(options) {
    this.#verdictForAll ??= ["retry", delayOf(options)];
  }
}

class Message {
  #verdicts;

  constructor(message, bytes, verdicts) {
    this.id = message.id;
    this.timestamp = new Date(message.timestampMs);
    this.attempts = message.attempts;
    this.body = readBody(bytes, message.contentType);
    this.#verdicts = verdicts;
  }

  // The first call wins.
  ack() {
    if (!this.#verdicts.has(this)) this.#verdicts.set(this, ["ack"]);
  }

  retry(options) {
    if (!this.#verdicts.has(this)) this.#verdicts.set(this, ["retry", delayOf(options)]);
  }
}

function delayOf(options) {
  const delay = options?.delaySeconds;
  if (delay === undefined) return null;
  if (!(delay >= 0 && delay <= 86_400)) throw new TypeError("delaySeconds must be a number from 0 to 86400");
  return Math.ceil(delay);
}

/// A JSON body that cannot be parsed is handed over as text.
function readBody(bytes, contentType) {
  switch (contentType) {
    case "text": return decoder.decode(bytes);
    case "v8": return deserialize(bytes);
    case "json":
      try {
        return JSON.parse(decoder.decode(bytes));
      } catch {
        return decoder.decode(bytes);
      }
    default: return Uint8Array.from(bytes);
  }
}
