// Results of steps that are streams: stored in parts while they come, and read again by parts.
import { permanentError } from "./codec.mjs";

const inputChunkBytesMax = 16 * 1024 * 1024;

export function isStream(value) {
  return Object.prototype.toString.call(value) === "[object ReadableStream]";
}

/// Sends a stream's bytes in parts by `send(index, bytes)`. Returns how many there were.
export async function storeStream(stream, name, limits, send) {
  if (stream.locked) throw permanentError("TypeError", `the stream that step "${name}" returned is read by others`);
  const reader = stream.getReader();
  const parts = new Parts(limits.stepChunkBytesMax, send);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const bytes = bytesOf(value, name);
      if (parts.total + bytes.byteLength > limits.stepStreamBytesMax) {
        const most = `at most ${limits.stepStreamBytesMax} bytes can be stored; keep it in a bucket`;
        throw permanentError("DataCloneError", `the stream that step "${name}" returned is too large: ${most}`);
      }
      await parts.add(bytes);
    }
    await parts.finish();
    return parts.total;
  } catch (error) {
    // Nobody reads the rest; what its source thinks of that does not matter any more.
    reader.cancel(error).catch(() => {});
    throw error;
  }
}

function bytesOf(value, name) {
  const bytes = ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : value instanceof ArrayBuffer ? Buffer.from(value) : undefined;
  if (!bytes) {
    const kind = value === null ? "null" : typeof value;
    throw permanentError("TypeError", `the stream that step "${name}" returned must give bytes, and gave: ${kind}`);
  }
  if (bytes.byteLength > inputChunkBytesMax) {
    const size = `${bytes.byteLength} bytes at once; at most ${inputChunkBytesMax} are taken`;
    throw permanentError("DataCloneError", `the stream that step "${name}" returned gave ${size}`);
  }
  return bytes;
}

/// Cuts bytes into parts of one size.
class Parts {
  total = 0;
  #size;
  #send;
  #waiting = [];
  #length = 0;
  #index = 0;

  constructor(size, send) {
    this.#size = size;
    this.#send = send;
  }

  async add(bytes) {
    // A copy: whoever gave the bytes may use their memory again.
    this.#waiting.push(Buffer.from(bytes));
    this.#length += bytes.byteLength;
    this.total += bytes.byteLength;
    if (this.#length < this.#size) return;
    let rest = Buffer.concat(this.#waiting, this.#length);
    while (rest.byteLength >= this.#size) {
      await this.#send(this.#index++, rest.subarray(0, this.#size));
      rest = rest.subarray(this.#size);
    }
    this.#waiting = [rest];
    this.#length = rest.byteLength;
  }

  async finish() {
    if (this.#length > 0) await this.#send(this.#index++, Buffer.concat(this.#waiting, this.#length));
  }
}

/// A new stream of stored bytes, got by `read(index)` as they are asked for.
export function openStream(total, read) {
  let index = 0;
  let got = 0;
  return new ReadableStream({
    async pull(controller) {
      if (got < total) {
        const bytes = await read(index++);
        got += bytes.byteLength;
        // A buffer of its own: that of the frame is shared.
        controller.enqueue(Uint8Array.from(bytes));
      }
      if (got >= total) controller.close();
    },
  }, { highWaterMark: 0 });
}
