// The handlers of a Worker's default export: fetch, queue, scheduled.
import { deserialize } from "node:v8";
import { describeError } from "./codec.mjs";
import { logLine } from "./console.mjs";

const decoder = new TextDecoder();

/// Calls a handler of an object, or of a class that extends WorkerEntrypoint.
function call(target, name, value, env, ctx) {
  if (typeof target === "function") {
    const instance = new target(ctx, env);
    if (typeof instance[name] !== "function") throw missing(name);
    return instance[name](value);
  }
  if (typeof target?.[name] !== "function") throw missing(name);
  return target[name](value, env, ctx);
}

function missing(name) {
  return new TypeError(`the default export has no handler ${name}()`);
}

/// Returns { fields: { status, headers }, body }.
export async function runFetch(target, header, body, env, ctx) {
  const hasBody = body.byteLength > 0 && !["GET", "HEAD"].includes(header.method);
  const request = new Request(header.url, {
    method: header.method, headers: header.headers, body: hasBody ? Uint8Array.from(body) : undefined,
    redirect: "manual",
  });
  const response = await call(target, "fetch", request, env, ctx);
  if (!(response instanceof Response)) throw new TypeError("fetch() did not return a Response");
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { fields: { status: response.status, headers: [...response.headers] }, body: bytes };
}

/// Returns { fields: { noRetry }, failure? }.
export async function runScheduled(target, header, env, ctx) {
  let noRetry = false;
  const controller = {
    cron: header.cron, scheduledTime: header.scheduledTime, type: "scheduled", noRetry() { noRetry = true; },
  };
  try {
    await call(target, "scheduled", controller, env, ctx);
    return { fields: { noRetry } };
  } catch (failure) {
    return { fields: { noRetry }, failure };
  }
}

/// Returns { fields: { per: [[id, "ack" | "retry", delaySeconds?]…] }, failure? }, one entry for each message. Without
/// an explicit call a message is acknowledged when the handler returns, and retried when it throws.
export async function runQueue(target, header, body, env, ctx) {
  const verdicts = new Map();
  const batch = new MessageBatch(header, body, verdicts);
  let failure;
  try {
    await call(target, "queue", batch, env, ctx);
  } catch (error) {
    failure = error;
    logLine("error", `queue() failed: ${describeError(error).stack ?? error}`);
  }
  const others = batch.verdictForAll ?? (failure ? ["retry"] : ["ack"]);
  return { fields: { per: header.messages.map(({ id }) => [id, ...(verdicts.get(id) ?? others)]) }, failure };
}

class MessageBatch {
  #verdictForAll;

  constructor(header, body, verdicts) {
    this.queue = header.queue;
    this.metadata = { metrics: header.metrics ?? {} };
    let offset = 0;
    this.messages = header.messages.map((message) => {
      const bytes = body.subarray(offset, offset + message.bytes);
      offset += message.bytes;
      return new Message(message, bytes, verdicts);
    });
    Object.freeze(this.messages);
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
    if (!this.#verdicts.has(this.id)) this.#verdicts.set(this.id, ["ack"]);
  }

  retry(options) {
    if (!this.#verdicts.has(this.id)) this.#verdicts.set(this.id, ["retry", delayOf(options)]);
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
