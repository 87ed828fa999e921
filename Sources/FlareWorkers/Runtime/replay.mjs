// Replays the journal of finished steps. They settle in the order in which they first completed, whatever the order in
// which they are asked for: otherwise Promise.all can swap results and Promise.race change its winner.
import { decode, makeError } from "./codec.mjs";

const macrotask = setImmediate;
const { Promise, setTimeout: startTimer, clearTimeout: stopTimer } = globalThis;
const { parse } = JSON;

/// How long a finished step may keep those behind it waiting to be asked for again. Code between two steps that does
/// something slow takes this long at most; code that never asks is not deterministic.
const patienceMilliseconds = 1000;

export class Replay {
  #entries;
  #byKey = new Map();
  #load;
  #openStream;
  #position = 0;
  #isPumping = false;
  #timer;
  /// Those who wait for the end, in their order; undefined when they have been told of it.
  #drained = [];

  /// `entries` in the order of completion: { k, name, n, value | later | stream | error }; `load(index)` fetches the
  /// bytes of a `later` value, `openStream(name, n, length)` opens that of a stream.
  constructor(entries, load, openStream) {
    this.#load = load;
    this.#openStream = openStream;
    this.#entries = entries.map((entry, index) => ({ ...entry, index, isAsked: false, deliver: undefined }));
    for (const entry of this.#entries) this.#byKey.set(keyOf(entry.k, entry.name, entry.n), entry);
    if (entries.length === 0) this.#drained = undefined;
  }

  /// The promise of a finished step, or undefined when the step is new.
  take(kind, name, n) {
    const entry = this.#byKey.get(keyOf(kind, name, n));
    if (!entry || entry.isAsked) return undefined;
    entry.isAsked = true;
    const promise = new Promise((resolve, reject) => {
      entry.deliver = () => this.#deliver(entry, resolve, reject);
    });
    if (entry.index < this.#position) macrotask(entry.deliver);
    else this.#pump();
    return promise;
  }

  /// What a finished step returned; undefined when it failed, or is not finished.
  async outcome(kind, name, n) {
    const entry = this.#byKey.get(keyOf(kind, name, n));
    return entry && !entry.error ? this.#value(entry) : undefined;
  }

  /// Resolves when every finished step has settled again. New results wait for it, as they did in the first life.
  /// One that comes when the last step has settled does not overtake those that have waited for that.
  drained() {
    if (!this.#drained) return undefined;
    return new Promise((resolve) => {
      this.#drained.push(resolve);
      this.#pump();
    });
  }

  /// Finished steps that this life has not asked for.
  get unasked() {
    return this.#entries.filter((entry) => !entry.isAsked);
  }

  /// Settles one entry for each turn of the event loop, so that user code reacts to each before the next.
  #pump() {
    if (this.#isPumping) return;
    this.#isPumping = true;
    macrotask(() => this.#settleNext());
  }

  async #settleNext() {
    const entry = this.#entries[this.#position];
    if (entry?.deliver) {
      this.#stopWaiting();
      this.#position += 1;
      await entry.deliver();
      macrotask(() => this.#settleNext());
      return;
    }
    this.#isPumping = false;
    if (!entry) {
      this.#stopWaiting();
      const waiting = this.#drained ?? [];
      this.#drained = undefined;
      for (const resolve of waiting) resolve();
    } else if (this.#timer === undefined && this.#isWaitedFor()) {
      this.#timer = startTimer(() => this.#skip(), patienceMilliseconds);
    }
  }

  #isWaitedFor() {
    return this.#drained?.length > 0 || this.#entries.some((entry, index) => index > this.#position && entry.deliver);
  }

  #stopWaiting() {
    stopTimer(this.#timer);
    this.#timer = undefined;
  }

  /// Goes on with the next entry that was asked for.
  #skip() {
    this.#timer = undefined;
    const next = this.#entries.findIndex((entry, index) => index >= this.#position && entry.deliver);
    this.#position = next < 0 ? this.#entries.length : next;
    this.#pump();
  }

  async #deliver(entry, resolve, reject) {
    entry.deliver = undefined;
    try {
      if (entry.error) throw makeError(entry.error);
      resolve(await this.#value(entry));
    } catch (error) {
      reject(error);
    }
  }

  #value(entry) {
    if (typeof entry.stream === "number") return this.#openStream(entry.name, entry.n, entry.stream);
    return entry.later ? this.#load(entry.index).then(decode) : decode(entry.value);
  }
}

function keyOf(kind, name, n) {
  return `${kind}\n${n}\n${name}`;
}

/// Reads the entries of an `invoke` frame: a JSON array of `journalBytes`, then the values.
export function readJournal(bytes, journalBytes) {
  if (journalBytes === 0) return [];
  const entries = parse(bytes.toString("utf8", 0, journalBytes));
  let offset = journalBytes;
  for (const entry of entries) {
    if (typeof entry.bytes !== "number") continue;
    entry.value = bytes.subarray(offset, offset + entry.bytes);
    offset += entry.bytes;
  }
  return entries;
}
