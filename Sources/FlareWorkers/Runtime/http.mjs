// What Request, Response and fetch of Cloudflare's runtime have and those of Node.js lack.
const handEncoded = new WeakSet();
const cfs = new WeakMap();

/// Sets `request.cf`.
export function setCf(request, cf) {
  cfs.set(request, cf);
  return request;
}

/// Whether the body's bytes are already as `content-encoding` says: `new Response(bytes, { encodeBody: "manual" })`.
export function keepsEncoding(response) {
  return handEncoded.has(response);
}

/// A stream as a body needs `duplex` in Node.js, which user code of Workers does not give.
function withDuplex(init) {
  if (!(init?.body instanceof ReadableStream) || init.duplex !== undefined) return init;
  return init instanceof Request ? init : { ...init, duplex: "half" };
}

/// Replaces the globals; done once, before the bundle is imported.
export function installHTTP() {
  globalThis.Request = new Proxy(Request, {
    construct(target, [input, init], newTarget) {
      const request = Reflect.construct(target, [input, withDuplex(init)], newTarget);
      const cf = init?.cf ?? (input instanceof target ? cfs.get(input) : undefined);
      if (cf !== undefined) cfs.set(request, cf);
      return request;
    },
  });
  Object.defineProperty(Request.prototype, "cf", {
    get() {
      return cfs.get(this);
    },
    configurable: true,
  });
  globalThis.Response = new Proxy(Response, {
    construct(target, values, newTarget) {
      const response = Reflect.construct(target, values, newTarget);
      if (values[1]?.encodeBody === "manual") handEncoded.add(response);
      return response;
    },
  });
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => fetch(input, withDuplex(init));
}
