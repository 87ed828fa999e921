// Frames over file descriptor 0, which is a socket to the engine:
// total u32le | header length u32le | header JSON | raw body
import { Socket } from "node:net";

// Kept before user code can replace them.
const { parse, stringify } = JSON;
const microtask = queueMicrotask;
const withoutPrototype = Object.setPrototypeOf;

/// Opens the connection. `onFrame(header, body)` is called for each frame, `onEnd` when the engine is gone.
export function connect(onFrame, onEnd) {
  const socket = new Socket({ fd: 0, readable: true, writable: true });
  const reader = new FrameReader(onFrame);
  let isCorked = false;
  socket.on("data", (chunk) => reader.push(chunk));
  socket.on("close", onEnd);
  socket.on("error", onEnd);
  return {
    /// Sends a frame. Frames of one turn of the event loop leave in one write.
    send(header, body) {
      if (!isCorked) {
        isCorked = true;
        socket.cork();
        microtask(() => {
          isCorked = false;
          socket.uncork();
        });
      }
      const text = Buffer.from(stringify(header));
      const bodyLength = body ? body.byteLength : 0;
      const prefix = Buffer.allocUnsafe(8);
      prefix.writeUInt32LE(4 + text.length + bodyLength, 0);
      prefix.writeUInt32LE(text.length, 4);
      socket.write(prefix);
      socket.write(text);
      if (bodyLength > 0) socket.write(body);
    },
    /// Sends what is waiting, then calls back.
    flush(done) {
      while (socket.writableCorked > 0) socket.uncork();
      socket.write(Buffer.alloc(0), done);
    },
  };
}

/// Collects chunks until a frame is whole; joins them once per frame, so that large frames cost linear time.
class FrameReader {
  #onFrame;
  #chunks = [];
  #length = 0;

  constructor(onFrame) {
    this.#onFrame = onFrame;
  }

  push(chunk) {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    for (;;) {
      if (this.#length < 8) return;
      if (this.#chunks[0].length < 8) this.#join();
      const total = this.#chunks[0].readUInt32LE(0);
      if (this.#length < 4 + total) return;
      this.#join();
      const bytes = this.#chunks[0];
      const headerLength = bytes.readUInt32LE(4);
      // Without a prototype, so that what user code adds to Object.prototype is no field of a frame.
      const header = withoutPrototype(parse(bytes.toString("utf8", 8, 8 + headerLength)), null);
      const body = bytes.subarray(8 + headerLength, 4 + total);
      this.#length -= 4 + total;
      this.#chunks = this.#length > 0 ? [bytes.subarray(4 + total)] : [];
      this.#onFrame(header, body);
    }
  }

  #join() {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#length)];
  }
}
