// The process of one version of a Worker: connects to the engine, imports the bundle, runs what the engine asks for.
import { pathToFileURL } from "node:url";
import { receiveStreamFrame } from "./bodies.mjs";
import {
  beginInvocation, cancelInvocation, endInvocation, enter, invocationCount, sendFrame, settleCall, useConnection,
} from "./calls.mjs";
import { makeEnvironment } from "./bindings.mjs";
import * as classes from "./classes.mjs";
import { describeError, nameMemoryLimit, traceText } from "./codec.mjs";
import { captureConsole, logLine } from "./console.mjs";
import { connect } from "./frames.mjs";
import { makeContext, makeEnvironmentExports, waitUntil } from "./context.mjs";
import { runFetch } from "./fetch.mjs";
import { handlerOf, runQueue, runScheduled } from "./handlers.mjs";
import { installHTTP } from "./http.mjs";
import { openInspector } from "./inspect.mjs";
import { markedInvocation } from "./marks.mjs";
import { describeFailure, runPipeline } from "./pipeline.mjs";
import { installPolyfills } from "./polyfill.mjs";
import { makeLoopback, runMethod } from "./service.mjs";
import { runWorkflow } from "./workflow.mjs";

// Kept before user code can replace them.
const exit = process.exit.bind(process);
const { Promise } = globalThis;
const withoutPrototype = Object.setPrototypeOf;
let limits;
let env;
let exported;
/// `ctx.exports`; filled when the bundle is imported.
const loopback = {};

const connection = connect(onFrame, () => exit(0));
useConnection(connection);
protectProcess();
sendFrame({ t: "up", proto: 1, runtime: `node ${process.versions.node}`, pid: process.pid });

function onFrame(header, body) {
  switch (header.t) {
    case "hello": return void hello(header);
    case "invoke": return void invoke(header, body);
    case "reply": return settleCall(header, body);
    case "chunk":
    case "credit": return receiveStreamFrame(header, body);
    case "cancel":
      receiveStreamFrame(header, body);
      // The body of a call, "c12", concerns no invocation.
      return header.s.startsWith("i") ? cancelInvocation(header.s.slice(1)) : undefined;
    case "abort": return endInvocation(header.id);
    case "inspect": return void openInspector(header.port).then(sendFrame);
    case "ping": return sendFrame({ t: "pong", invocations: invocationCount() });
  }
}

/// Imports the bundle, in the world that user code expects.
async function hello(header) {
  limits = header.limits;
  nameMemoryLimit(limits.memoryBytesMax);
  process.setSourceMapsEnabled(true);
  captureConsole(limits.consoleLineBytesMax);
  installPolyfills();
  installHTTP();
  env = makeEnvironment(header.bindings, header.vars);
  for (const [name, value] of Object.entries(header.vars)) if (typeof value === "string") process.env[name] = value;
  globalThis[Symbol.for("flare.runtime")] = { ...classes, ...makeEnvironmentExports(env, loopback), waitUntil };
  try {
    exported = await import(pathToFileURL(header.bundle).href);
    Object.assign(loopback, makeLoopback(exported, classes.describeExport));
    const exports = {};
    for (const [name, value] of Object.entries(exported)) exports[name] = classes.describeExport(value);
    sendFrame({ t: "ready", exports });
    // The first Request costs 50 ms, which is better spent before somebody waits for it.
    if (exports.default?.handlers.includes("fetch")) new Request("http://localhost/");
  } catch (error) {
    sendFrame({ t: "ready", error: describeError(error) });
  }
}

/// Runs one invocation, with everything that it left to `waitUntil`, and answers with one frame.
async function invoke(header, body) {
  const invocation = beginInvocation(header);
  await enter({ invocation }, async () => {
    let result;
    try {
      const work = dispatch(invocation, header, body);
      work.catch(() => {});
      const outcome = await Promise.race([work, invocation.aborted.promise]);
      // Without a prototype, so that what user code adds to Object.prototype is no part of the result.
      const { fields, body: value, failure } = withoutPrototype(outcome, null);
      result = [{ t: "result", id: header.id, ok: true, ...fields }, value];
      if (failure) result[0].failure = describeError(failure);
    } catch (error) {
      result = [{ t: "result", id: header.id, ok: false, ...describeFailure(error) }];
      // Whoever waits for the answer of a Worker need not wait for its `waitUntil`.
      if (["fetch", "rpc"].includes(header.kind) && !invocation.isOver) sendFrame({ ...result[0], t: "head" });
    }
    await finishBackground(invocation);
    if (!invocation.isOver) send(...result);
  });
  endInvocation(header.id);
}

function send(header, body) {
  const most = resultBytesMax();
  if (body && body.byteLength > most) {
    const message = `the result has ${body.byteLength} bytes; at most ${most} can be returned`;
    const error = { name: "RangeError", message };
    return sendFrame({ t: "result", id: header.id, ok: false, error });
  }
  sendFrame(header, body);
}

/// Leaves room for the header.
function resultBytesMax() {
  return limits.frameBytesMax - 65_536;
}

function dispatch(invocation, header, body) {
  const ctx = makeContext(invocation, header, loopback);
  const name = header.cls ?? "default";
  switch (header.kind) {
    case "fetch": return runFetch(handlerOf(exported, name, "fetch", env, ctx), invocation, header);
    case "rpc": return runMethod(exported[name], invocation, header, body, env, ctx);
    case "queue": return runQueue(handlerOf(exported, name, "queue", env, ctx), header, body);
    case "scheduled": return runScheduled(handlerOf(exported, name, "scheduled", env, ctx), header);
    case "pipeline": return runPipeline(exported, header, body, env, ctx, resultBytesMax());
    case "workflow": {
      const Class = exported[header.cls];
      if (typeof Class !== "function") throw new TypeError(`the Worker exports no class ${header.cls}`);
      return runWorkflow(Class, invocation, header, body, env, ctx, limits);
    }
    default: throw new TypeError(`unknown kind of invocation: ${header.kind}`);
  }
}

async function finishBackground(invocation) {
  while (invocation.background.length > 0) {
    for (const outcome of await Promise.allSettled(invocation.background.splice(0))) {
      if (outcome.status === "rejected") logLine("error", `waitUntil: ${traceText(outcome.reason)}`);
    }
  }
}

/// Keeps user code from taking the process or its connection away, and reports what it does not catch.
function protectProcess() {
  process.exit = () => {
    throw new Error("process.exit() is not available in a Worker");
  };
  // Descriptor 0 is the connection.
  Object.defineProperty(process, "stdin", { get: () => undefined, configurable: true });
  process.on("unhandledRejection", (reason) => logLine("error", `unhandled rejection: ${traceText(reason)}`));
  process.on("uncaughtException", (error) => {
    sendFrame({ t: "crash", inv: markedInvocation(), error: describeError(error) });
    connection.flush(() => exit(70));
  });
}
