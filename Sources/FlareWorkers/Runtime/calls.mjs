// Calls from user code to the engine, and the invocations that they belong to.
import { AsyncLocalStorage } from "node:async_hooks";
import { makeError } from "./codec.mjs";
import { followMarks, mark, unmark } from "./marks.mjs";

// Kept before user code can replace it.
const { Promise } = globalThis;

/// What runs now: { invocation, step?, n?, attempt?, scope? }. Console lines and binding calls are tagged by it.
export const current = new AsyncLocalStorage();

followMarks(() => current.getStore());

/// Runs user code as a part of an invocation.
export function enter(store, body) {
  mark(store);
  return current.run(store, body);
}

const invocations = new Map();
const waiting = new Map();
let nextCall = 1;
let connection;

export function useConnection(value) {
  connection = value;
}

export function sendFrame(header, body) {
  connection.send(header, body);
}

/// Takes up an invocation; its calls work until `endInvocation`.
export function beginInvocation(header) {
  const invocation = {
    id: header.id, tags: header.tags ?? {}, background: [], calls: new Set(), cleanups: new Set(),
    onCancel: undefined, isOver: false,
  };
  invocations.set(invocation.id, invocation);
  return invocation;
}

/// Forgets an invocation. Calls of code that still runs in it never settle, and are collected with it.
export function endInvocation(id) {
  const invocation = invocations.get(id);
  if (!invocation) return;
  invocation.isOver = true;
  unmark(invocation);
  invocations.delete(id);
  for (const call of invocation.calls) waiting.delete(call);
  for (const cleanup of invocation.cleanups) cleanup();
}

/// Whoever waited for an invocation has gone; its code is told so, where it can be.
export function cancelInvocation(id) {
  invocations.get(id)?.onCancel?.();
}

export function invocationCount() {
  return invocations.size;
}

/// Calls the engine. Resolves to { v, body }; rejects with the engine's error. `announce` is told the call's number
/// before it is made.
export function callEngine(invocation, fields, body, announce) {
  return new Promise((resolve, reject) => {
    if (invocation.isOver) return;
    const id = nextCall++;
    waiting.set(id, { invocation, resolve, reject });
    invocation.calls.add(id);
    announce?.(id);
    connection.send({ __proto__: null, ...fields, t: "call", id, inv: invocation.id }, body);
  });
}

/// Tells the engine something that it does not answer.
export function tellEngine(invocation, fields) {
  if (!invocation.isOver) connection.send({ __proto__: null, ...fields, t: "call", inv: invocation.id });
}

/// The engine's answer to a call. Answers to forgotten calls are dropped.
export function settleCall(header, body) {
  const entry = waiting.get(header.id);
  if (!entry) return;
  waiting.delete(header.id);
  entry.invocation.calls.delete(header.id);
  if (header.error) entry.reject(header.error);
  else entry.resolve({ v: header.v ?? null, body });
}

/// Calls a method of a binding within the invocation that runs now.
export async function callBinding(binding, method, args, body) {
  const invocation = current.getStore()?.invocation;
  if (!invocation) {
    throw new Error(`env.${binding}.${method} can only be called while a handler or a workflow runs`);
  }
  if (invocation.isVerification) {
    throw new Error(`env.${binding}.${method} was called outside of a step, which a verification does not do`);
  }
  try {
    return await callEngine(invocation, { b: binding, m: method, args }, body);
  } catch (description) {
    // Made here, behind the await, so that the stack names the line of user code that called.
    throw makeError({ ...description, stack: undefined });
  }
}
