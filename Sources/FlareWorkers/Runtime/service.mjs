// Services: other Workers behind names of `env` and `ctx.exports`, and the methods that this Worker offers to others.
import { receiveBody, sendBody } from "./bodies.mjs";
import { callEngine, current, sendFrame } from "./calls.mjs";
import { RpcTarget, WorkerEntrypoint } from "./classes.mjs";
import { decode, encode, makeError, measure, permanentError } from "./codec.mjs";

// Kept before user code can replace it.
const { Promise } = globalThis;

/// Cloudflare's limit of arguments or a result.
const valueBytesMax = 33_554_432;
/// Looked up by the language or by libraries on any object; a service that were asked for them would be called by
/// accident.
const notMethods = new Set(["then", "catch", "finally", "toJSON", "constructor", "prototype", "asymmetricMatch"]);

/// A service: `fetch(request)`, and every other name as a method of the other side, or, when it is awaited without a
/// call, as a property. `route` goes with each call.
export function makeService(binding, label = `env.${binding}`, route = {}) {
  const own = {
    fetch: (input, init) => fetchService(binding, label, route, input, init),
    connect() {
      throw new Error(`${label}.connect() is not available in flare`);
    },
  };
  return new Proxy(own, {
    get(target, key) {
      if (key === Symbol.toStringTag) return "Fetcher";
      if (typeof key === "symbol" || notMethods.has(key)) return undefined;
      return Object.hasOwn(target, key) ? target[key] : makeMember(binding, label, route, key);
    },
  });
}

function makeMember(binding, label, route, name) {
  const call = (...args) => callMember(binding, `${label}.${name}()`, { ...route, method: name }, args);
  const read = () => callMember(binding, `${label}.${name}`, { ...route, method: name, property: true }, []);
  return Object.defineProperty(call, "then", { value: (done, failed) => read().then(done, failed) });
}

function invocationFor(what) {
  const invocation = current.getStore()?.invocation;
  if (!invocation) throw new Error(`${what} can only be called while a handler or a workflow runs`);
  return invocation;
}

async function callMember(binding, what, args, values) {
  const invocation = invocationFor(what);
  const bytes = encodeValue(values, what, "the arguments");
  try {
    const { body } = await callEngine(invocation, { b: binding, m: "rpc", args }, bytes);
    return decode(body);
  } catch (description) {
    if (description instanceof Error) throw description;
    // Made here, behind the await, so that the stack names the line of user code that called.
    throw makeError({ ...description, stack: undefined });
  }
}

/// As tagged JSON; what only its own process can hold is refused by name.
function encodeValue(value, what, which) {
  let bytes;
  try {
    bytes = encode(value);
  } catch (error) {
    if (error?.name !== "DataCloneError") throw error;
    const reason = error.message.replace("cannot be stored (at value", "cannot be sent to another Worker (at value");
    throw permanentError("DataCloneError", `${what}: ${which} must be plain values: ${reason}`);
  }
  const size = measure(bytes);
  if (size <= valueBytesMax) return bytes;
  throw permanentError(
    "DataCloneError",
    `${what}: ${which} are limited to 32 MiB, but the size of this value was ${size} bytes`,
  );
}

async function fetchService(binding, label, route, input, init) {
  const invocation = invocationFor(`${label}.fetch()`);
  const request = new Request(input, init);
  request.signal.throwIfAborted();
  const args = {
    ...route, method: request.method, url: request.url, headers: [...request.headers], hasBody: request.body !== null,
  };
  let name;
  let body;
  const abort = () => sendFrame({ t: "cancel", s: name });
  const announce = (id) => {
    name = `c${id}`;
    body = receiveBody(invocation, name);
  };
  const reply = callEngine(invocation, { b: binding, m: "fetch", args }, undefined, announce);
  if (request.body) sendBody(invocation, name, request.body.getReader()).catch(() => {});
  const aborted = new Promise((_, reject) => {
    request.signal.addEventListener("abort", () => {
      abort();
      reject(request.signal.reason);
    }, { once: true });
  });
  aborted.catch(() => {});
  try {
    const { v, body: whole } = await Promise.race([reply, aborted]);
    const content = v.hasBody ? body.stream() : whole.byteLength > 0 ? Uint8Array.from(whole) : null;
    if (!v.hasBody) body.forget();
    return new Response(content, { status: v.status, headers: v.headers, encodeBody: "manual" });
  } catch (description) {
    body.forget();
    if (description instanceof Error || description === request.signal.reason) throw description;
    throw makeError({ ...description, stack: undefined });
  }
}

/// Runs a method for another Worker, or reads a property. Sends the answer as soon as it is there; what `waitUntil` was
/// given goes on.
export async function runMethod(target, invocation, header, body, env, ctx) {
  const { method, property } = header;
  const call = findMember(target, method, property === true, env, ctx);
  const gone = new Promise((_, reject) => {
    invocation.onCancel = () => reject(makeError({ name: "AbortError", message: "the caller went away" }));
  });
  gone.catch(() => {});
  const result = await Promise.race([call(decode(body)), gone]);
  const bytes = encodeValue(result, property ? method : `${method}()`, "the results");
  sendFrame({ t: "head", id: invocation.id, end: true }, bytes);
  return { fields: {} };
}

/// A class's members are those of its prototypes, never what an instance holds. Functions of a plain object are given
/// `env` and `ctx` behind their arguments, as handlers are: (argument, env, ctx).
function findMember(target, name, isProperty, env, ctx) {
  if (typeof target === "function") {
    if (!(target.prototype instanceof WorkerEntrypoint)) {
      const title = target.name || "the export";
      throw new TypeError(`${title} must extend WorkerEntrypoint to be called from other Workers`);
    }
    if (!isMember(target.prototype, name, isProperty, WorkerEntrypoint.prototype)) throw missing(name);
    const instance = new target(ctx, env);
    return async (args) => isProperty ? instance[name] : instance[name](...args);
  }
  if (target === undefined) throw new TypeError("the Worker does not export the entrypoint that was asked for");
  if (target === null || typeof target !== "object" || !isMember(target, name, isProperty, Object.prototype)) {
    throw missing(name);
  }
  if (isProperty) return async () => target[name];
  return async (args) => target[name](...(args.length === 0 ? [undefined] : args), env, ctx);
}

function isMember(object, name, isProperty, end) {
  if (notMethods.has(name)) return false;
  for (let at = object; at !== null && at !== end; at = Object.getPrototypeOf(at)) {
    if (!Object.hasOwn(at, name)) continue;
    return isProperty || typeof Object.getOwnPropertyDescriptor(at, name).value === "function";
  }
  return false;
}

function missing(method) {
  return new TypeError(`The RPC receiver does not implement the method "${method}".`);
}

/// `ctx.exports` and `exports`: this Worker's own entrypoints as services. Called with { props }, a service has these.
export function makeLoopback(exported, describe) {
  const services = {};
  for (const name of Object.keys(exported)) {
    const { kind } = describe(exported[name]);
    if (kind !== "entrypoint" && kind !== "handlers") continue;
    const label = `ctx.exports.${name}`;
    const make = (props) => makeService(loopbackBinding, label, { entrypoint: name, ...(props && { props }) });
    const plain = make();
    services[name] = new Proxy((options) => make(options?.props), { get: (_, key) => plain[key] });
  }
  return services;
}

/// No name of `env`, since it is no JavaScript name.
const loopbackBinding = "ctx.exports";

/// Kept from being sent by mistake: what only its own process can call.
Object.defineProperty(RpcTarget.prototype, Symbol.toStringTag, { value: "RpcTarget", configurable: true });
