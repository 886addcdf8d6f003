// A server of the upload protocol in memory that keeps every rule but those it is told to break, for the tests of
// conformance.mjs: `node fixture.mjs --break RULE [--break RULE] [--token T]`. Nothing to start a backend from: see examples/backends.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { break: { type: "string", multiple: true, default: [] }, token: { type: "string" } },
});
const asked = new Set(values.break);
const known = new Set();
/** True if this rule is to be broken. */
const breaks = (rule) => asked.has(rule);
/** The rules are all named here, so that a misspelt one does not pass for a server without fault. */
for (const rule of [
  "code-200", "html-type", "forgets-one-of-three", "no-file-id-words", "no-ext-allowed", "no-chunk-ids-500", "nonsense-cut",
  "nonsense-hangs", "chunk-no-file-id-words", "chunk-no-chunk-id-words", "unknown-file-taken", "unknown-chunk-taken", "list-behind",
  "handshake-resets", "again-refused", "bytes-unchecked", "bytes-kept", "last-url", "no-url", "url-changes", "url-elsewhere",
  "served-short", "not-instant", "empty-refused", "ext-needed", "whole-unchecked", "late-cut", "finish-clash", "one-cut", "one-file",
  "repeats-refused", "repeats-deleted", "index-refused", "racy-record", "duplicates-clash", "handshake-clash", "body-1", "body-cut",
  "any-ext", "any-id", "lower-only", "no-range", "weak-etag", "if-range-ignored", "no-sandbox", "no-preflight", "failures-without-cors",
  "etag-hidden", "duplicates-die", "hangs", "silent", "accepts-nonsense", "accepts-on-success", "bad-gateway",
]) known.add(rule);
for (const rule of asked) if (!known.has(rule)) throw new Error(`there is no rule ${rule}`);

const MIB = 1 << 20;
const files = new Map();
const sessions = new Map();
const counters = { url: 0, chunks: new Map(), joining: new Set(), receiving: new Map() };
const md5 = (bytes) => createHash("md5").update(bytes).digest("hex");
const sleep = (ms) => new Promise((go) => setTimeout(go, ms));

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}
/** Ends the connection without an answer. */
class Cut extends Error {}
const no = (status, message) => { throw new Refusal(status, message); };

const isId = (id, most) => typeof id === "string" && (breaks("any-id")
  || new RegExp(`^[0-9a-f]{32}[0-9A-Za-z_-]{0,${most}}$`, breaks("lower-only") ? "" : "i").test(id));
/** What a chunk is kept under. */
const key = (id) => (breaks("repeats-deleted") ? id : id.slice(0, 32).toLowerCase());
const missing = (session, ids) => [...new Set(ids)].filter((id) => !session.chunks.has(key(id)));

function urlOf(fileId, ext) {
  counters.url += 1;
  return `${breaks("url-elsewhere") ? "store" : "/files"}/${fileId}${ext}${breaks("url-changes") ? `?v=${counters.url}` : ""}`;
}

async function handshake(body) {
  let given;
  try {
    given = JSON.parse(body);
    if (typeof given !== "object" || given === null) throw new Error("no object");
  } catch {
    if (breaks("nonsense-cut")) throw new Cut();
    if (breaks("nonsense-hangs")) await new Promise(() => {});
    no(400, "no JSON");
  }
  let { fileId, ext, chunkIds } = given;
  if (!fileId) no(403, breaks("no-file-id-words") ? "fileId is missing" : "请携带文件编号");
  if (breaks("no-ext-allowed")) ext ??= "";
  if (ext === undefined || (breaks("ext-needed") && ext === "")) no(403, "请携带文件后缀，例如 .mp4");
  if (chunkIds === undefined) no(breaks("no-chunk-ids-500") ? 500 : 403, breaks("no-chunk-ids-500") ? "chunkIds is undefined" : "请按顺序设置文件的分片编号数组");
  if (!isId(fileId, 0)) no(400, "fileId");
  if (typeof ext !== "string" || (!breaks("any-ext") && !/^(\.[A-Za-z0-9_-]{1,31})*$/.test(ext))) no(400, "ext");
  if (!Array.isArray(chunkIds) || !chunkIds.every((id) => isId(id, breaks("index-refused") ? 0 : 11))) no(400, "chunkIds");
  if (breaks("empty-refused") && chunkIds.length === 0) no(403, "请按顺序设置文件的分片编号数组");
  if (breaks("repeats-refused") && new Set(chunkIds).size < chunkIds.length) no(400, "an id stands twice");
  fileId = fileId.toLowerCase();
  if (breaks("handshake-clash") && counters.receiving.get(fileId)) no(500, "the record is being written");

  const cut = breaks("one-cut") ? "" : chunkIds.join();
  if (files.has(fileId) && !(breaks("not-instant") && files.get(fileId).cut !== cut)) return urlOf(fileId, ext);
  if (!sessions.has(fileId)) sessions.set(fileId, { cuts: new Map(), chunks: new Map() });
  const session = sessions.get(fileId);
  const isNew = !session.cuts.has(cut);
  if (isNew) session.cuts.set(cut, chunkIds);
  const ids = session.cuts.get(cut);
  let needed = missing(session, ids);
  if (breaks("handshake-resets") && needed.length > 0) session.chunks.clear();
  needed = missing(session, ids);
  if (breaks("forgets-one-of-three") && isNew && ids.length === 3) return needed.slice(1);
  if (needed.length > 0) return needed;
  if (breaks("no-url")) return [];

  if (breaks("finish-clash")) {
    if (counters.joining.has(fileId)) no(500, "the file exists already");
    counters.joining.add(fileId);
    await sleep(50);
  }
  const whole = Buffer.concat(ids.map((id) => {
    const bytes = session.chunks.get(key(id)) ?? no(500, "a chunk is gone");
    if (breaks("repeats-deleted")) session.chunks.delete(key(id));
    return bytes;
  }));
  if (md5(whole) !== fileId && !breaks("whole-unchecked")) no(422, "not fileId");
  files.set(fileId, { whole, cut });
  return urlOf(fileId, ext);
}

async function chunk({ fileId: file, chunkId: id, file: bytes }) {
  const fileId = file?.toString().toLowerCase();
  const chunkId = id?.toString();
  if (!fileId) no(403, breaks("chunk-no-file-id-words") ? "fileId is missing" : "请携带文件编号");
  if (!chunkId) no(403, breaks("chunk-no-chunk-id-words") ? "chunkId is missing" : "请携带分片编号");
  if (!isId(fileId, 0) || !isId(chunkId, 11)) no(400, "ids");
  const session = sessions.get(fileId);
  if (!session) return breaks("unknown-file-taken") ? [] : no(403, "请先提交文件分片信息");
  if (files.has(fileId) && !breaks("not-instant")) {
    if (breaks("late-cut")) throw new Cut();
    return [];
  }
  const ids = [...session.cuts.values()].findLast((list) => list.includes(chunkId));
  if (!ids) return breaks("unknown-chunk-taken") ? missing(session, [...session.cuts.values()][0]) : no(403, "该文件没有此分片信息");
  const before = missing(session, ids);
  if (breaks("again-refused") && session.chunks.has(key(chunkId))) no(403, "该文件没有此分片信息");
  const fits = md5(bytes) === chunkId.slice(0, 32).toLowerCase();
  if (fits || breaks("bytes-unchecked") || breaks("bytes-kept")) await store(session, key(chunkId), bytes);
  if (!fits && !breaks("bytes-unchecked")) no(422, "other bytes");
  const needed = missing(session, ids);
  if (breaks("last-url") && needed.length === 0) return urlOf(fileId, "");
  return breaks("list-behind") && needed.length > 0 ? before : needed;
}

/** Keeps a chunk; the tutorial's way reads the record, changes it and writes it back, with time between. */
async function store(session, name, bytes) {
  if (!breaks("racy-record")) {
    session.chunks.set(name, bytes);
    return;
  }
  await sleep(2);
  const record = new Map(session.chunks);
  await sleep(5);
  record.set(name, bytes);
  session.chunks = record;
}

/** Runs `work` while it is known that a chunk of this file is being received, and clashes where that is broken. */
async function receive(form, work) {
  const file = String(form.fileId);
  const id = `${file} ${form.chunkId}`;
  const add = (map, name, by) => map.set(name, (map.get(name) ?? 0) + by);
  if (breaks("one-file") && [...counters.receiving].some(([other, count]) => other !== file && count > 0)) no(503, "busy with another file");
  if (counters.chunks.get(id) && breaks("duplicates-clash")) no(500, "the temporary file exists");
  if (counters.chunks.get(id) && breaks("duplicates-die")) process.exit(1);
  add(counters.receiving, file, 1);
  add(counters.chunks, id, 1);
  try {
    if (["one-file", "duplicates-clash", "duplicates-die", "handshake-clash"].some(breaks)) await sleep(5);
    return await work(form);
  } finally {
    add(counters.receiving, file, -1);
    add(counters.chunks, id, -1);
  }
}

function formOf(body, type) {
  const delimiter = `\r\n--${/boundary=(.+)/.exec(type)[1]}`;
  const form = {};
  const whole = Buffer.concat([Buffer.from("\r\n"), body]);
  for (let at = whole.indexOf(delimiter), end; ; at = end) {
    end = whole.indexOf(delimiter, at + delimiter.length);
    if (end < 0) return form;
    const head = whole.indexOf("\r\n\r\n", at);
    form[/ name="(\w+)"/.exec(whole.toString("latin1", at, head))[1]] = whole.subarray(head + 4, end);
  }
}

function download(request, response, name) {
  const found = files.get(name.slice(0, 32));
  if (!found) return response.writeHead(404).end();
  const { whole } = found;
  const etag = `${breaks("weak-etag") ? "W/" : ""}"${name.slice(0, 32)}"`;
  response.setHeader("ETag", etag);
  response.setHeader("Content-Type", name.endsWith(".html") ? "text/html" : "application/octet-stream");
  response.setHeader("X-Content-Type-Options", "nosniff");
  if (!breaks("no-sandbox")) response.setHeader("Content-Security-Policy", "sandbox");
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
  const isSame = breaks("if-range-ignored") || [undefined, etag].includes(request.headers["if-range"]);
  if (from && isSame && !breaks("no-range")) {
    const part = whole.subarray(Number(from), Number(to) + 1);
    return response.writeHead(206, { "Content-Range": `bytes ${from}-${to}/${whole.length}` }).end(part);
  }
  return response.writeHead(200).end(breaks("served-short") ? whole.subarray(1) : whole);
}

/** Reads a body; null where it is too large and that is answered with 413. */
async function bodyOf(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    parts.push(part);
    size += part.length;
    if (breaks("body-cut") && size > 9 * MIB) throw new Cut();
  }
  return breaks("body-1") && size > 2 * MIB ? null : Buffer.concat(parts);
}

function acceptsFor(isSuccess) {
  if (breaks("silent")) return {};
  if (breaks("accepts-nonsense")) return { accepts: { parallel: "many", repeats: true } };
  return isSuccess || !breaks("accepts-on-success") ? { accepts: { parallel: 6, repeats: true } } : {};
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, "http://fixture");
  const { origin } = request.headers;
  if (breaks("hangs")) return;
  if (values.token && request.method === "POST" && request.headers.authorization !== `Bearer ${values.token}`) {
    request.resume();
    return response.writeHead(401, { "Content-Type": "application/json" }).end('{ "code": 401, "msg": "who are you?", "data": null }');
  }
  // No browser sends it with a preflight.
  if (request.method === "OPTIONS" && request.headers.authorization) return response.writeHead(400).end();
  if (breaks("bad-gateway")) return response.writeHead(502, { "Content-Type": "text/html" }).end("<h1>Bad Gateway</h1>");
  if (origin) {
    response.setHeader("Access-Control-Allow-Origin", origin);
    response.setHeader("Access-Control-Allow-Headers", "content-type, authorization");
    response.setHeader("Access-Control-Expose-Headers", breaks("etag-hidden") ? "Content-Range" : "Content-Range, ETag");
  }
  if (request.method === "OPTIONS") return response.writeHead(breaks("no-preflight") ? 405 : 204).end();
  if (request.method === "GET") return download(request, response, pathname.slice("/files/".length));
  const isHandshake = pathname.endsWith("/handshake");
  let [status, envelope] = [200, {}];
  try {
    const body = await bodyOf(request);
    if (body === null) no(413, "too large");
    const data = isHandshake ? await handshake(body) : await receive(formOf(body, request.headers["content-type"]), chunk);
    envelope = { code: breaks("code-200") ? 200 : 0, msg: "", data };
  } catch (error) {
    if (error instanceof Cut) return request.destroy();
    if (!(error instanceof Refusal)) throw error;
    status = error.status;
    envelope = { code: error.status, msg: error.message, data: null };
    if (breaks("failures-without-cors")) response.removeHeader("Access-Control-Allow-Origin");
  }
  if (isHandshake) Object.assign(envelope, acceptsFor(status === 200));
  response.writeHead(status, { "Content-Type": breaks("html-type") ? "text/html" : "application/json" });
  return response.end(JSON.stringify(envelope));
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.destroy();
  });
});
server.listen(0, "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
