// Bodies of requests and responses, as chunks with credit: the receiver of a stream allows so many bytes, so that
// neither side holds more than a window of it. A stream is named by whoever waits for it: "i7" for an invocation, "c12"
// for a call.
import { sendFrame } from "./calls.mjs";
import { describeError, makeError } from "./codec.mjs";

// Kept before user code can replace it.
const { Promise } = globalThis;

const windowBytes = 262_144;
const chunkBytesMax = 65_536;
/// Credit is given back in pieces of this size, not for each small chunk.
const creditBytesMin = 32_768;

const inbound = new Map();
const outbound = new Map();

/// A body that the engine sends. It is asked for as it is read.
export function receiveBody(invocation, name) {
  const body = new InboundBody(name);
  inbound.set(name, body);
  invocation.cleanups.add(() => body.forget());
  return body;
}

/// Sends what a reader gives, after the reads that were begun already, until its end. Rejects when the reader does,
/// after telling the engine.
export async function sendBody(invocation, name, reader, first = []) {
  const sender = new OutboundBody(name, reader);
  outbound.set(name, sender);
  const forget = () => sender.stop();
  invocation.cleanups.add(forget);
  try {
    const reads = [...first];
    for (;;) {
      const { done, value } = await (reads.shift() ?? reader.read());
      if (done) break;
      await sender.write(value);
    }
    if (!sender.isStopped) sendFrame({ t: "chunk", s: name, end: true });
  } catch (error) {
    if (!sender.isStopped) sendFrame({ t: "chunk", s: name, error: describeError(error) });
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    outbound.delete(name);
    invocation.cleanups.delete(forget);
  }
}

/// The bytes of a chunk of a stream; throws for what is none.
export function bytesOf(value) {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const what = typeof value === "string" ? "a string; encode it with TextEncoder" : typeof value;
  throw new TypeError(`the stream of a body must give bytes, not ${what}`);
}

/// A frame of a stream: "chunk", "credit" or "cancel".
export function receiveStreamFrame(header, body) {
  switch (header.t) {
    case "chunk": return inbound.get(header.s)?.receive(header, body);
    case "credit": return outbound.get(header.s)?.allow(header.bytes);
    case "cancel": return outbound.get(header.s)?.stop();
  }
}

class InboundBody {
  #name;
  #chunks = [];
  #end;
  #wake;
  #unpaid = 0;

  constructor(name) {
    this.#name = name;
  }

  /// As a stream of bytes, which the reader may also fill buffers of its own from.
  stream() {
    return new ReadableStream({
      type: "bytes",
      pull: async (controller) => {
        while (this.#chunks.length === 0 && !this.#end) await new Promise((resolve) => (this.#wake = resolve));
        if (this.#chunks.length > 0) {
          const chunk = this.#chunks.shift();
          const { byteLength } = chunk;
          // Takes the chunk's buffer away, and with it its length.
          controller.enqueue(chunk);
          this.#pay(byteLength);
        } else if (this.#end.error) {
          controller.error(makeError({ ...this.#end.error, stack: undefined }));
        } else {
          controller.close();
          controller.byobRequest?.respond(0);
        }
      },
      cancel: () => {
        if (!this.#end) sendFrame({ t: "cancel", s: this.#name });
        this.forget();
      },
    }, { highWaterMark: 0 });
  }

  receive(header, body) {
    // With a buffer of its own, since the stream hands it over.
    if (body.byteLength > 0) this.#chunks.push(Uint8Array.from(body));
    if (header.end || header.error) {
      this.#end = header;
      inbound.delete(this.#name);
    }
    this.#wake?.();
  }

  forget() {
    inbound.delete(this.#name);
    this.#chunks = [];
    this.#end ??= { error: { name: "AbortError", message: "the body was cut off" } };
    this.#wake?.();
  }

  #pay(bytes) {
    this.#unpaid += bytes;
    if (this.#unpaid < creditBytesMin || this.#end) return;
    sendFrame({ t: "credit", s: this.#name, bytes: this.#unpaid });
    this.#unpaid = 0;
  }
}

class OutboundBody {
  isStopped = false;
  #name;
  #reader;
  #credit = windowBytes;
  #wake;

  constructor(name, reader) {
    this.#name = name;
    this.#reader = reader;
  }

  async write(value) {
    let rest = bytesOf(value);
    while (rest.byteLength > 0) {
      while (this.#credit <= 0 && !this.isStopped) await new Promise((resolve) => (this.#wake = resolve));
      if (this.isStopped) throw makeError({ name: "AbortError", message: "nobody reads the body any more" });
      const count = Math.min(rest.byteLength, this.#credit, chunkBytesMax);
      this.#credit -= count;
      // A copy, since the frame may wait in the socket while the user's code fills its buffer again.
      sendFrame({ t: "chunk", s: this.#name }, Uint8Array.from(rest.subarray(0, count)));
      rest = rest.subarray(count);
    }
  }

  allow(bytes) {
    this.#credit += bytes;
    this.#wake?.();
  }

  /// The other side wants no more, or the invocation is over.
  stop() {
    if (this.isStopped) return;
    this.isStopped = true;
    this.#wake?.();
    this.#reader.cancel(makeError({ name: "AbortError", message: "nobody reads the body any more" })).catch(() => {});
  }
}
