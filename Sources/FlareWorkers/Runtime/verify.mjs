// Runs a workflow's code against a recorded history: no step does its work, each gets its recorded result, and the
// first call that the history does not have is reported with the line of user code that made it.
import { decode, describeError, encode, userStack } from "./codec.mjs";
import { Replay } from "./replay.mjs";

const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;

/// How long the code may do nothing before the verification ends. Longer than a replay waits for a step to be asked
/// for, so that what that finds is known first.
const quietMilliseconds = 3_000;
/// The same, when all that the history has is asked for, and the code waits for a step that it leaves unfinished.
const heldMilliseconds = 100;

/// Stands in the place of a life. The body is an exported history.
export class Verification {
  #replay;
  /// The steps that run() itself asked for, in the order of their start: those within a step run with it.
  #steps;
  /// How the run ended; undefined when the history does not reach its end.
  #outcome;
  #byKey = new Map();
  #counts = new Map();
  #asked = 0;
  #isHeld = false;
  #difference;
  /// A step that was not asked for before one that came after it, which may be asked for yet.
  #passed;
  #end;
  #ended;
  #timer;

  constructor(invocation, body) {
    invocation.isVerification = true;
    const history = JSON.parse(Buffer.from(body).toString("utf8"));
    this.payload = decode(bytesOf(history.params));
    const { steps, outcome } = readHistory(history);
    this.#steps = steps;
    this.#outcome = outcome;
    for (const step of steps) this.#byKey.set(keyOf(step.k, step.name, step.n), step);
    const journal = steps.filter((step) => !step.isOpen).sort((a, b) => a.place - b.place);
    this.#replay = new Replay(journal, () => { throw new Error("a history holds its values"); });
    this.#ended = new Promise((resolve) => { this.#end = resolve; });
  }

  do(name, { callback }) {
    if (typeof callback !== "function") throw new TypeError(`the step "${name}" has no function to run`);
    return this.#ask("do", name);
  }

  sleep(name) {
    return this.#ask("sleep", name);
  }

  waitForEvent(name, options) {
    return this.#ask("wait", name, options?.type);
  }

  /// Runs the code to its end, to the first difference, or to where the history ends. Returns the fields of the result.
  async conclude(run) {
    this.#watch();
    const code = (async () => {
      try {
        const output = await run();
        return () => this.#returned(output);
      } catch (error) {
        return () => this.#threw(error);
      }
    })();
    const settle = await Promise.race([code, this.#ended]);
    stopTimer(this.#timer);
    settle?.();
    const recorded = this.#steps.length;
    const isWhole = this.#outcome !== undefined && settle !== undefined;
    return { fields: { verification: { verified: this.#asked, recorded, isWhole, difference: this.#difference } } };
  }

  async #ask(k, name, type) {
    this.#watch();
    const source = callSource();
    const n = this.#next(k, name);
    const step = this.#byKey.get(keyOf(k, name, n));
    if (this.#difference) return forever();
    if (!step) return this.#unknown(k, name, n, source);
    if (type !== undefined && step.type !== undefined && type !== step.type) {
      return this.#differ("changed_type", `${label(step)} waits for "${type}" now; it waited for "${step.type}"`,
        { expected: step, found: { k, name, n }, source });
    }
    if (this.#passed?.step === step) {
      const { by, source: place } = this.#passed;
      const message = `${label(by)} is asked for before ${label(step)}, which ended before it began`;
      return this.#differ("out_of_order", message, { expected: step, found: by, source: place });
    }
    // What had ended before this step began was asked for before it.
    const before = this.#steps.find((other) => !other.isAsked && isBefore(other, step));
    if (before) this.#passed ??= { step: before, by: step, source };
    step.isAsked = true;
    this.#asked += 1;
    if (step.isOpen) this.#isHeld = true;
    this.#watch();
    if (step.isOpen) return forever();
    return this.#replay.take(k, name, n) ?? forever();
  }

  /// A step that the history does not have.
  #unknown(k, name, n, source) {
    const found = { k, name, n };
    const other = this.#steps.find((step) => !step.isAsked && step.name === name && step.n === n);
    if (other) {
      return this.#differ("changed_type", `${label(other)} is ${typeOf(k)} now; it was ${typeOf(other.k)}`,
        { expected: other, found, source });
    }
    if (this.#passed) return this.#differ(...this.#missing(this.#passed.step));
    const missing = this.#steps.find((step) => !step.isAsked);
    if (missing) {
      const isRenamed = missing.k === k;
      const message = isRenamed
        ? `the code asks for ${label(found)} where the history has ${label(missing)}`
        : `${label(found)} is new before ${label(missing)}`;
      return this.#differ(isRenamed ? "renamed" : "extra", message, { expected: missing, found, source });
    }
    // Behind the end of an unfinished history anything may come.
    if (this.#outcome === undefined) {
      this.#end();
      return forever();
    }
    return this.#differ("extra", `${label(found)} is new: the run ended before it`, { found, source });
  }

  #returned(output) {
    const { status, output: recorded, error } = this.#outcome ?? {};
    if (status === "errored") {
      return this.#note("returned", `run() returned; it threw ${error.name}: ${error.message}`);
    }
    if (this.#noteMissing() || status !== "complete") return;
    try {
      const value = decodeText(encode(output));
      if (canonical(value) === canonical(recorded)) return;
      this.#note("output", `run() returned ${short(value)}; it returned ${short(recorded)}`);
    } catch (error) {
      this.#note("output", `run() returned what cannot be stored: ${error.message}`);
    }
  }

  #threw(thrown) {
    const error = describeError(thrown);
    const source = placeIn(error.stack);
    const { status, error: recorded } = this.#outcome ?? {};
    const text = `${error.name}: ${error.message}`;
    if (status === "errored") {
      if (this.#noteMissing() || (error.name === recorded.name && error.message === recorded.message)) return;
      return this.#note("error", `run() threw ${text}; it threw ${recorded.name}: ${recorded.message}`, { source });
    }
    // Behind the end of an unfinished history anything may come.
    if (status === undefined && this.#steps.every((step) => step.isAsked)) return;
    this.#note("threw", `run() threw ${text}`, { source });
  }

  #noteMissing() {
    const isOver = this.#outcome !== undefined;
    const missing = this.#passed?.step ?? this.#steps.find((step) => !step.isAsked && !(step.isOpen && isOver));
    if (missing) this.#note(...this.#missing(missing));
    return missing !== undefined;
  }

  #missing(step) {
    const { by, source } = this.#passed ?? {};
    const then = by ? `; it goes on with ${label(by)}` : "";
    return ["missing", `the code does not ask for ${label(step)}${then}`, { expected: step, found: by, source }];
  }

  /// Nothing has happened for a while: the code waits for what the history does not have.
  #quiet() {
    const missing = this.#passed?.step ?? this.#steps.find((step) => !step.isAsked && !step.isOpen);
    if (missing) this.#note(...this.#missing(missing));
    this.#end();
  }

  #differ(kind, message, details) {
    this.#note(kind, message, details);
    this.#end();
    return forever();
  }

  #note(kind, message, { expected, found, source } = {}) {
    this.#difference ??= {
      kind, message, expected: expected && label(expected), found: found && label(found), source,
    };
  }

  #next(k, name) {
    const key = `${k}\n${name}`;
    const n = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, n);
    return n;
  }

  #watch() {
    stopTimer(this.#timer);
    const isHeld = this.#isHeld && this.#steps.every((step) => step.isAsked || step.isOpen);
    this.#timer = startTimer(() => this.#quiet(), isHeld ? heldMilliseconds : quietMilliseconds);
  }
}

/// { steps: [{ k, name, n, type, startedMs, endedMs, order, place, isOpen, value | error }], outcome }
function readHistory(history) {
  let steps = history.steps.filter((step) => step.parent === undefined).map(readStep)
    .sort((a, b) => a.order - b.order);
  let { status, output, error } = history;
  // A result that was not written down ends what can be verified: what came after it may depend on it.
  for (const gap of steps.filter((step) => step.isGap).sort((a, b) => a.place - b.place).slice(0, 1)) {
    steps = steps.filter((step) => step === gap || !isBefore(gap, step));
    gap.isOpen = true;
    status = "running";
  }
  // Ends that are not the code's own say nothing about it.
  const isForeign = ["WorkerLost", "WorkflowError"].includes(error?.name);
  const isOwn = status === "complete" || (status === "errored" && !isForeign);
  return { steps, outcome: isOwn ? { status, output: output ?? { $: "undefined" }, error } : undefined };
}

function readStep(step) {
  return {
    k: step.kind, name: step.name, n: step.count, type: step.event_type, startedMs: Date.parse(step.started),
    endedMs: Date.parse(step.ended), order: step.start_order, place: step.finish_order,
    isOpen: step.finish_order === undefined, isGap: step.withheld === true, isAsked: false,
    value: bytesOf(step.value), error: step.error,
  };
}

function bytesOf(tagged) {
  return tagged === undefined ? new Uint8Array(0) : Buffer.from(JSON.stringify(tagged));
}

/// Whether a step had ended before another one began.
function isBefore(other, step) {
  if (other.isOpen || other === step) return false;
  return other.endedMs < step.startedMs || (other.endedMs === step.startedMs && other.order < step.order);
}

function forever() {
  return new Promise(() => {});
}

function keyOf(k, name, n) {
  return `${k}\n${n}\n${name}`;
}

function label({ k, name, n }) {
  return `${typeOf(k)} "${name}"${n > 1 ? `#${n}` : ""}`;
}

function typeOf(k) {
  return { do: "step", sleep: "sleep", wait: "waitForEvent" }[k];
}

/// The first line of user code in the stack of the call.
function callSource() {
  return placeIn(userStack(new Error("call").stack));
}

function placeIn(stack) {
  for (const line of (stack ?? "").split("\n").slice(1)) {
    const match = /(?:\(|at (?:async )?)((?:file:\/\/)?[^()]+:\d+:\d+)\)?$/.exec(line.trim());
    if (match) return match[1].replace(/^file:\/\//, "");
  }
  return undefined;
}

function decodeText(bytes) {
  return bytes.byteLength === 0 ? { $: "undefined" } : JSON.parse(Buffer.from(bytes).toString("utf8"));
}

/// The order of an object's keys says nothing.
function canonical(value) {
  return JSON.stringify(value, (_, item) => item !== null && typeof item === "object" && !Array.isArray(item)
    ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item);
}

function short(value) {
  const text = value?.$ === "undefined" ? "undefined" : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
