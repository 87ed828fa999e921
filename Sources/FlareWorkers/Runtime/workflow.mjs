// One life of a workflow instance: runs the user's class, with steps that the engine remembers.
import { callEngine, current, enter, tellEngine } from "./calls.mjs";
import { Workflow, WorkflowTimeoutError } from "./classes.mjs";
import { decode, describeError, encode, isNonRetryable, makeError, measure, permanentError } from "./codec.mjs";
import { logLine } from "./console.mjs";
import { milliseconds } from "./durations.mjs";
import { Replay, readJournal } from "./replay.mjs";
import { isStream, openStream, storeStream } from "./results.mjs";
import { Rollbacks, labelOf, rollbackContext } from "./rollback.mjs";
import {
  checkName, checkUndo, computeDelay, permanent, readArguments, readOptions, shownConfig, within,
} from "./steps.mjs";
import { Verification } from "./verify.mjs";

const { Promise } = globalThis;
const nothing = new Uint8Array(0);
const macrotask = setImmediate;

/// Runs `run` of a workflow class to its end. Returns { fields, body } of the result.
export async function runWorkflow(Class, invocation, header, body, env, ctx, limits) {
  const journal = readJournal(body.subarray(header.payloadBytes), header.journalBytes);
  const life = header.isVerification
    ? new Verification(invocation, body) : new Life(invocation, journal, limits, header.rollback);
  const params = header.isVerification ? life.payload : decode(body.subarray(0, header.payloadBytes));
  const steps = stepsOf(life);
  // As on Cloudflare, whose users read `event.payload.name` of instances that were created without params.
  const event = {
    payload: params === undefined ? {} : params, timestamp: new Date(header.workflow.timestampMs),
    instanceId: header.workflow.instance, workflowName: header.workflow.name,
  };
  if (header.workflow.schedule) event.schedule = header.workflow.schedule;
  const isFirstShape = Class.prototype instanceof Workflow;
  const instance = new Class(isFirstShape ? Object.assign(ctx, steps, { run: steps.do }) : ctx, env);
  // A batch of a queue is event.messages in both shapes.
  if (Array.isArray(params?.messages)) event.messages = params.messages;
  const run = async () => isFirstShape ? instance.run(batchEvent(event, params)) : instance.run(event, steps);
  if (life instanceof Verification) return life.conclude(run);
  if (header.rollback) return { fields: { missing: await life.undo(run) }, body: nothing };
  if (header.permits) life.permit();
  const output = await run();
  await life.finish();
  return { fields: life.notes.length > 0 ? { notes: life.notes } : {}, body: life.encodeValue(output, "the output") };
}

/// The event of the first announcement: the notifications that started the instance are its `messages`.
function batchEvent(event, params) {
  const isBatch = params !== null && typeof params === "object" && Array.isArray(params.messages);
  const messages = params === undefined ? [] : [params];
  return { ...event, ...(isBatch ? params : { messages }) };
}

/// What user code gets as `step`, and in the first shape as part of `this.ctx`.
function stepsOf(life) {
  const perform = (promise) => {
    // A step that is not awaited must not end the process when it fails; whoever awaits it sees the failure.
    promise.catch(() => {});
    return promise;
  };
  return {
    do: (name, second, third, fourth) => perform(life.do(name, readArguments(second, third, fourth))),
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

  constructor(prefix = "", parent = undefined, undone = undefined) {
    this.prefix = prefix;
    this.parent = parent;
    /// Of a rollback handler: the label of the step that it undoes.
    this.undone = undone;
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
  #rollbacks;
  #rollbackError;
  #scope = new Scope();
  /// Promises of steps that run and have not settled yet.
  #open = new Set();
  /// Results that wait for their turn.
  #turns = [];
  #isTurnTaken = false;
  #isPermitted = false;

  constructor(invocation, journal, limits, rollback) {
    this.#invocation = invocation;
    this.#limits = limits;
    const load = async (index) => (await this.#call("step.load", { index })).body;
    this.#replay = new Replay(journal, load, (name, n, total) => this.#openStream({ name, n }, total));
    this.#rollbacks = new Rollbacks(rollback);
    this.#rollbackError = rollback?.error;
  }

  // Everything up to the first await runs during the call, so that occurrences are counted in the order of the calls.
  async do(name, { config, callback, undo }) {
    checkName(name);
    if (typeof callback !== "function") {
      throw permanentError("TypeError", `the step "${name}" has no function to run`);
    }
    const step = this.#name("do", name);
    if (undo.rollback) this.#offer(step, undo);
    const finished = this.#replay.take("do", step.name, step.n);
    if (finished) return finished;
    if (this.#rollbacks.isUndoing) return never();
    checkUndo(name, undo);
    const options = readOptions(name, config);
    if (undo.rollback) options.config.rollback = true;
    // What could have been asked for by another name, or needs to be on disk before it begins, is asked for.
    const isPlain = !step.scope.parent && !undo.rollback && !name.includes(" > ");
    const attempt = (answer) => this.#attempt(step, callback, answer, options);
    const work = this.#perform("do", step, options, attempt, isPlain && this.#takePermit());
    this.#open.add(work);
    return work.finally(() => this.#open.delete(work));
  }

  #offer(step, undo) {
    if (step.scope.parent) {
      const outer = `"${step.scope.parent.name}"`;
      throw permanentError("TypeError", `a step inside another cannot have a rollback; give it to the step ${outer}`);
    }
    this.#rollbacks.offer(step, undo);
  }

  /// The engine lets the code begin its next step without asking. A permit that the code does not use in its reaction
  /// to what came with it goes back at once: while it is out, the engine cannot put the code aside.
  permit() {
    this.#isPermitted = true;
    macrotask(() => {
      if (this.#takePermit()) tellEngine(this.#invocation, { m: "step.passed" });
    });
  }

  #takePermit() {
    const isPermitted = this.#isPermitted;
    this.#isPermitted = false;
    return isPermitted;
  }

  /// Asks to begin a step, or with a permit only tells that it begins.
  async #begin(begun, options, isPermitted) {
    if (!isPermitted) return this.#call("step.begin", begun);
    tellEngine(this.#invocation, { m: "step.began", args: begun });
    // This await lets the frame leave before the callback runs, which may never return.
    return { v: await { state: "run", attempt: 1, timeoutMs: options.shown.timeout } };
  }

  /// Runs a new step until it has a result that the engine has stored.
  async #perform(kind, step, options, attempt, isPermitted = false) {
    const identity = { kind, ...step.identity };
    const begun = { ...identity, config: options.config, parent: step.scope?.parent };
    let { v: answer, body } = await this.#begin(begun, options, isPermitted);
    const { config } = answer;
    while (answer.state === "run") {
      const end = await attempt({ ...answer, config });
      const reply = await this.#call("step.end", { ...identity, attempt: answer.attempt, ...end.fields }, end.value);
      answer = reply.v;
      body = end.value ?? reply.body;
    }
    return kind === "do" ? this.#deliver(answer, body, step) : this.#settle(answer, body, step);
  }

  /// Hands a new result over once all earlier ones have been: those of the journal, and those that the engine stored
  /// before. User code reacts to each before the next, in every life, so that what it asks for comes in one order.
  async #deliver(answer, body, step) {
    await this.#replay.drained();
    await this.#turn();
    if (answer.permits) this.permit();
    return this.#settle(answer, body, step);
  }

  #turn() {
    return new Promise((resolve) => {
      this.#turns.push(resolve);
      if (!this.#isTurnTaken) this.#nextTurn();
    });
  }

  #nextTurn() {
    const resolve = this.#turns.shift();
    this.#isTurnTaken = resolve !== undefined;
    if (!resolve) return;
    resolve();
    macrotask(() => this.#nextTurn());
  }

  async sleep(name, readLength) {
    checkName(name);
    const step = this.#name("sleep", name);
    const finished = this.#replay.take("sleep", step.name, step.n);
    if (finished) return finished;
    if (this.#rollbacks.isUndoing) return never();
    return this.#wait("step.sleep", step, permanent(readLength));
  }

  async waitForEvent(name, options) {
    checkName(name);
    if (typeof options.type !== "string" || options.type === "") {
      throw permanentError("TypeError", `waitForEvent "${name}" needs the type of the event: { type: "approved" }`);
    }
    const step = this.#name("wait", name);
    const finished = this.#replay.take("wait", step.name, step.n);
    if (finished) return finished;
    if (this.#rollbacks.isUndoing) return never();
    const { timeout } = options;
    const timeoutMs = timeout === undefined ? undefined : permanent(() => milliseconds(timeout, "the timeout"));
    return this.#wait("step.wait", step, { type: options.type, timeoutMs });
  }

  async #wait(method, step, fields) {
    const { v: answer, body } = await this.#call(method, { ...step.identity, ...fields });
    return this.#deliver(answer, body, step);
  }

  /// Undoes what an earlier life did, with the handlers that `run` offers. Returns the label of a step without one.
  undo(run) {
    return this.#rollbacks.run(run, async () => this.#replay.drained(), async (step, undo) => {
      const options = readOptions(step.name, undo.rollbackConfig ?? {});
      const identity = { name: step.name, n: step.n };
      const context = rollbackContext(
        step, await this.#replay.outcome("do", step.name, step.n), makeError(this.#rollbackError));
      const scope = new Scope("", undefined, labelOf(step));
      const work = this.#perform("rollback", { ...identity, identity }, options, async (answer) => {
        const store = { invocation: this.#invocation, step: step.name, n: step.n, attempt: answer.attempt, scope };
        return this.#try(store, answer, options, context.ctx, async () => void await undo.rollback(context));
      });
      // A failure is in the engine's books, and ends the undoing.
      return work.then(() => true, () => false);
    });
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
    if (scope.undone !== undefined) {
      const where = `inside the rollback handler of step "${scope.undone}"`;
      throw permanentError("WorkflowError", `the step "${name}" cannot begin ${where}`);
    }
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
  #attempt(step, callback, answer, options) {
    const { attempt } = answer;
    const scope = new Scope(`${step.name}#${step.n} > `, { name: step.name, n: step.n });
    const store = { invocation: this.#invocation, step: step.name, n: step.n, attempt, scope };
    const config = shownConfig(options, answer.config);
    const context = { step: { name: step.shown, count: step.n }, attempt, config };
    return this.#try(store, answer, options, context, async () => {
      const value = await callback(context);
      if (!isStream(value)) return { value: this.encodeValue(value, `the result of the step "${step.name}"`) };
      const streamBytes = await storeStream(value, step.name, this.#limits, (index, bytes) =>
        this.#call("step.chunk", { ...step.identity, attempt, index }, bytes));
      return { fields: { streamBytes } };
    });
  }

  async #try(store, { timeoutMs }, options, context, work) {
    const late = () => new WorkflowTimeoutError(`Execution timed out after ${timeoutMs}ms`);
    try {
      const end = await within(timeoutMs, enter(store, work), late);
      return { fields: { ok: true, ...end?.fields }, value: end?.value };
    } catch (error) {
      const fields = { ok: false, error: describeError(error) };
      if (!options.delayFunction || isNonRetryable(error)) return { fields };
      const budget = this.#limits.stepDelayMilliseconds;
      const delay = await computeDelay(store.step, options.delayFunction, context, error, budget);
      return { fields: { ...fields, ...delay } };
    }
  }

  #settle(answer, body, step) {
    if (answer.state === "failed") throw makeError(answer.error);
    if (answer.state !== "done") throw new Error(`the engine answered a step with "${answer.state}"`);
    return typeof answer.streamBytes === "number" ? this.#openStream(step, answer.streamBytes) : decode(body);
  }

  #openStream({ name, n }, total) {
    return openStream(total, async (index) => (await this.#call("step.read", { name, n, index })).body);
  }

  #note(code, message) {
    this.notes.push({ code, message });
    logLine("warn", message);
  }
}

/// The promise of a step that does not begin: the run is undone, and what its code would do next does not happen.
function never() {
  return new Promise(() => {});
}
