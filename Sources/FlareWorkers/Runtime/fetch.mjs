// The `fetch` handler: a Request from the engine's frames, and the Response back as a head and chunks.
import { bytesOf, receiveBody, sendBody } from "./bodies.mjs";
import { sendFrame } from "./calls.mjs";
import { makeError } from "./codec.mjs";
import { keepsEncoding, setCf } from "./http.mjs";

// Kept before user code can replace it.
const { Promise } = globalThis;

/// A body that is whole within one turn of the event loop, and no longer than this, goes with the head.
const inlineBytesMax = 65_536;
const bodyless = [101, 204, 205, 304];

/// Calls the handler, sends the response, and resolves when its last byte has left: { fields: { status } }.
export async function runFetch(call, invocation, header) {
  const controller = new AbortController();
  const request = makeRequest(invocation, header, controller.signal);
  const gone = cancellation(invocation, controller);
  const response = await Promise.race([call(request), gone]);
  if (!(response instanceof Response)) {
    throw new TypeError(`fetch() must return a Response, not ${response === null ? "null" : typeof response}`);
  }
  if (response.status < 200) throw new TypeError(`flare cannot answer with the status ${response.status}`);
  await Promise.race([sendResponse(invocation, header, response), gone]);
  return { fields: { status: response.status } };
}

/// Rejects when the client goes away, one turn after the request's signal has told the handler so.
function cancellation(invocation, controller) {
  const gone = new Promise((_, reject) => {
    invocation.onCancel = () => {
      const error = makeError({ name: "AbortError", message: "the client went away" });
      controller.abort(error);
      setImmediate(reject, error);
    };
  });
  gone.catch(() => {});
  return gone;
}

function makeRequest(invocation, header, signal) {
  const { method, url, headers } = header;
  const init = { method, headers, signal, redirect: "manual" };
  if (header.hasBody) {
    const body = receiveBody(invocation, `i${invocation.id}`);
    // Requests of these methods cannot have a body in JavaScript.
    if (!["GET", "HEAD"].includes(method)) Object.assign(init, { body: body.stream(), duplex: "half" });
  }
  return setCf(new Request(url, init), {});
}

async function sendResponse(invocation, header, response) {
  const head = { t: "head", id: invocation.id, status: response.status, headers: responseHeaders(response) };
  if (response.body === null || bodyless.includes(response.status)) {
    response.body?.cancel().catch(() => {});
    return sendFrame({ ...head, end: true });
  }
  const reader = response.body.getReader();
  const { chunks, pending, isDone, size } = await readAtOnce(reader);
  if (header.method === "HEAD") {
    reader.cancel().catch(() => {});
    if (isDone && !response.headers.has("content-length")) head.headers.push(["content-length", `${size}`]);
    return sendFrame({ ...head, end: true });
  }
  if (isDone) return sendFrame({ ...head, end: true }, Buffer.concat(chunks));
  sendFrame(head);
  const reads = [...chunks.map((value) => ({ done: false, value })), ...pending];
  await sendBody(invocation, `i${invocation.id}`, reader, reads);
}

/// What a stream has ready, so that a short answer is one frame; never waits for more.
async function readAtOnce(reader) {
  const chunks = [];
  let size = 0;
  const turn = new Promise((resolve) => setImmediate(resolve, null));
  while (size <= inlineBytesMax) {
    const read = reader.read();
    const next = await Promise.race([read, turn]);
    if (next === null) return { chunks, size, isDone: false, pending: [read] };
    if (next.done) return { chunks, size, isDone: true, pending: [] };
    chunks.push(bytesOf(next.value));
    size += next.value.byteLength;
  }
  return { chunks, size, isDone: false, pending: [] };
}

/// Each Set-Cookie is an entry of its own. Unless the response says that its body is encoded by hand, the body is
/// plain: a fetched one was decoded on the way in, and its length was that of the encoded bytes.
function responseHeaders(response) {
  const headers = [...response.headers];
  if (!response.headers.has("content-encoding") || keepsEncoding(response)) return headers;
  return headers.filter(([name]) => name !== "content-encoding" && name !== "content-length");
}
