// A server of the xuchuan upload protocol in bare Node.js (18 or later), without dependencies.
//
//   DATA_DIR=data PORT=8000 ALLOW_ORIGIN=https://my.page node server.mjs
//
// What is on the disk is the record: a chunk is needed as long as it has no file. Nothing is kept in memory between two
// requests, so chunks may come in parallel and in any order, and a restart loses nothing that was acknowledged.
//
//   DATA_DIR/files/<fileId>                finished files
//   DATA_DIR/parts/<fileId>/<md5>          chunks of unfinished ones
//   DATA_DIR/parts/<fileId>/<cut>.json     the ids that a handshake announced, one list for each way to cut the file
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, mkdirSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";

const { PORT = "8000", DATA_DIR = "data", ALLOW_ORIGIN = "" } = process.env;
/** Bytes of a request, which is held in memory: a chunk of 32 MiB (enough for files of 32 GB) and its form. */
const BODY_LIMIT = 33 * 1024 * 1024;
/** What this server can do, said in every answer to a handshake: without it clients send one chunk at a time. */
const ACCEPTS = { parallel: 6, repeats: true };

const FILES = path.resolve(DATA_DIR, "files");
const PARTS = path.resolve(DATA_DIR, "parts");
const TYPES = { ".jpg": "image/jpeg", ".png": "image/png", ".pdf": "application/pdf", ".mp4": "video/mp4", ".txt": "text/plain; charset=utf-8" };

/** An answer that is no success: its HTTP status, which is the envelope's code too, and what is wrong. */
class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const md5 = (bytes) => createHash("md5").update(bytes).digest("hex");
const isThere = (file) => stat(file).then(() => true, () => false);

// Names are checked before they come near a path.

function fileIdOf(value) {
  if (value === undefined || value === null || value === "") throw new Failure(403, "请携带文件编号");
  if (typeof value !== "string" || !/^[0-9a-fA-F]{32}$/.test(value)) throw new Failure(400, "fileId must be the file's MD5 in hex");
  return value.toLowerCase();
}

/** An id is the chunk's MD5, for some clients with the chunk's index behind it. Chunks are stored by the MD5. */
function md5Of(chunkId) {
  if (typeof chunkId !== "string" || !/^[0-9a-fA-F]{32}[0-9A-Za-z_-]{0,11}$/.test(chunkId)) {
    throw new Failure(400, "a chunk's id must be its MD5 in hex, with or without its index");
  }
  return chunkId.slice(0, 32).toLowerCase();
}

const isExt = (ext) => typeof ext === "string" && ext.length <= 32 && /^(\.[A-Za-z0-9_-]+)*$/.test(ext);

/** Writes under a temporary name and renames: a reader sees the whole or nothing, and the last of several writers wins. */
async function writeWhole(name, bytes) {
  const temporary = `${name}.${randomBytes(8).toString("hex")}.tmp`;
  const file = await open(temporary, "w");
  try {
    await file.writeFile(bytes);
    // What is acknowledged must survive a power cut.
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, name);
}

/** The ids of `ids` that have no chunk yet, each once. */
async function neededOf(folder, ids) {
  const there = new Set(await readdir(folder).catch(() => []));
  return [...new Set(ids)].filter((id) => !there.has(md5Of(id)));
}

// POST /api/upload/handshake: what a file consists of, and what of it is still needed.

async function handshake(request) {
  let asked;
  try {
    asked = JSON.parse(await bodyOf(request));
  } catch (error) {
    throw error instanceof Failure ? error : new Failure(400, "the handshake must be JSON");
  }
  const fileId = fileIdOf(asked?.fileId);
  const { ext, chunkIds } = asked;
  if (ext === undefined || ext === null) throw new Failure(403, "请携带文件后缀，例如 .mp4");
  if (chunkIds === undefined || chunkIds === null) throw new Failure(403, "请按顺序设置文件的分片编号数组");
  if (!isExt(ext)) throw new Failure(400, "ext must be empty, or like .mp4");
  if (!Array.isArray(chunkIds)) throw new Failure(400, "chunkIds must be an array");
  const parts = chunkIds.map(md5Of);
  const url = `/files/${fileId}${ext}`;
  if (await isThere(path.join(FILES, fileId))) return url;
  let needed;
  try {
    needed = await announce(fileId, chunkIds, parts);
  } catch (error) {
    // Another handshake may have finished the file meanwhile, and removed the folder that this one was at.
    if (!(await isThere(path.join(FILES, fileId)))) throw error;
  }
  // Asked after the chunks were counted, for the same reason.
  if (!(await isThere(path.join(FILES, fileId)))) return needed;
  await rm(path.join(PARTS, fileId), { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  return url;
}

/** Notes the file's list of ids, and joins the chunks if all are there; otherwise returns those that are needed. */
async function announce(fileId, chunkIds, parts) {
  const folder = path.join(PARTS, fileId);
  await mkdir(folder, { recursive: true });
  // Each way to cut the file has a list of its own: two devices may send the same file in chunks of different sizes.
  const list = path.join(folder, `${md5(chunkIds.join("\n"))}.json`);
  if (await isThere(list)) await utimes(list, new Date(), new Date());
  else await writeWhole(list, JSON.stringify(chunkIds));
  const needed = await neededOf(folder, chunkIds);
  return needed.length > 0 || (await join(fileId, parts)) ? needed : neededOf(folder, chunkIds);
}

/**
 * Joins the chunks into the file. Several requests may do it at once: each writes a file of its own, and renaming one
 * over another of the same bytes is harmless. False if damaged chunks were found, which are then needed again.
 */
async function join(fileId, parts) {
  const folder = path.join(PARTS, fileId);
  const whole = path.join(FILES, fileId);
  const temporary = `${whole}.${randomBytes(8).toString("hex")}.tmp`;
  const hash = createHash("md5");
  try {
    const file = await open(temporary, "w");
    try {
      for (const part of parts) {
        for await (const bytes of createReadStream(path.join(folder, part), { highWaterMark: 1 << 20 })) {
          hash.update(bytes);
          await file.writeFile(bytes);
        }
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (hash.digest("hex") === fileId) {
      await rename(temporary, whole);
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      return true;
    }
  } catch (error) {
    // Another request was faster and has removed the chunks.
    if (await isThere(whole)) return true;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  let damaged = false;
  for (const part of new Set(parts)) {
    if (md5(await readFile(path.join(folder, part))) === part) continue;
    damaged = true;
    await rm(path.join(folder, part), { force: true });
  }
  if (!damaged) throw new Failure(422, "the chunks are right, but together they are not fileId");
  return false;
}

// POST /api/upload: one chunk.

async function chunk(request) {
  const boundary = /boundary="?([^";]+)/i.exec(request.headers["content-type"] ?? "")?.[1];
  const body = await bodyOf(request);
  if (!boundary) throw new Failure(415, "send the chunk as multipart/form-data");
  const form = readForm(body, boundary);
  const fileId = fileIdOf(form.fileId?.toString());
  const chunkId = form.chunkId?.toString();
  if (!chunkId) throw new Failure(403, "请携带分片编号");
  const name = md5Of(chunkId);
  if (!form.file) throw new Failure(400, "send the chunk's bytes in the field file");
  // A request that was sent twice, or one of another cut.
  if (await isThere(path.join(FILES, fileId))) return [];

  const folder = path.join(PARTS, fileId);
  const ids = await announced(folder, chunkId);
  if (md5(form.file) !== name) throw new Failure(422, "the chunk's bytes are not what its id says: send it again");
  try {
    if (!(await isThere(path.join(folder, name)))) await writeWhole(path.join(folder, name), form.file);
  } catch (error) {
    // The file was finished meanwhile, and its chunks removed.
    if (!(await isThere(path.join(FILES, fileId)))) throw error;
  }
  return (await isThere(path.join(FILES, fileId))) ? [] : neededOf(folder, ids);
}

/** The list of ids that has this one: of several the one that was announced last. */
async function announced(folder, chunkId) {
  const lists = [];
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(".json")) continue;
    const file = path.join(folder, name);
    const [text, about] = await Promise.all([readFile(file, "utf8"), stat(file)]).catch(() => []);
    if (text) lists.push({ ids: JSON.parse(text), at: about.mtimeMs });
  }
  // To this the client answers with a new handshake.
  if (lists.length === 0) throw new Failure(403, "请先提交文件分片信息");
  const fitting = lists.filter(({ ids }) => ids.includes(chunkId)).sort((one, other) => other.at - one.at);
  if (fitting.length === 0) throw new Failure(403, "该文件没有此分片信息");
  return fitting[0].ids;
}

/** The fields of a multipart form (RFC 7578): the bytes between boundaries, behind each part's head. */
function readForm(body, boundary) {
  const fields = {};
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const whole = Buffer.concat([Buffer.from("\r\n"), body]);
  let start = whole.indexOf(delimiter);
  for (let end; start >= 0; start = end) {
    start += delimiter.length;
    end = whole.indexOf(delimiter, start);
    if (end < 0) break;
    const head = whole.indexOf("\r\n\r\n", start);
    if (head < 0 || head > end) throw new Failure(400, "the form can't be read");
    const name = /[ ;]name="([^"]*)"/i.exec(whole.toString("utf8", start, head))?.[1];
    if (name) fields[name] = whole.subarray(head + 4, end);
  }
  return fields;
}

/** Reads a body. What is too large is read to its end and dropped: most clients miss an answer that comes before. */
async function bodyOf(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size <= BODY_LIMIT) parts.push(part);
    else if (size > 4 * BODY_LIMIT) break;
    else parts.length = 0;
  }
  if (size > BODY_LIMIT) throw new Failure(413, `a request may have at most ${BODY_LIMIT} bytes: use smaller chunks`);
  return Buffer.concat(parts);
}

// GET /files/<fileId><ext>

async function download(request, response, name) {
  const fileId = name.slice(0, 32).toLowerCase();
  const ext = name.slice(32);
  const file = path.join(FILES, fileId);
  const about = /^[0-9a-f]{32}$/.test(fileId) && isExt(ext) ? await stat(file).catch(() => null) : null;
  if (!about) throw new Failure(404, "there is no such file");
  const etag = `"${fileId}"`;
  response.setHeader("Content-Type", TYPES[ext.toLowerCase()] ?? "application/octet-stream");
  // Strangers have uploaded it: it must not act as a page of this site.
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Content-Security-Policy", "sandbox");
  response.setHeader("Accept-Ranges", "bytes");
  response.setHeader("ETag", etag);
  response.setHeader("Last-Modified", about.mtime.toUTCString());
  if (request.headers["if-none-match"] === etag) return response.writeHead(304).end();

  let [start, end, status] = [0, about.size - 1, 200];
  const { range, "if-range": condition = etag } = request.headers;
  // One range; a list of them is answered with the whole, as RFC 9110 allows.
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if ((from || to) && condition === etag) {
    if (from === "") start = Math.max(0, about.size - Number(to));
    else [start, end] = [Number(from), to === "" ? end : Math.min(end, Number(to))];
    if (start > end) {
      response.setHeader("Content-Range", `bytes */${about.size}`);
      return response.writeHead(416).end();
    }
    status = 206;
    response.setHeader("Content-Range", `bytes ${start}-${end}/${about.size}`);
  }
  response.writeHead(status, { "Content-Length": end - start + 1 });
  if (request.method === "HEAD" || about.size === 0) return response.end();
  createReadStream(file, { start, end }).on("error", () => response.destroy()).pipe(response);
}

/** Lets the pages of ALLOW_ORIGIN (a list, or *) call this server and read its answers. True for a preflight. */
function cors(request, response) {
  const { origin } = request.headers;
  const origins = ALLOW_ORIGIN.split(",").map((one) => one.trim());
  response.setHeader("Vary", "Origin");
  if (origin && (origins.includes(origin) || origins.includes("*"))) {
    response.setHeader("Access-Control-Allow-Origin", origins.includes(origin) ? origin : "*");
    if (origins.includes(origin)) response.setHeader("Access-Control-Allow-Credentials", "true");
    response.setHeader("Access-Control-Expose-Headers", "Content-Range, Accept-Ranges, ETag, Content-Length, Retry-After");
    response.setHeader("Access-Control-Allow-Methods", "GET, HEAD, POST");
    response.setHeader("Access-Control-Allow-Headers", request.headers["access-control-request-headers"] ?? "Content-Type");
    response.setHeader("Access-Control-Max-Age", "7200");
  }
  return request.method === "OPTIONS";
}

function answer(response, status, envelope) {
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify(envelope));
}

const server = createServer(async (request, response) => {
  let accepts = {};
  try {
    if (cors(request, response)) return response.writeHead(204).end();
    const { pathname } = new URL(request.url, "http://host");
    if (pathname === "/api/upload/handshake" && request.method === "POST") {
      accepts = { accepts: ACCEPTS };
      answer(response, 200, { code: 0, msg: "", data: await handshake(request), ...accepts });
    } else if (pathname === "/api/upload" && request.method === "POST") {
      answer(response, 200, { code: 0, msg: "", data: await chunk(request) });
    } else if (pathname.startsWith("/files/") && ["GET", "HEAD"].includes(request.method)) {
      await download(request, response, pathname.slice("/files/".length));
    } else {
      throw new Failure(404, "there is nothing here");
    }
  } catch (error) {
    if (response.headersSent) return response.destroy();
    if (!(error instanceof Failure)) console.error(error);
    const status = error.status ?? 500;
    answer(response, status, { code: status, msg: error.status ? error.message : "the server failed; its log says why", data: null, ...accepts });
  }
});

mkdirSync(FILES, { recursive: true });
mkdirSync(PARTS, { recursive: true });
// A large chunk on a slow line takes longer than Node's five minutes for a request.
server.requestTimeout = 30 * 60 * 1000;
server.listen(Number(PORT), "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
