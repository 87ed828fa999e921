// The classes that user code extends or throws. The shims hand them out, so that bundle and harness share them.
const nonRetryable = Symbol.for("flare.nonRetryable");

class Entrypoint {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
}

/// Today's base class: `run(event, step)`.
export class WorkflowEntrypoint extends Entrypoint {}

/// The base class of the first announcement: `run(event)`, steps by `this.ctx.run(label, fn, options)`.
export class Workflow extends Entrypoint {}

/// A Worker written as a class.
export class WorkerEntrypoint extends Entrypoint {}

/// Exists so that modules which define one can be imported; flare does not run them.
export class DurableObject extends Entrypoint {}

/// Transforms the batches of a pipeline: `run(records, { pipelineId, pipelineName })` returns records.
export class PipelineTransformationEntrypoint extends Entrypoint {}

export class RpcTarget {}

/// Fails a step at once, without retries.
export class NonRetryableError extends Error {
  constructor(message, name = "NonRetryableError") {
    super(message);
    Object.defineProperty(this, "name", { value: name, configurable: true, writable: true });
    Object.defineProperty(this, nonRetryable, { value: true, configurable: true, writable: true });
  }
}

/// An attempt or a wait that took too long.
export class WorkflowTimeoutError extends Error {
  constructor(message) {
    super(message);
    Object.defineProperty(this, "name", { value: "WorkflowTimeoutError", configurable: true, writable: true });
  }
}

/// What stands behind an exported value, for the engine: { kind, className?, handlers }. A class that transforms
/// batches has the handler "pipeline", as an object with a function of that name has.
export function describeExport(value) {
  if (typeof value === "function") {
    const proto = value.prototype;
    const kind = kindOfClass(proto);
    return { kind, className: `${value.name}`, handlers: handlersOfClass(kind, proto) };
  }
  const handlers = value !== null && typeof value === "object" ? handlersOf(value) : [];
  return { kind: handlers.length > 0 ? "handlers" : "other", handlers };
}

function kindOfClass(proto) {
  if (proto instanceof WorkflowEntrypoint || proto instanceof Workflow) return "workflow";
  if (proto instanceof WorkerEntrypoint) return "entrypoint";
  return proto instanceof PipelineTransformationEntrypoint ? "pipeline-transform" : "other";
}

function handlersOfClass(kind, proto) {
  if (kind === "entrypoint") return handlersOf(proto);
  return kind === "pipeline-transform" && typeof proto.run === "function" ? ["pipeline"] : [];
}

function handlersOf(value) {
  return ["fetch", "queue", "scheduled", "pipeline", "email", "tail"].filter((key) => typeof value[key] === "function");
}
