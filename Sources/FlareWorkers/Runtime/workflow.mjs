// One life of a workflow instance: runs the user's class, with steps that the engine remembers.
import { callEngine, current } from "./calls.mjs";
import { Workflow, WorkflowTimeoutError } from "./classes.mjs";
import { decode, describeError, encode, makeError, measure, permanentError } from "./codec.mjs";
import { logLine } from "./console.mjs";
import { milliseconds } from "./durations.mjs";
import { Replay, readJournal } from "./replay.mjs";
import { Verification } from "./verify.mjs";

const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;

/// Runs `run` of a workflow class to its end. Returns { fields, body } of the result.
export async function runWorkflow(Class, invocation, header, body, env, ctx, limits) {
  const journal = readJournal(body.subarray(header.payloadBytes), header.journalBytes);
  const life = header.isVerification ? new Verification(invocation, body) : new Life(invocation, journal, limits);
  const payload = header.isVerification ? life.payload : decode(body.subarray(0, header.payloadBytes));
  const steps = stepsOf(life);
  const event = {
    payload, timestamp: new Date(header.workflow.timestampMs), instanceId: header.workflow.instance,
    workflowName: header.workflow.name,
  };
  const isFirstShape = Class.prototype instanceof Workflow;
  const instance = new Class(isFirstShape ? Object.assign(ctx, steps, { run: steps.do }) : ctx, env);
  const run = async () => isFirstShape ? instance.run(batchEvent(event)) : instance.run(event, steps);
  if (life instanceof Verification) return life.conclude(run);
  const output = await run();
  await life.finish();
  return { fields: life.notes.length > 0 ? { notes: life.notes } : {}, body: life.encodeValue(output, "the output") };
}

/// The event of the first announcement: the notifications that started the instance are its `messages`.
function batchEvent(event) {
  const { payload } = event;
  const isBatch = payload !== null && typeof payload === "object" && Array.isArray(payload.messages);
  const messages = payload === undefined ? [] : [payload];
  return { timestamp: event.timestamp, instanceId: event.instanceId, workflowName: event.workflowName, payload,
    ...(isBatch ? payload : { messages }) };
}

/// What user code gets as `step`, and in the first shape as part of `this.ctx`.
function stepsOf(life) {
  const perform = (promise) => {
    // A step that is not awaited must not end the process when it fails; whoever awaits it sees the failure.
    promise.catch(() => {});
    return promise;
  };
  return {
    do: (name, configuration, callback) => typeof configuration === "function"
      ? perform(life.do(name, callback ?? {}, configuration))
      : perform(life.do(name, configuration ?? {}, callback)),
    sleep: (name, length) => perform(life.sleep(name, () => ({ ms: milliseconds(length, "the length of a sleep") }))),
    sleepUntil: (name, time) => perform(life.sleep(name, () => ({ untilMs: instant(time) }))),
    waitForEvent: (name, options) => perform(life.waitForEvent(name, options ?? {})),
  };
}

function instant(time) {
  const value = time instanceof Date ? time.getTime() : time;
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError("sleepUntil takes a Date or milliseconds since 1970");
  }
  return Math.round(value);
}

/// Counts occurrences of names, at the moment of the call. A step within a step counts in a scope of its own, anew for
/// each attempt, and its name begins with that of the outer step.
class Scope {
  #counts = new Map();

  constructor(prefix = "", parent = undefined) {
    this.prefix = prefix;
    this.parent = parent;
  }

  next(kind, name) {
    const key = `${kind}\n${name}`;
    const n = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, n);
    return n;
  }
}

class Life {
  notes = [];
  #invocation;
  #limits;
  #replay;
  #scope = new Scope();
  /// Promises of steps that run and have not settled yet.
  #open = new Set();

  constructor(invocation, journal, limits) {
    this.#invocation = invocation;
    this.#limits = limits;
    this.#replay = new Replay(journal, async (index) => (await this.#call("step.load", { index })).body);
  }

  // Everything up to the first await runs during the call, so that occurrences are counted in the order of the calls.
  async do(name, configuration, callback) {
    checkName(name);
    if (typeof callback !== "function") throw new TypeError(`the step "${name}" has no function to run`);
    const step = this.#name("do", name);
    const finished = this.#replay.take("do", step.name, step.n);
    if (finished) return finished;
    const work = this.#perform(step, readOptions(configuration), callback);
    this.#open.add(work);
    return work.finally(() => this.#open.delete(work));
  }

  /// Runs a new step until it has a result that the engine has stored.
  async #perform(step, options, callback) {
    let { v: answer, body } = await this.#call("step.begin", {
      kind: "do", ...step.identity, config: options.config, parent: step.scope.parent,
    });
    while (answer.state === "run") {
      const end = await this.#attempt(step, callback, answer, options);
      const reply = await this.#call("step.end", { kind: "do", ...step.identity, ...end.fields }, end.value);
      answer = reply.v;
      body = end.value ?? reply.body;
    }
    await this.#replay.drained();
    return settle(answer, body);
  }

  async sleep(name, readLength) {
    checkName(name);
    const length = readLength();
    const step = this.#name("sleep", name);
    const finished = this.#replay.take("sleep", step.name, step.n);
    if (finished) return finished;
    const { v: answer } = await this.#call("step.sleep", { ...step.identity, ...length });
    await this.#replay.drained();
    return settle(answer, new Uint8Array(0));
  }

  async waitForEvent(name, options) {
    checkName(name);
    if (typeof options.type !== "string" || options.type === "") throw new TypeError("waitForEvent needs a type");
    const step = this.#name("wait", name);
    const finished = this.#replay.take("wait", step.name, step.n);
    if (finished) return finished;
    const timeoutMs = options.timeout === undefined ? undefined : milliseconds(options.timeout, "the timeout");
    const { v: answer, body } = await this.#call("step.wait", { ...step.identity, type: options.type, timeoutMs });
    await this.#replay.drained();
    return settle(answer, body);
  }

  /// Waits for steps that were started and not awaited, and looks for finished ones that were not asked for.
  async finish() {
    if (this.#open.size > 0) {
      const count = this.#open.size;
      this.#note("steps_not_awaited", `${count} ${count === 1 ? "step was" : "steps were"} not awaited by run()`);
      while (this.#open.size > 0) await Promise.allSettled([...this.#open]);
    }
    const unasked = this.#replay.unasked.filter((entry) => entry.k === "do");
    if (unasked.length > 0) {
      const names = unasked.slice(0, 5).map((entry) => `"${entry.name}"#${entry.n}`).join(", ");
      this.#note(
        "non_deterministic",
        `${unasked.length} finished step(s) were not asked for again: ${names}; names and order of steps must not ` +
          "depend on time, chance or state outside of steps",
      );
    }
  }

  /// The bytes of a value within the limit; throws what no retry can mend.
  encodeValue(value, what) {
    const bytes = encode(value);
    const size = measure(bytes);
    const most = this.#limits.stepValueBytesMax;
    if (size > most) {
      throw permanentError("DataCloneError", `${what} is too large: ${size} bytes, at most ${most} can be stored`);
    }
    return bytes;
  }

  #name(kind, name) {
    const scope = current.getStore()?.scope ?? this.#scope;
    const full = scope.prefix + name;
    const n = scope.next(kind, name);
    return { name: full, n, scope, identity: { name: full, n }, shown: name };
  }

  async #call(method, args, body) {
    try {
      return await callEngine(this.#invocation, { m: method, args }, body);
    } catch (description) {
      throw makeError(description);
    }
  }

  /// Runs the callback once. Returns the fields and the value of `step.end`.
  async #attempt(step, callback, answer, options) {
    const { attempt, timeoutMs } = answer;
    const scope = new Scope(`${step.name}#${step.n} > `, { name: step.name, n: step.n });
    const store = { invocation: this.#invocation, step: step.name, attempt, scope };
    const context = { step: { name: step.shown, count: step.n }, attempt, config: options.shown };
    try {
      const work = current.run(store, async () => callback(context));
      const value = await within(timeoutMs, work);
      return { fields: { attempt, ok: true }, value: this.encodeValue(value, `the result of the step "${step.name}"`) };
    } catch (error) {
      const delayMs = await options.delayAfter?.(context, error);
      return { fields: { attempt, ok: false, error: describeError(error), delayMs } };
    }
  }

  #note(code, message) {
    this.notes.push({ code, message });
    logLine("warn", message);
  }
}

function settle(answer, body) {
  if (answer.state === "done") return decode(body);
  if (answer.state === "failed") throw makeError(answer.error);
  throw new Error(`the engine answered a step with "${answer.state}"`);
}

/// Rejects when the work takes too long. The work itself cannot be stopped; what it returns late is not used.
function within(timeoutMs, work) {
  if (!(timeoutMs > 0) || timeoutMs > 0x7fffffff) return work;
  return new Promise((resolve, reject) => {
    const timer = startTimer(
      () => reject(new WorkflowTimeoutError(`Execution timed out after ${timeoutMs}ms`)), timeoutMs);
    work.then(resolve, reject).finally(() => stopTimer(timer));
  });
}

function checkName(name) {
  if (typeof name !== "string" || name === "" || name.length > 256 || /[\u0000-\u001f\u007f]/.test(name)) {
    throw permanentError("TypeError", "a step's name has 1 to 256 characters, none of them control characters");
  }
}

/// Both spellings: today's { retries: { limit, delay, backoff }, timeout } and { retries: { limit, delayMs } } of the
/// first announcement.
function readOptions(configuration) {
  const retries = configuration.retries ?? {};
  const config = { retries: {} };
  let delayAfter;
  if (retries.limit !== undefined) {
    if (typeof retries.limit !== "number" || Number.isNaN(retries.limit) || retries.limit < 0) {
      throw permanentError("TypeError", "retries.limit must be a number that is not negative");
    }
    config.retries.limit = Math.min(Math.floor(retries.limit), 1_000_000_000);
  }
  const delay = retries.delay ?? retries.delayMs;
  if (typeof delay === "function") {
    delayAfter = async (ctx, error) => milliseconds(await delay({ ctx, error }), "the delay of a retry");
  } else if (delay !== undefined) {
    config.retries.delayMs = milliseconds(delay, "the delay of a retry");
  }
  if (retries.backoff !== undefined) {
    if (!["constant", "linear", "exponential"].includes(retries.backoff)) {
      throw permanentError("TypeError", `retries.backoff must be constant, linear or exponential`);
    }
    config.retries.backoff = retries.backoff;
  }
  if (configuration.timeout !== undefined) config.timeoutMs = milliseconds(configuration.timeout, "the timeout");
  return { config, delayAfter, shown: configuration };
}
