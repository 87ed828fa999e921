// Undoing a run: the code is run again from its journal until it has offered the handlers, which then run as durable

// Kept before user code can replace it.
const { Promise } = globalThis;
// steps, that of the last step first.
const { setInterval: startTimer, clearInterval: stopTimer } = globalThis;
const macrotask = setImmediate;

/// How long the code may do nothing that concerns steps before it counts as one that offers no more handlers.
const patienceMilliseconds = 5000;

export class Rollbacks {
  #plan;
  #handlers = new Map();
  #missing;
  #heardAt = Date.now();
  #complete = () => {};

  /// `plan` is { steps: [{ name, n, attempt, config }], error } while a run is undone, and otherwise undefined.
  constructor(plan) {
    this.#plan = plan;
    this.#missing = new Set(plan?.steps.map(keyOf));
  }

  /// Whether the code runs only to offer its handlers: nothing new begins.
  get isUndoing() {
    return this.#plan !== undefined;
  }

  /// The code offers the handler of a step.
  offer(step, undo) {
    this.#heardAt = Date.now();
    this.#handlers.set(keyOf(step), undo);
    this.#missing.delete(keyOf(step));
    if (this.#missing.size === 0) this.#complete();
  }

  /// Runs the code until it has offered the handlers and stands where its first life stood (`drained` tells when all
  /// that was finished has settled again), or until it ends. Then hands each handler to `perform(step, undo)`, which
  /// returns whether it succeeded. Returns the label of a step whose handler is missing.
  async run(code, drained, perform) {
    await this.#collect(code, drained);
    for (const step of this.#plan.steps) {
      const undo = this.#handlers.get(keyOf(step));
      if (!undo) return labelOf(step);
      if (!await perform(step, undo)) return undefined;
    }
    return undefined;
  }

  #collect(code, drained) {
    return new Promise((resolve) => {
      const timer = startTimer(() => {
        if (Date.now() - this.#heardAt > patienceMilliseconds) finish();
      }, 250);
      const finish = () => {
        stopTimer(timer);
        resolve();
      };
      // What the code does with the last result may be of use to a handler: it gets a turn for that.
      this.#complete = () => drained().then(() => macrotask(() => macrotask(finish)));
      // How the code ends is known from its first life.
      code().then(finish, finish);
    });
  }
}

/// What a handler is given: the step's own context, what it returned, and why the run is undone.
export function rollbackContext(step, output, error) {
  const ctx = { step: { name: step.name, count: step.n }, attempt: step.attempt, config: step.config };
  return { ctx, output, error, stepName: labelOf(step) };
}

export function labelOf(step) {
  return `${step.name}-${step.n}`;
}

function keyOf(step) {
  return `${step.n}\n${step.name}`;
}
