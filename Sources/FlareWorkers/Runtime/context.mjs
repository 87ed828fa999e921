// `ctx` of a handler, and what "cloudflare:workers" exports besides classes.
import { AsyncLocalStorage } from "node:async_hooks";
import { current } from "./calls.mjs";

// Kept before user code can replace it.
const { Promise } = globalThis;

const overrides = new AsyncLocalStorage();

/// What a handler is given. Its functions belong to their invocation wherever they are called.
export function makeContext(invocation, header, exports) {
  const abort = Promise.withResolvers();
  abort.promise.catch(() => {});
  invocation.aborted = abort;
  return {
    waitUntil: (promise) => addBackground(invocation, promise),
    passThroughOnException() {},
    props: header.props ?? {},
    exports,
    /// Ends the invocation with this error, whatever its code still does.
    abort(reason) {
      const error = reason ?? new Error("the invocation was aborted by ctx.abort()");
      abort.reject(error);
      throw error;
    },
  };
}

/// `waitUntil` of "cloudflare:workers": of the invocation that runs now.
export function waitUntil(promise) {
  addBackground(current.getStore()?.invocation, promise);
}

function addBackground(invocation, promise) {
  const settled = Promise.resolve(promise);
  // Reported when the invocation ends, not as unhandled before.
  settled.catch(() => {});
  invocation?.background.push(settled);
}

/// `env` and `exports` of "cloudflare:workers", and the functions that run code with others in their place.
export function makeEnvironmentExports(env, exports) {
  const withOverride = (override, work) => overrides.run({ ...overrides.getStore(), ...override }, work);
  return {
    env: makeView(env, () => overrides.getStore()?.env),
    exports: makeView(exports, () => overrides.getStore()?.exports),
    withEnv: (value, work) => withOverride({ env: value }, work),
    withExports: (value, work) => withOverride({ exports: value }, work),
    withEnvAndExports: (value, others, work) => withOverride({ env: value, exports: others }, work),
  };
}

/// An object that reads and writes as the one that holds here and now.
function makeView(standard, override) {
  const handler = {};
  for (const name of Object.getOwnPropertyNames(Reflect)) {
    const method = Reflect[name];
    if (typeof method !== "function" || name === "apply" || name === "construct") continue;
    handler[name] = (_, ...values) => method(override() ?? standard, ...values);
  }
  return new Proxy({}, handler);
}
