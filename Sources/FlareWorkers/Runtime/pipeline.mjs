// The transforms of a pipeline: runs what user code built of its stream over one batch of records.
import { performance } from "node:perf_hooks";
import { describeExport, PipelineTransformationEntrypoint } from "./classes.mjs";
import { describeError } from "./codec.mjs";
import { RecordLines, Stringifier } from "./records.mjs";
import { makeStream, stepOf } from "./stream.mjs";

const now = performance.now.bind(performance);
/// Microseconds, whole, at least one.
const elapsed = (start) => Math.ceil((now() - start) * 1000);

/// Runs one batch. Returns { fields: { outputs: [{ sink, records, bytes }…], labels: [report…] }, body }, where the
/// body holds the outputs' lines one after the other. Throws a TransformFailure when a transform fails.
export async function runPipeline(exported, header, body, env, ctx, bytesMax) {
  const { name, target } = findTarget(exported, header.cls);
  const stream = makeStream(env);
  const chains = target.prototype instanceof PipelineTransformationEntrypoint
    ? [classChain(stream, name, target, header, env, ctx)]
    : await describedChains(stream, target, env, ctx);
  const run = new Run(Math.min(header.outputBytesMax, bytesMax), chains.length);
  const plan = makePlan(stepOf(stream), chains);
  await run.source(plan, new RecordLines(body));
  return { fields: { outputs: run.outputs, labels: run.labels }, body: run.body() };
}

/// The fields of the result frame for what an invocation threw.
export function describeFailure(error) {
  if (!transformFailures.has(error)) return { error: describeError(error) };
  const { cause, label, labels, tooLarge } = error;
  return { error: describeError(cause), label, labels, tooLarge };
}

/// Known by identity: to look for the class of what was thrown may run user code, that of a Proxy.
const transformFailures = new WeakSet();

/// What a transform threw or gave back wrongly, with the reports of all labels so far.
class TransformFailure extends Error {
  constructor(cause, label, labels, tooLarge = false) {
    super("a transform failed");
    Object.assign(this, { cause, label, labels, tooLarge });
    transformFailures.add(this);
  }
}

/// Without a name: the default export, else the name that the first version of this interface chose by itself.
function findTarget(exported, name) {
  for (const candidate of name ? [name] : ["default", "Transform"]) {
    const target = exported[candidate];
    if (describeExport(target).handlers.includes("pipeline")) return { name: candidate, target };
  }
  if (name) throw new TypeError(`the export ${name} cannot transform records`);
  throw new TypeError("the default export has no handler pipeline()");
}

/// A class is a chain of one transform, known by the class's name.
function classChain(stream, name, Class, header, env, ctx) {
  const metadata = { pipelineId: header.pipeline.id, pipelineName: header.pipeline.name };
  const instance = new Class(ctx, env);
  return stepOf(stream.transform(Class.name || name, async (records) => {
    const result = await instance.run(records, metadata);
    if (!Array.isArray(result)) throw new TypeError("transformations must return an array of PipelineRecord");
    return result;
  }));
}

/// Has the handler describe its chains.
async function describedChains(stream, target, env, ctx) {
  const result = typeof target === "function"
    ? await new target(ctx, env).pipeline(stream)
    : await target.pipeline(stream, env, ctx);
  const chains = (Array.isArray(result) ? result : [result]).map(stepOf);
  if (chains.length === 0 || chains.includes(undefined)) {
    throw new TypeError("pipeline() must return its stream, or an array of streams: return stream.transform(…)");
  }
  return chains;
}

/// The chains as a tree, so that what they have in common runs once: { step, children, outputs: [{ index, sink }…] }.
function makePlan(root, chains) {
  const nodes = new Map([[root, { step: root, children: [], outputs: [] }]]);
  const nodeOf = (step) => {
    const known = nodes.get(step);
    if (known) return known;
    if (!step.parent) throw new TypeError("pipeline() returned the stream of another batch");
    const node = { step, children: [], outputs: [] };
    nodeOf(step.parent).children.push(node);
    nodes.set(step, node);
    return node;
  };
  chains.forEach((chain, index) => {
    const end = chain.sink ? chain.parent : chain;
    nodeOf(end).outputs.push({ index, sink: chain.sink ?? null });
  });
  return nodes.get(root);
}

/// One batch on its way through the plan. Holds no record longer than the transform that gets it.
class Run {
  outputs;
  labels = [];
  #bodies;
  #bytesLeft;
  #bytesMax;

  constructor(bytesMax, count) {
    this.#bytesMax = bytesMax;
    this.#bytesLeft = bytesMax;
    this.outputs = new Array(count);
    this.#bodies = new Array(count);
  }

  body() {
    return this.#bodies.length === 1 ? this.#bodies[0] : Buffer.concat(this.#bodies);
  }

  /// Branches begin with records of their own, so that none sees what another one changed.
  async source(node, lines) {
    for (const output of node.outputs) this.#emit(output, lines, null);
    for (const child of node.children) await this.#transform(child, lines.parse(), lines.bytes);
  }

  async #transform(node, { records, exact }, bytesIn) {
    const { label, transform } = node.step;
    const report = { label, in: records.length, out: 0, bytesIn, bytesOut: 0, us: 0, errors: 0 };
    this.labels.push(report);
    const start = now();
    const isNeeded = node.outputs.length > 0 || node.children.length > 1;
    const texts = new Stringifier(label, exact, isNeeded ? this.#bytesLeft : 0);
    let result;
    try {
      result = await transform(records);
      report.us = elapsed(start);
      texts.addAll(result);
    } catch (error) {
      report.us ||= elapsed(start);
      report.errors = 1;
      throw new TransformFailure(error, label, this.labels);
    }
    report.out = texts.count;
    report.bytesOut = texts.bytes;
    texts.warn();
    if (isNeeded) {
      if (texts.isOverLimit) this.#tooLarge(texts.bytes, label);
      const lines = texts.lines();
      for (const output of node.outputs) this.#emit(output, lines, label);
      if (node.children.length > 1) {
        for (const child of node.children) await this.#transform(child, lines.parse(), lines.bytes);
        return;
      }
    }
    for (const child of node.children) await this.#transform(child, { records: result, exact }, texts.bytes);
  }

  #emit({ index, sink }, lines, label) {
    const bytes = lines.encoded();
    if (bytes.byteLength > this.#bytesLeft) this.#tooLarge(bytes.byteLength, label);
    this.#bytesLeft -= bytes.byteLength;
    this.outputs[index] = { sink, records: lines.count, bytes: bytes.byteLength };
    this.#bodies[index] = bytes;
  }

  /// No fault of the transform: a smaller batch may pass.
  #tooLarge(bytes, label) {
    const total = this.#bytesMax - this.#bytesLeft + bytes;
    const error = new RangeError(`the batch became ${total} bytes; at most ${this.#bytesMax} can be handed back`);
    throw new TransformFailure(error, label ?? undefined, this.labels, true);
  }
}
