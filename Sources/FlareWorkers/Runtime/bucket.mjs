// env.BUCKET: an R2 bucket. Object bytes travel as raw bodies, never inside JSON.
import { callBinding } from "./calls.mjs";

const encoder = new TextEncoder();
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
    const args = {
      key: `${key}`, onlyIf: readConditions(options.onlyIf), httpMetadata: readHTTPMetadata(options.httpMetadata),
      customMetadata: options.customMetadata, storageClass: options.storageClass, md5: readDigest(options.md5),
    };
    const { v } = await callBinding(this.#name, "put", args, await bytesOf(value));
    return v && new R2Object(v);
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

  createMultipartUpload() {
    return Promise.reject(new Error("createMultipartUpload is not available: put takes objects of any kind at once"));
  }

  resumeMultipartUpload() {
    throw new Error("resumeMultipartUpload is not available: put takes objects of any kind at once");
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

async function bytesOf(value) {
  if (value === null || value === undefined) return new Uint8Array(0);
  if (typeof value === "string") return encoder.encode(value);
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (value instanceof Blob || value instanceof ReadableStream) {
    return new Uint8Array(await new Response(value).arrayBuffer());
  }
  throw new TypeError("put takes a string, an ArrayBuffer or a view of one, a Blob, a ReadableStream or null");
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
  if (digest === undefined || typeof digest === "string") return digest;
  return Buffer.from(ArrayBuffer.isView(digest) ? digest.buffer : digest).toString("hex");
}
