// env.BUCKET: an R2 bucket. Object bytes travel as raw bodies, never inside JSON.
import { createHash } from "node:crypto";
import { callBinding } from "./calls.mjs";

const encoder = new TextEncoder();
/// Bytes that travel in one call. A longer body goes in pieces, of which one is in memory.
const pieceBytes = 8_388_608;
/// A part of an upload travels in one call, which a frame bounds.
const partBytesMax = 62_914_560;
const httpFields = {
  contentType: "content-type", contentLanguage: "content-language", contentDisposition: "content-disposition",
  contentEncoding: "content-encoding", cacheControl: "cache-control",
};

export class R2Bucket {
  #name;
  #target;

  constructor(name, target) {
    this.#name = name;
    this.#target = target;
  }

  /// The name of the bucket itself; undefined for any other value.
  static target(value) {
    return value !== null && typeof value === "object" && #target in value ? value.#target : undefined;
  }

  async head(key) {
    const { v } = await callBinding(this.#name, "head", { key: `${key}` });
    return v && new R2Object(v);
  }

  async get(key, options = {}) {
    const args = { key: `${key}`, onlyIf: readConditions(options.onlyIf), range: readRange(options.range) };
    const { v, body } = await callBinding(this.#name, "get", args);
    if (!v) return null;
    if (!v.hasBody) return new R2Object(v);
    return new R2ObjectBody(v, this.#chunks(v, body));
  }

  async put(key, value, options = {}) {
    key = `${key}`;
    const onlyIf = readConditions(options.onlyIf);
    const metadata = readMetadata(options);
    const digest = readDigests(options);
    if (isStream(value)) return this.#putPieces(key, piecesOf(value), { onlyIf, metadata, digest });
    const { v } = await callBinding(this.#name, "put", { key, onlyIf, ...metadata, ...digest }, bytesOf(value));
    return v && new R2Object(v);
  }

  /// Writes a body of unknown length: at once when it is short, else as an upload that becomes one object at the end.
  async #putPieces(key, pieces, { onlyIf, metadata, digest }) {
    let { value: piece, done } = await pieces.next();
    const next = done ? { done } : await pieces.next();
    if (next.done) {
      const body = piece ?? new Uint8Array(0);
      const { v } = await callBinding(this.#name, "put", { key, onlyIf, ...metadata, ...digest }, body);
      return v && new R2Object(v);
    }
    const { v: { uploadId } } = await callBinding(this.#name, "createUpload", { key, ...metadata });
    try {
      const hashes = new Map([...new Set(["md5", ...Object.keys(digest)])].map((name) => [name, createHash(name)]));
      const parts = [];
      for (let following = next; piece; following = await pieces.next()) {
        for (const hash of hashes.values()) hash.update(piece);
        const args = { key, uploadId, partNumber: parts.length + 1 };
        parts.push((await callBinding(this.#name, "uploadPart", args, piece)).v);
        piece = following.value;
        if (following.done) break;
      }
      const values = new Map([...hashes].map(([name, hash]) => [name, hash.digest("hex")]));
      for (const [name, announced] of Object.entries(digest)) {
        if (announced.toLowerCase() === values.get(name)) continue;
        throw new Error(`put: the body has the ${name} ${values.get(name)}, not ${announced} as announced (10037)`);
      }
      const args = { key, onlyIf, uploadId, parts, etag: values.get("md5") };
      const { v } = await callBinding(this.#name, "put", args);
      return v && new R2Object(v);
    } catch (error) {
      await callBinding(this.#name, "abortUpload", { key, uploadId }).catch(() => {});
      throw error;
    }
  }

  async delete(keys) {
    await callBinding(this.#name, "delete", { keys: (Array.isArray(keys) ? keys : [keys]).map(String) });
  }

  async list(options = {}) {
    const { prefix, delimiter, cursor, limit, startAfter, include } = options;
    const args = { prefix, delimiter, cursor, limit, startAfter, include };
    const { v } = await callBinding(this.#name, "list", args);
    return { ...v, objects: v.objects.map((object) => new R2Object(object)) };
  }

  async createMultipartUpload(key, options = {}) {
    const { v } = await callBinding(this.#name, "createUpload", { key: `${key}`, ...readMetadata(options) });
    return new R2MultipartUpload(this.#name, v.key, v.uploadId);
  }

  resumeMultipartUpload(key, uploadId) {
    return new R2MultipartUpload(this.#name, `${key}`, `${uploadId}`);
  }

  /// The bytes of an object, in the pieces in which the engine hands them out.
  async *#chunks(object, first) {
    yield first;
    let { offset, length } = object.range;
    let received = object.bodyLength;
    while (received < length) {
      offset += received;
      length -= received;
      const { v, body } = await callBinding(this.#name, "get", {
        key: object.key, range: { offset, length }, onlyIf: { etagMatches: object.etag },
      });
      if (!v?.hasBody) throw new Error(`get: the object "${object.key}" was replaced while it was read`);
      if (body.byteLength === 0) throw new Error(`get: the object "${object.key}" ended early`);
      received = body.byteLength;
      yield body;
    }
  }
}

export class R2MultipartUpload {
  #name;

  constructor(name, key, uploadId) {
    this.#name = name;
    this.key = key;
    this.uploadId = uploadId;
  }

  get [Symbol.toStringTag]() {
    return "R2MultipartUpload";
  }

  async uploadPart(partNumber, value) {
    const body = isStream(value) ? await wholeOf(value) : bytesOf(value);
    if (body.byteLength > partBytesMax) {
      throw new RangeError(`uploadPart: a part has at most ${partBytesMax} bytes here, not ${body.byteLength}`);
    }
    const args = { key: this.key, uploadId: this.uploadId, partNumber };
    return (await callBinding(this.#name, "uploadPart", args, body)).v;
  }

  async abort() {
    await callBinding(this.#name, "abortUpload", { key: this.key, uploadId: this.uploadId });
  }

  async complete(parts) {
    const list = parts.map(({ partNumber, etag }) => ({ partNumber, etag }));
    const args = { key: this.key, uploadId: this.uploadId, parts: list };
    return new R2Object((await callBinding(this.#name, "completeUpload", args)).v);
  }
}

export class R2Object {
  constructor(description) {
    const { hasBody, bodyLength, ...fields } = description;
    Object.assign(this, fields);
    this.uploaded = new Date(fields.uploaded);
    if (fields.httpMetadata?.cacheExpiry !== undefined) {
      this.httpMetadata = { ...fields.httpMetadata, cacheExpiry: new Date(fields.httpMetadata.cacheExpiry) };
    }
    const hexadecimal = { ...fields.checksums };
    this.checksums = { toJSON: () => hexadecimal };
    for (const [name, text] of Object.entries(hexadecimal)) {
      this.checksums[name] = Uint8Array.from(Buffer.from(text, "hex")).buffer;
    }
  }

  // So that a workflow step which returns one by mistake fails instead of storing an empty object.
  get [Symbol.toStringTag]() {
    return "R2Object";
  }

  writeHttpMetadata(headers) {
    const metadata = this.httpMetadata ?? {};
    for (const [field, header] of Object.entries(httpFields)) if (metadata[field]) headers.set(header, metadata[field]);
    if (metadata.cacheExpiry) headers.set("expires", metadata.cacheExpiry.toUTCString());
  }
}

export class R2ObjectBody extends R2Object {
  #chunks;
  #stream;
  #isUsed = false;

  constructor(description, chunks) {
    super(description);
    this.#chunks = chunks;
  }

  get [Symbol.toStringTag]() {
    return "R2ObjectBody";
  }

  get body() {
    this.#stream ??= new ReadableStream({
      pull: async (controller) => {
        this.#isUsed = true;
        const { done, value } = await this.#chunks.next();
        if (done) controller.close();
        else if (value.byteLength > 0) controller.enqueue(Uint8Array.from(value));
      },
    }, { highWaterMark: 0 });
    return this.#stream;
  }

  get bodyUsed() {
    return this.#isUsed;
  }

  async bytes() {
    if (this.#isUsed || this.#stream?.locked) throw new TypeError("the body has already been used");
    this.#isUsed = true;
    const chunks = [];
    for await (const chunk of this.#chunks) chunks.push(chunk);
    return Uint8Array.from(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
  }

  async arrayBuffer() {
    return (await this.bytes()).buffer;
  }

  async text() {
    return new TextDecoder().decode(await this.bytes());
  }

  async json() {
    return JSON.parse(await this.text());
  }

  async blob() {
    return new Blob([await this.bytes()], { type: this.httpMetadata?.contentType ?? "" });
  }
}

function isStream(value) {
  return value instanceof ReadableStream || value instanceof Blob;
}

function bytesOf(value) {
  if (value === null || value === undefined) return new Uint8Array(0);
  if (typeof value === "string") return encoder.encode(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw new TypeError("put takes a string, an ArrayBuffer or a view of one, a Blob, a ReadableStream or null");
}

/// A body in pieces of `pieceBytes`, the last one shorter.
async function* piecesOf(value) {
  let waiting = [];
  let count = 0;
  for await (const chunk of value instanceof Blob ? value.stream() : value) {
    let rest = bytesOf(chunk);
    while (count + rest.byteLength >= pieceBytes) {
      const end = pieceBytes - count;
      yield Buffer.concat([...waiting, rest.subarray(0, end)]);
      rest = rest.subarray(end);
      [waiting, count] = [[], 0];
    }
    if (rest.byteLength > 0) waiting.push(Uint8Array.from(rest));
    count += rest.byteLength;
  }
  if (count > 0) yield Buffer.concat(waiting);
}

async function wholeOf(value) {
  const pieces = [];
  let count = 0;
  for await (const piece of piecesOf(value)) {
    pieces.push(piece);
    count += piece.byteLength;
    if (count > partBytesMax) break;
  }
  return Buffer.concat(pieces);
}

function readMetadata({ httpMetadata, customMetadata, storageClass }) {
  return { httpMetadata: readHTTPMetadata(httpMetadata), customMetadata, storageClass };
}

/// The checksums that a caller announces, in hexadecimal.
function readDigests(options) {
  for (const name of ["sha384", "sha512"]) {
    if (options[name] !== undefined) throw new TypeError(`put: ${name} is not offered; md5, sha1 and sha256 are`);
  }
  const names = ["md5", "sha1", "sha256"].filter((name) => options[name] !== undefined);
  if (names.length > 1) throw new TypeError(`put: at most one checksum can be given, not ${names.join(" and ")}`);
  return Object.fromEntries(names.map((name) => [name, readDigest(options[name])]));
}

function readHTTPMetadata(metadata) {
  if (metadata === undefined) return undefined;
  const result = {};
  const isHeaders = metadata instanceof Headers;
  for (const [field, header] of Object.entries(httpFields)) {
    const value = isHeaders ? metadata.get(header) : metadata[field];
    if (value !== null && value !== undefined) result[field] = `${value}`;
  }
  const expiry = isHeaders ? metadata.get("expires") : metadata.cacheExpiry;
  if (expiry !== null && expiry !== undefined) result.cacheExpiry = new Date(expiry).getTime();
  return result;
}

function readConditions(conditions) {
  if (conditions === undefined) return undefined;
  if (conditions instanceof Headers) {
    const date = (name) => conditions.has(name) ? new Date(conditions.get(name)).getTime() : undefined;
    return {
      etagMatches: readEtags(conditions.get("if-match")), etagDoesNotMatch: readEtags(conditions.get("if-none-match")),
      uploadedBefore: date("if-unmodified-since"), uploadedAfter: date("if-modified-since"), secondsGranularity: true,
    };
  }
  const time = (value) => value === undefined ? undefined : new Date(value).getTime();
  return {
    ...conditions, uploadedBefore: time(conditions.uploadedBefore), uploadedAfter: time(conditions.uploadedAfter),
  };
}

function readEtags(header) {
  if (header === null) return undefined;
  return header.split(",").map((etag) => etag.trim().replace(/^W\//, "").replaceAll('"', ""));
}

function readRange(range) {
  if (!(range instanceof Headers)) return range;
  const match = /^bytes=(\d*)-(\d*)$/.exec(range.get("range") ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  if (match[1] === "") return { suffix: Number(match[2]) };
  const offset = Number(match[1]);
  return match[2] === "" ? { offset } : { offset, length: Number(match[2]) - offset + 1 };
}

function readDigest(digest) {
  if (typeof digest === "string") return digest;
  return Buffer.from(bytesOf(digest)).toString("hex");
}
