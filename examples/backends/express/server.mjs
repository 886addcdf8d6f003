// A server of the xuchuan upload protocol in Express 5, with multer for the forms.
//
//   npm ci
//   DATA_DIR=data PORT=8000 ALLOW_ORIGIN=https://my.page node server.mjs
//
// What is on the disk is the record: a chunk is needed as long as it has no file. Nothing is kept in memory between two
// requests, so chunks may come in parallel and in any order, and a restart loses nothing that was acknowledged.
//
//   DATA_DIR/files/<fileId>                finished files
//   DATA_DIR/parts/<fileId>/<md5>          chunks of unfinished ones
//   DATA_DIR/parts/<fileId>/<cut>.json     the ids that a handshake announced, one list for each way to cut the file
//   DATA_DIR/incoming                      what is just being received
import { createHash, randomBytes } from "node:crypto";
import { createReadStream, mkdirSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import path from "node:path";
import { finished } from "node:stream/promises";
import express from "express";
import multer from "multer";

const { PORT = "8000", DATA_DIR = "data", ALLOW_ORIGIN = "" } = process.env;
/** Bytes of a chunk: 32 MiB are enough for files of 32 GB. */
const CHUNK_LIMIT = 32 * 1024 * 1024;
/** What this server can do, said in every answer to a handshake: without it clients send one chunk at a time. */
const ACCEPTS = { parallel: 6, repeats: true };

const FILES = path.resolve(DATA_DIR, "files");
const PARTS = path.resolve(DATA_DIR, "parts");
const INCOMING = path.resolve(DATA_DIR, "incoming");
for (const folder of [FILES, PARTS, INCOMING]) mkdirSync(folder, { recursive: true });

/** An answer that is no success: its HTTP status, which is the envelope's code too, and what is wrong. */
class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const isThere = (file) => stat(file).then(() => true, () => false);
const temporary = () => path.join(INCOMING, randomBytes(12).toString("hex"));

async function md5OfFile(file) {
  const hash = createHash("md5");
  await finished(createReadStream(file, { highWaterMark: 1 << 20 }).on("data", (bytes) => hash.update(bytes)));
  return hash.digest("hex");
}

/** Waits until a file is on the disk: what is acknowledged must survive a power cut. */
async function sync(name) {
  const file = await open(name, "r+");
  await file.sync().finally(() => file.close());
}

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

/** The ids of `ids` that have no chunk yet, each once. */
async function neededOf(folder, ids) {
  const there = new Set(await readdir(folder).catch(() => []));
  return [...new Set(ids)].filter((id) => !there.has(md5Of(id)));
}

/** What a handshake is answered: the URL of a file that is there, or the ids of the chunks that are still needed. */
async function shakeHands(asked) {
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
  const cut = createHash("md5").update(chunkIds.join("\n")).digest("hex");
  const list = path.join(folder, `${cut}.json`);
  if (await isThere(list)) {
    await utimes(list, new Date(), new Date());
  } else {
    const written = temporary();
    const file = await open(written, "w");
    await file.writeFile(JSON.stringify(chunkIds)).finally(() => file.close());
    await rename(written, list);
  }
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
  const joined = temporary();
  const hash = createHash("md5");
  try {
    const file = await open(joined, "w");
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
      await rename(joined, whole);
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      return true;
    }
  } catch (error) {
    // Another request was faster and has removed the chunks.
    if (await isThere(whole)) return true;
    throw error;
  } finally {
    await rm(joined, { force: true });
  }
  let damaged = false;
  for (const part of new Set(parts)) {
    if ((await md5OfFile(path.join(folder, part))) === part) continue;
    damaged = true;
    await rm(path.join(folder, part), { force: true });
  }
  if (!damaged) throw new Failure(422, "the chunks are right, but together they are not fileId");
  return false;
}

/** Takes the chunk that multer has put into `incoming`; returns the ids that are still needed. */
async function take(fields, incoming) {
  const fileId = fileIdOf(fields?.fileId);
  const { chunkId } = fields;
  if (!chunkId) throw new Failure(403, "请携带分片编号");
  const name = md5Of(chunkId);
  if (!incoming) throw new Failure(400, "send the chunk's bytes in the field file");
  const whole = path.join(FILES, fileId);
  // A request that was sent twice, or one of another cut.
  if (await isThere(whole)) return [];

  const folder = path.join(PARTS, fileId);
  const ids = await announced(folder, chunkId);
  if ((await md5OfFile(incoming)) !== name) throw new Failure(422, "the chunk's bytes are not what its id says: send it again");
  try {
    await sync(incoming);
    await rename(incoming, path.join(folder, name));
  } catch (error) {
    // The file was finished meanwhile, and its chunks removed.
    if (!(await isThere(whole))) throw error;
  }
  return (await isThere(whole)) ? [] : neededOf(folder, ids);
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

const app = express();
app.disable("x-powered-by");

/** Lets the pages of ALLOW_ORIGIN (a list, or *) call this server and read its answers, failures too. */
app.use((request, response, next) => {
  const { origin } = request.headers;
  const origins = ALLOW_ORIGIN.split(",").map((one) => one.trim());
  response.vary("Origin");
  if (origin && (origins.includes(origin) || origins.includes("*"))) {
    response.set("Access-Control-Allow-Origin", origins.includes(origin) ? origin : "*");
    if (origins.includes(origin)) response.set("Access-Control-Allow-Credentials", "true");
    response.set("Access-Control-Expose-Headers", "Content-Range, Accept-Ranges, ETag, Content-Length, Retry-After");
    response.set("Access-Control-Allow-Methods", "GET, HEAD, POST");
    response.set("Access-Control-Allow-Headers", request.get("Access-Control-Request-Headers") ?? "Content-Type");
    response.set("Access-Control-Max-Age", "7200");
  }
  if (request.method === "OPTIONS") response.sendStatus(204);
  else next();
});

app.post("/api/upload/handshake", (request, response, next) => {
  response.locals.accepts = { accepts: ACCEPTS };
  next();
}, express.json({ limit: "2mb" }), async (request, response) => {
  response.json({ code: 0, msg: "", data: await shakeHands(request.body), accepts: ACCEPTS });
});

// Express 5 hands a rejected promise to the error handler below. In Express 4 it would end the process.
const receive = multer({ dest: INCOMING, limits: { fileSize: CHUNK_LIMIT, files: 1, fields: 20, fieldSize: 1024 } });
app.post("/api/upload", receive.single("file"), async (request, response) => {
  try {
    response.json({ code: 0, msg: "", data: await take(request.body, request.file?.path) });
  } finally {
    if (request.file) await rm(request.file.path, { force: true });
  }
});

app.get("/files/:name", async (request, response) => {
  const [fileId, ext] = [request.params.name.slice(0, 32).toLowerCase(), request.params.name.slice(32)];
  if (!/^[0-9a-f]{32}$/.test(fileId) || !isExt(ext) || !(await isThere(path.join(FILES, fileId)))) {
    throw new Failure(404, "there is no such file");
  }
  response.type(ext || "bin");
  response.set("ETag", `"${fileId}"`);
  // Strangers have uploaded it: it must not act as a page of this site.
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Content-Security-Policy", "sandbox");
  // Range, If-Range and the rest are Express' own.
  response.sendFile(fileId, { root: FILES });
});

app.use(() => {
  throw new Failure(404, "there is nothing here");
});

// Four parameters make it the error handler: Failure is ours, the others' errors carry a status or a multer code.
app.use(async (error, request, response, next) => {
  if (response.headersSent) return next(error);
  const tooLarge = error.code === "LIMIT_FILE_SIZE" || error.status === 413;
  const status = tooLarge ? 413 : error instanceof multer.MulterError ? 400 : error.status ?? 500;
  if (status >= 500) console.error(error);
  const msg = tooLarge ? `a chunk may have at most ${CHUNK_LIMIT} bytes: use smaller ones` : status < 500 ? error.message : "the server failed; its log says why";
  // Read to the end first: most clients miss an answer that comes before they have sent everything.
  await finished(request.resume()).catch(() => {});
  response.status(status).json({ code: status, msg, data: null, ...response.locals.accepts });
});

const server = app.listen(Number(PORT), "127.0.0.1", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
// A large chunk on a slow line takes longer than Node's five minutes for a request.
server.requestTimeout = 30 * 60 * 1000;
