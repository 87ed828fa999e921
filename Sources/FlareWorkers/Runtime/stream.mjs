// The stream that a pipeline handler is given: a description of transforms and sinks, which holds no records.
import { R2Bucket } from "./bucket.mjs";
import { logLine } from "./console.mjs";

const formats = ["json", "ndjson", "parquet"];
const options = ["format", "bucket", "prefix", "batchSize"];
const labelLengthMax = 256;

let readStep;

/// Immutable, and no promise, so that it may be returned and awaited alike.
class StreamPipeline {
  #step;

  constructor(step) {
    this.#step = step;
    Object.freeze(this);
  }

  static {
    readStep = (value) => value !== null && typeof value === "object" && #step in value ? value.#step : undefined;
  }

  /// Adds a transform: a function from an array of events to an array of events, or to a promise of one.
  transform(label, transform) {
    this.#checkOpen("transform");
    const depth = this.#step.depth + 1;
    if (typeof label === "function") {
      transform = label;
      label = transform.name.slice(0, labelLengthMax) || `transform ${depth}`;
    }
    if (typeof label !== "string" || label === "" || label.length > labelLengthMax) {
      throw new TypeError(`the label of a transform must be a text of 1 to ${labelLengthMax} characters`);
    }
    if (typeof transform !== "function") throw new TypeError(`the transform "${label}" is not a function`);
    return new StreamPipeline({ parent: this.#step, depth, env: this.#step.env, label, transform });
  }

  /// Ends the chain: its events go to a bucket other than the pipeline's own, or in another form.
  writeToR2(sink = {}) {
    this.#checkOpen("writeToR2");
    return new StreamPipeline({ parent: this.#step, sink: readSink(sink, this.#step.env) });
  }

  #checkOpen(method) {
    if (!this.#step.sink) return;
    throw new TypeError(`${method}() after writeToR2(), which ends a chain: return an array of chains to write twice`);
  }
}

export function makeStream(env) {
  return new StreamPipeline({ parent: null, depth: 0, env });
}

/// The last step of a stream: { parent, label?, transform?, sink? }; undefined for any other value.
export function stepOf(value) {
  return readStep(value);
}

function readSink(sink, env) {
  if (sink === null || typeof sink !== "object") throw new TypeError("writeToR2() takes an object");
  const { format, bucket, prefix, batchSize } = sink;
  const unknown = Object.keys(sink).filter((key) => !options.includes(key));
  if (unknown.length > 0) logLine("warn", `writeToR2() ignores ${unknown.join(", ")}: it knows ${options.join(", ")}`);
  if (format !== undefined && !formats.includes(format)) {
    throw new TypeError(`writeToR2() cannot write the format ${show(format)}: ${formats.join(", ")}`);
  }
  if (prefix !== undefined && typeof prefix !== "string") {
    throw new TypeError(`the prefix of writeToR2() must be a text, not ${show(prefix)}`);
  }
  if (batchSize !== undefined && typeof batchSize !== "string" && !(Number.isFinite(batchSize) && batchSize > 0)) {
    throw new TypeError(`the batchSize of writeToR2() must be bytes or a text such as "10MB", not ${show(batchSize)}`);
  }
  return { format, bucket: bucketName(bucket, env), prefix, batchSize };
}

/// A bucket's name, for the bucket of a binding, the binding's name, or a bucket's name; in this order.
function bucketName(bucket, env) {
  if (bucket === undefined) return undefined;
  const target = R2Bucket.target(bucket) ?? (typeof bucket === "string" && R2Bucket.target(env[bucket]));
  if (target) return target;
  if (typeof bucket === "string" && bucket !== "") return bucket;
  throw new TypeError(`the bucket of writeToR2() must be a bucket's name or a binding of env, not ${show(bucket)}`);
}

function show(value) {
  return typeof value === "string" ? `"${value.slice(0, 64)}"` : value === null ? "null" : typeof value;
}
