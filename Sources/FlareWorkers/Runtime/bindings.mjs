// `env` of user code: variables, and one proxy for each binding.
import { serialize } from "node:v8";
import { R2Bucket } from "./bucket.mjs";
import { callBinding } from "./calls.mjs";
import { decode, encode } from "./codec.mjs";

const makers = {
  bucket: (name, target) => new R2Bucket(name, target),
  queue: (name) => new Queue(name),
  workflow: (name) => new WorkflowBinding(name),
  pipeline: (name) => new Pipeline(name),
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

function readMetrics(metrics) {
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
    const { v } = await callBinding(this.#name, "create", { id: options.id }, encode(options.params));
    return new WorkflowInstance(this.#name, v.id);
  }

  async createBatch(instances) {
    const params = instances.map((instance) => encode(instance.params));
    const descriptions = instances.map((instance, index) => ({ id: instance.id, bytes: params[index].byteLength }));
    const args = { instances: descriptions };
    const { v } = await callBinding(this.#name, "createBatch", args, Buffer.concat(params));
    return v.instances.map((instance) => new WorkflowInstance(this.#name, instance.id));
  }

  async get(id) {
    const { v } = await callBinding(this.#name, "get", { id: `${id}` });
    return new WorkflowInstance(this.#name, v.id);
  }
}

class WorkflowInstance {
  #name;

  constructor(name, id) {
    this.#name = name;
    this.id = id;
  }

  async status() {
    const { v, body } = await callBinding(this.#name, "status", { id: this.id });
    const status = { status: v.status };
    if (v.error) status.error = v.error;
    if (v.output) status.output = decode(body);
    return status;
  }

  async sendEvent({ type, payload }) {
    await callBinding(this.#name, "sendEvent", { id: this.id, type }, encode(payload));
  }

  async terminate() {
    await callBinding(this.#name, "terminate", { id: this.id });
  }

  async pause() {
    await callBinding(this.#name, "pause", { id: this.id });
  }

  async resume() {
    await callBinding(this.#name, "resume", { id: this.id });
  }

  /// From the beginning, or from a step: { from: { name, count?, type? } }.
  async restart(options = {}) {
    await callBinding(this.#name, "restart", { id: this.id, from: options.from });
  }
}
