// `env` of user code: variables, and one proxy for each binding.
import { serialize } from "node:v8";
import { R2Bucket } from "./bucket.mjs";
import { callBinding } from "./calls.mjs";
import { decode, encode } from "./codec.mjs";
import { makeService } from "./service.mjs";

const makers = {
  bucket: (name, target) => new R2Bucket(name, target),
  queue: (name) => new Queue(name),
  workflow: (name) => new WorkflowBinding(name),
  pipeline: (name) => new Pipeline(name),
  service: (name) => makeService(name),
};

export function makeEnvironment(bindings, vars) {
  const env = { ...vars };
  for (const { name, kind, target } of bindings) env[name] = makers[kind](name, target);
  return env;
}

/// env.QUEUE: the producer's side of a queue.
class Queue {
  #name;

  constructor(name) {
    this.#name = name;
  }

  async send(body, options = {}) {
    const { contentType, bytes } = encodeMessage(body, options.contentType);
    const args = { contentType, delaySeconds: options.delaySeconds };
    return readSent((await callBinding(this.#name, "send", args, bytes)).v);
  }

  async sendBatch(messages, options = {}) {
    const bodies = [];
    const descriptions = [];
    for (const message of messages) {
      const { contentType, bytes } = encodeMessage(message.body, message.contentType);
      bodies.push(bytes);
      descriptions.push({ contentType, delaySeconds: message.delaySeconds, length: bytes.byteLength });
    }
    const args = { messages: descriptions, delaySeconds: options.delaySeconds };
    return readSent((await callBinding(this.#name, "sendBatch", args, Buffer.concat(bodies))).v);
  }

  async metrics() {
    return readMetrics((await callBinding(this.#name, "metrics", {})).v);
  }
}

function encodeMessage(body, contentType = "json") {
  switch (contentType) {
    case "json": {
      const text = JSON.stringify(body);
      if (text === undefined) throw new TypeError(`a message of content type json cannot be ${typeof body}`);
      return { contentType, bytes: Buffer.from(text) };
    }
    case "text":
      if (typeof body !== "string") throw new TypeError("a message of content type text must be a string");
      return { contentType, bytes: Buffer.from(body) };
    case "bytes":
      if (body instanceof ArrayBuffer) return { contentType, bytes: new Uint8Array(body) };
      if (!ArrayBuffer.isView(body)) {
        throw new TypeError("a message of content type bytes must be an ArrayBuffer or a view of one");
      }
      return { contentType, bytes: new Uint8Array(body.buffer, body.byteOffset, body.byteLength) };
    case "v8": return { contentType, bytes: serialize(body) };
    default: throw new TypeError(`contentType must be json, text, bytes or v8, not ${contentType}`);
  }
}

function readSent(value) {
  return { metadata: { metrics: readMetrics(value.metadata.metrics) } };
}

/// The backlog of a queue, with its time as a Date.
export function readMetrics(metrics) {
  const oldest = metrics.oldestMessageTimestamp;
  return oldest === undefined ? metrics : { ...metrics, oldestMessageTimestamp: new Date(oldest) };
}

/// env.PIPELINE
class Pipeline {
  #name;

  constructor(name) {
    this.#name = name;
  }

  /// Resolves when the records are durable.
  async send(records) {
    if (!Array.isArray(records)) throw new TypeError("send() of a pipeline takes an array of objects");
    await callBinding(this.#name, "send", [records]);
  }
}

/// env.WORKFLOW. Parameters, payloads and outputs travel as tagged JSON in raw bodies.
class WorkflowBinding {
  #name;

  constructor(name) {
    this.#name = name;
  }

  async create(options = {}) {
    const args = { id: options.id, retention: options.retention };
    const { v } = await callBinding(this.#name, "create", args, encode(options.params));
    return new WorkflowInstance(this.#name, v.id);
  }

  /// An array of instances, of which those whose id is taken are left out; or { instances } or { count, params }, which
  /// answers { created, errors }.
  async createBatch(batch) {
    const report = !Array.isArray(batch);
    const instances = report ? instancesOf(batch) : batch;
    const params = instances.map((instance) => encode(instance?.params));
    const descriptions = instances.map((instance, index) => (
      { id: instance?.id, retention: instance?.retention, bytes: params[index].byteLength }));
    const args = { instances: descriptions, report };
    const { v } = await callBinding(this.#name, "createBatch", args, Buffer.concat(params));
    const created = v.instances.map((instance) => new WorkflowInstance(this.#name, instance.id));
    return report ? { created, errors: v.errors } : created;
  }

  async deleteBatch(ids) {
    if (!Array.isArray(ids)) throw new TypeError("deleteBatch takes an array of ids");
    const { v } = await callBinding(this.#name, "deleteBatch", { ids: ids.map((id) => `${id}`) });
    return v;
  }

  async get(id) {
    const { v } = await callBinding(this.#name, "get", { id: `${id}` });
    return new WorkflowInstance(this.#name, v.id);
  }
}

function instancesOf(batch) {
  if (Array.isArray(batch?.instances)) return batch.instances;
  const count = batch?.count;
  if (!Number.isInteger(count) || count < 1 || count > 100) {
    throw new TypeError("createBatch takes an array, { instances: [...] }, or { count: 1 to 100, params }");
  }
  return Array.from({ length: count }, () => ({ params: batch.params, retention: batch.retention }));
}

class WorkflowInstance {
  #name;

  constructor(name, id) {
    this.#name = name;
    this.id = id;
  }

  async status() {
    const { v, body } = await this.#call("status");
    const status = { status: v.status };
    if (v.error) status.error = v.error;
    if (v.output) status.output = decode(body);
    return status;
  }

  async sendEvent({ type, payload }) {
    await this.#call("sendEvent", { type }, encode(payload));
  }

  async terminate(options = {}) {
    await this.#call("terminate", { rollback: options.rollback === true });
  }

  async pause() {
    await this.#call("pause");
  }

  async resume() {
    await this.#call("resume");
  }

  /// From the beginning, or from a step: { from: { name, count?, type? } }.
  async restart(options = {}) {
    await this.#call("restart", { from: options.from });
  }

  async delete() {
    await this.#call("delete");
  }

  /// What has happened to the instance since a cursor, the eventId of an event, and then what happens, until it has
  /// ended; with a filter, only events of these types.
  async subscribe({ cursor, filter } = {}) {
    const ask = (after, waits) => this.#call("events", { cursor: after, filter, waits });
    return new Subscription(ask, await ask(cursor, false));
  }

  #call(method, args, body) {
    return callBinding(this.#name, method, { ...args, id: this.id }, body);
  }
}

/// The events of an instance, one by one.
class Subscription {
  #ask;
  #cursor;
  #events;
  #isOver;
  #before = Promise.resolve();

  constructor(ask, page) {
    this.#ask = ask;
    this.#take(page);
    // A name that this Node.js may not have, and that compiled `using` looks for.
    const dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");
    Object.defineProperty(this, dispose, { value: () => this.#end() });
  }

  /// { value, done: false } for the next event, { value: undefined, done: true } behind the last one.
  next() {
    const next = this.#before.then(() => this.#next());
    this.#before = next.catch(() => {});
    return next;
  }

  async return() {
    this.#end();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async #next() {
    while (this.#events.length === 0 && !this.#isOver) this.#take(await this.#ask(this.#cursor, true));
    const value = this.#events.shift();
    return { value, done: value === undefined };
  }

  #take({ v, body }) {
    // What came while the subscription was given up is dropped.
    if (this.#isOver) return;
    this.#events = JSON.parse(Buffer.from(body).toString()).map(readEvent);
    this.#cursor = v.cursor;
    this.#isOver = v.isOver;
  }

  #end() {
    this.#events = [];
    this.#isOver = true;
  }
}

/// An event as Cloudflare's runtime hands it over: its number and time are numbers.
function readEvent(event) {
  return { ...event, eventId: Number(event.eventId), timestamp: Date.parse(event.timestamp) };
}
