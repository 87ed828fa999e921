// Says whose code runs now, in a file in memory that the engine reads when the process is stuck or has died: code that
// never returns to the event loop cannot be asked.
import { createHook, executionAsyncResource } from "node:async_hooks";
import { writeSync } from "node:fs";

const { stringify } = JSON;
const descriptor = 3;
const nobody = Buffer.alloc(4);

let read;
let marked;

/// Follows every callback and every continuation of user code to the store that `readStore` gives for it.
export function followMarks(readStore) {
  read = readStore;
  createHook({ before }).enable();
}

function before() {
  const store = read();
  if (store !== undefined) return mark(store);
  // Outside of invocations: mostly this runtime's own callbacks, which do not loop, but a module can start timers.
  const resource = executionAsyncResource();
  if (resource._onTimeout || resource._onImmediate) mark(undefined);
}

/// Marks that the code of a store, { invocation, step?, n?, attempt? }, is about to run.
export function mark(store) {
  if (store === marked) return;
  marked = store;
  write(store === undefined ? nobody : (store.mark ??= encode(store)));
}

/// The id of the invocation whose code ran last.
export function markedInvocation() {
  return marked?.invocation?.id;
}

/// Forgets an invocation that is over, so that it is not taken for what runs now.
export function unmark(invocation) {
  if (marked?.invocation === invocation) mark(undefined);
}

function encode({ invocation, step, n, attempt }) {
  const text = Buffer.from(stringify({ __proto__: null, inv: invocation.id, step, n, attempt }));
  const record = Buffer.allocUnsafe(4 + text.length);
  record.writeUInt32LE(text.length, 0);
  text.copy(record, 4);
  return record;
}

function write(record) {
  try {
    writeSync(descriptor, record, 0, record.length, 0);
  } catch {
    // Closed by user code: nobody can be blamed any more.
  }
}
