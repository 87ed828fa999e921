// What user code says about a step: its name, its configuration, how it is undone.
import { describeError, permanentError } from "./codec.mjs";
import { milliseconds } from "./durations.mjs";

// Kept before user code can replace it.
const { Promise } = globalThis;

const { setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;

/// What counts where nothing was given; the engine has the same.
const standard = { retries: { limit: 5, delay: 1000, backoff: "exponential" }, timeout: 600_000 };
const backoffs = ["constant", "linear", "exponential"];
/// Stands for Infinity on the wire and in the store.
const endless = 1_000_000_000;

/// Throws unless the name may be a step's.
export function checkName(name) {
  if (typeof name !== "string" || name === "") {
    throw permanentError("TypeError", 'a step needs a name: step.do("charge the card", async () => { … })');
  }
  if (name.length > 256) {
    throw permanentError("TypeError", `a step's name has at most 256 characters; this one has ${name.length}`);
  }
  if (/[\u0000-\u001f\u007f]/.test(name)) {
    throw permanentError("TypeError", `the step name ${JSON.stringify(name)} has a control character`);
  }
}

/// Sorts the arguments of step.do: (name, fn), (name, config, fn), each with { rollback, rollbackConfig } behind, and
/// (name, fn, config) of the first announcement.
export function readArguments(second, third, fourth) {
  if (typeof second !== "function") return { config: second ?? {}, callback: third, undo: fourth ?? {} };
  const { rollback, rollbackConfig, ...config } = third ?? {};
  return { config, callback: second, undo: third === undefined ? {} : { rollback, rollbackConfig } };
}

/// Throws unless the handler that undoes a step, and its configuration, can be used.
export function checkUndo(name, undo) {
  checkKeys(undo, ["rollback", "rollbackConfig"], `the rollback options of step "${name}"`);
  if (undo.rollback === undefined) {
    if (undo.rollbackConfig === undefined) return;
    throw permanentError("TypeError", `step "${name}" has a rollbackConfig and no rollback`);
  }
  if (typeof undo.rollback !== "function") {
    throw permanentError("TypeError", `the rollback of step "${name}" must be a function`);
  }
  checkKeys(undo.rollbackConfig ?? {}, ["retries", "timeout"], `the rollbackConfig of step "${name}"`);
  readOptions(name, undo.rollbackConfig ?? {});
}

/// Reads a configuration: today's { retries: { limit, delay, backoff }, timeout, sensitive }, and { retries: { limit,
/// delayMs } } of the first announcement. `config` is what the engine is told; `shown` what the callback is.
export function readOptions(name, configuration) {
  checkKeys(configuration, ["retries", "timeout", "sensitive"], `the configuration of step "${name}"`);
  const retries = configuration.retries ?? {};
  checkKeys(retries, ["limit", "delay", "delayMs", "backoff"], `the retries of step "${name}"`);
  const config = { retries: {} };
  if (retries.limit !== undefined) config.retries.limit = readLimit(name, retries.limit);
  const delay = retries.delay ?? retries.delayMs;
  let delayFunction;
  if (typeof delay === "function") delayFunction = delay;
  else if (delay !== undefined) config.retries.delayMs = permanent(() => milliseconds(delay, "the delay of a retry"));
  if (retries.backoff !== undefined) {
    if (!backoffs.includes(retries.backoff)) {
      const given = JSON.stringify(retries.backoff);
      throw permanentError("TypeError", `retries.backoff of step "${name}" is ${backoffs.join(", ")}, not ${given}`);
    }
    config.retries.backoff = retries.backoff;
  }
  if (configuration.timeout !== undefined) {
    config.timeoutMs = permanent(() => milliseconds(configuration.timeout, "the timeout of a step"));
    if (config.timeoutMs < 1) throw permanentError("TypeError", `the timeout of step "${name}" must not be 0`);
  }
  if (configuration.sensitive !== undefined) {
    if (configuration.sensitive !== "output") {
      throw permanentError("TypeError", `sensitive of step "${name}" can only be "output"`);
    }
    config.sensitive = true;
  }
  return { config, delayFunction, shown: shown(config, delayFunction) };
}

function readLimit(name, limit) {
  if (typeof limit !== "number" || Number.isNaN(limit) || limit < 0) {
    throw permanentError("TypeError", `retries.limit of step "${name}" must be a number that is not negative`);
  }
  return Math.min(Math.floor(limit), endless);
}

function shown({ retries, timeoutMs, sensitive }, delayFunction) {
  const result = {
    retries: {
      limit: withoutEnd(retries.limit ?? standard.retries.limit),
      delay: delayFunction ?? retries.delayMs ?? standard.retries.delay,
      backoff: retries.backoff ?? standard.retries.backoff,
    },
    timeout: timeoutMs ?? standard.timeout,
  };
  if (sensitive) result.sensitive = "output";
  return result;
}

/// What the callback of a step is told as its configuration: that of its first life, if there was one.
export function shownConfig(options, stored) {
  if (!stored) return options.shown;
  const limit = withoutEnd(stored.retries.limit);
  const delay = options.delayFunction ?? stored.retries.delay;
  return { ...options.shown, ...stored, retries: { ...stored.retries, limit, delay } };
}

function withoutEnd(limit) {
  return limit >= endless ? Infinity : limit;
}

/// Asks the user's function for the delay before the next attempt. Returns the fields of `step.end` about it.
export async function computeDelay(name, delayFunction, context, error, budgetMilliseconds) {
  try {
    const computed = Promise.resolve(delayFunction({ ctx: context, error }));
    const message = `it took longer than ${budgetMilliseconds} ms`;
    const delay = await within(budgetMilliseconds, computed, () => new Error(message));
    return { delayMs: milliseconds(delay, "the delay of a retry") };
  } catch (failure) {
    const said = `the delay function of step "${name}" failed: ${describeError(failure).message}`;
    const because = `the attempt had failed with: ${describeError(error).message}`;
    return { delayError: { name: "NonRetryableDelayError", message: `${said}; ${because}`, nonRetryable: true } };
  }
}

/// Rejects when the work takes too long. The work itself cannot be stopped; what it returns late is not used.
export function within(timeoutMs, work, makeError) {
  if (!(timeoutMs > 0) || timeoutMs > 0x7fffffff) return work;
  return new Promise((resolve, reject) => {
    const timer = startTimer(() => reject(makeError()), timeoutMs);
    work.then(resolve, reject).finally(() => stopTimer(timer));
  });
}

/// A mistake in what was asked for, that no retry mends.
export function permanent(read) {
  try {
    return read();
  } catch (error) {
    throw permanentError(error.name, error.message);
  }
}

function checkKeys(value, known, what) {
  if (value === null || typeof value !== "object") throw permanentError("TypeError", `${what} must be an object`);
  const other = Object.keys(value).find((key) => !known.includes(key));
  if (other !== undefined) {
    throw permanentError("TypeError", `${what} has no "${other}"; it can have ${known.join(", ")}`);
  }
}
