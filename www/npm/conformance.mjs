#!/usr/bin/env node
// Tries a server of the upload protocol row by row, and says in plain words what it gets wrong and what to do.
//
//   node conformance.mjs http://127.0.0.1:8000/api/upload
//   npx -p xuchuan xuchuan-conformance http://127.0.0.1:8000/api/upload
//
// One file of Node.js 18.3 or later, without dependencies: it can be copied and run alone.
import { createHash, randomBytes } from "node:crypto";
import http from "node:http";
import https from "node:https";
import { parseArgs } from "node:util";

const USAGE = `usage: node conformance.mjs URL [options]

  URL                    where chunks are posted, such as http://127.0.0.1:8000/api/upload;
                         handshakes go to URL/handshake
  --origin ORIGIN        try CORS too, as a page of ORIGIN (https://my.page)
  --header "Name: value" send this header with every request to that host; may be given more than once
  --largest MIB          the largest chunk to try (64)
  --timeout SECONDS      how long one answer may take (20)
  --json                 print one JSON document instead of text

It uploads small files of random bytes, which stay on the server. Exit code 0: the server conforms; 1: it does not;
2: the command line can't be read.`;

const KIB = 1024;
const MIB = 1024 * KIB;
/** How many requests at once the parallel rows make: what a browser allows for one host, and the client's most. */
const AT_ONCE = 6;
/** After so many answers that never came the rest is not tried. */
const MOST_SILENCES = 3;

const MESSAGES = {
  noFileId: "请携带文件编号",
  noExt: "请携带文件后缀，例如 .mp4",
  noChunkIds: "请按顺序设置文件的分片编号数组",
  noChunkId: "请携带分片编号",
  unknownFile: "请先提交文件分片信息",
  unknownChunk: "该文件没有此分片信息",
};

// ---------------------------------------------------------------- the command line

function refuse(why) {
  console.error(`${why}\n\n${USAGE}`);
  process.exit(2);
}

function readCommandLine() {
  const options = {
    origin: { type: "string" },
    header: { type: "string", multiple: true, default: [] },
    largest: { type: "string", default: "64" },
    timeout: { type: "string", default: "20" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  };
  let given;
  try {
    given = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    refuse(error.message);
  }
  const { values, positionals } = given;
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  if (positionals.length !== 1) refuse("say the one URL where chunks are posted");
  let endpoint;
  try {
    endpoint = new URL(positionals[0]);
  } catch {
    refuse(`\`${positionals[0]}\` is no URL`);
  }
  if (!/^https?:$/.test(endpoint.protocol)) refuse("the URL must begin with http:// or https://");
  // As the client does: a slash at the end means nothing.
  endpoint.pathname = endpoint.pathname.replace(/\/+$/, "");
  const shake = new URL(endpoint);
  shake.pathname = `${endpoint.pathname.replace(/\/$/, "")}/handshake`;
  const number = (name) => {
    const value = Number(values[name]);
    if (!(value > 0)) refuse(`--${name} must be a number above 0`);
    return value;
  };
  const headers = {};
  for (const line of values.header) {
    const colon = line.indexOf(":");
    if (colon < 1) refuse(`--header "${line}" has no colon`);
    headers[line.slice(0, colon).trim()] = line.slice(colon + 1).trim();
  }
  return {
    endpoint, shake, headers, origin: values.origin, json: values.json,
    largest: number("largest"), patience: number("timeout") * 1000,
  };
}

const settings = readCommandLine();

// ---------------------------------------------------------------- requests

/** A row that failed: what the server does, and what to do about it. */
class Wrong extends Error {
  constructor(detail, advice) {
    super(detail);
    this.advice = advice;
  }
}

/** A row that could not be judged. */
class Unknown extends Error {}

const wrong = (detail, advice = "") => { throw new Wrong(detail, advice); };
const unknown = (detail) => { throw new Unknown(detail); };

let silences = 0;

/**
 * Sends one request on a connection of its own, so that no answer is spoilt by what was before. Never throws: the reply
 * has a `status`, or a `failure` that says how the connection ended.
 */
function request(method, url, headers = {}, body = null) {
  if (silences >= MOST_SILENCES) unknown("not tried: the server left too many requests without an answer");
  // A browser sends none of the page's headers with a preflight, and a token is not for whoever else stores the files.
  const isOurs = url.origin === settings.endpoint.origin && method !== "OPTIONS";
  const all = { Connection: "close", ...(isOurs ? settings.headers : {}), ...headers };
  if (body) all["Content-Length"] = body.length;
  // A large body may take its time on a slow line.
  const patience = settings.patience + ((body?.length ?? 0) / MIB) * 1000;
  return new Promise((resolve) => {
    let answered = false;
    const client = url.protocol === "https:" ? https : http;
    const outgoing = client.request(url, { method, headers: all, agent: false });
    const settle = (reply) => {
      clearTimeout(timer);
      resolve(reply);
      outgoing.destroy();
    };
    const timer = setTimeout(() => {
      silences += 1;
      settle({ failure: `no answer within ${Math.round(patience / 100) / 10} s` });
    }, patience);
    outgoing.on("response", (incoming) => {
      answered = true;
      const parts = [];
      incoming.on("data", (part) => parts.push(part));
      incoming.on("end", () => settle({ status: incoming.statusCode, headers: incoming.headers, body: Buffer.concat(parts) }));
      incoming.on("error", (error) => settle({ failure: `the answer broke off (${error.code ?? error.message})` }));
    });
    outgoing.on("error", (error) => {
      // A server that answers early and closes breaks our sending, while its answer is on the way to us.
      if (!answered) settle({ failure: `the connection ended without an answer (${error.code ?? error.message})` });
    });
    outgoing.end(body);
  });
}

/** Reads a reply as the protocol's envelope; `success` is lenient, so that one mistake does not fail every row. */
function read(reply) {
  let json = null;
  if (!reply.failure) {
    try {
      json = JSON.parse(reply.body.toString("utf8"));
    } catch {
      // Not JSON: shown as it is.
    }
  }
  const isEnvelope = json !== null && typeof json === "object" && "code" in json;
  const { code, msg, data, accepts } = isEnvelope ? json : {};
  const fine = reply.status >= 200 && reply.status < 300;
  return { ...reply, isEnvelope, code, msg, data, accepts, success: fine && [0, "0", 200].includes(code) };
}

/** What the server said, in a few words. */
function words(said) {
  if (said.failure) return said.failure;
  if (!said.isEnvelope) return `HTTP ${said.status} with ${quoted(said.body.toString("utf8")) || "an empty body"}`;
  const data = said.success ? `, data ${quoted(JSON.stringify(said.data))}` : `, msg ${quoted(said.msg ?? "")}`;
  return `HTTP ${said.status}, code ${JSON.stringify(said.code)}${data}`;
}

function quoted(text) {
  const line = String(text).replace(/\s+/g, " ").trim();
  return line && `"${line.length > 120 ? `${line.slice(0, 120)}…` : line}"`;
}

async function post(url, type, body, headers) {
  return read(await request("POST", url, { "Content-Type": type, Accept: "application/json", ...headers }, body));
}

const postJson = (value, headers) =>
  post(settings.shake, "application/json", Buffer.from(typeof value === "string" ? value : JSON.stringify(value)), headers);

/** Sends a chunk's form as the client does: the ids first, then the bytes. A field that is undefined is left out. */
function postForm({ fileId, chunkId, file }, headers) {
  const boundary = `xuchuan-${randomBytes(16).toString("hex")}`;
  const parts = [];
  for (const [name, value] of Object.entries({ fileId, chunkId })) {
    if (value === undefined) continue;
    parts.push(Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`));
  }
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="chunk"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  parts.push(Buffer.from(head), file, Buffer.from(`\r\n--${boundary}--\r\n`));
  return post(settings.endpoint, `multipart/form-data; boundary=${boundary}`, Buffer.concat(parts), headers);
}

// ---------------------------------------------------------------- files and uploads

const left = { files: 0, bytes: 0, unfinished: 0 };

const md5 = (bytes) => createHash("md5").update(bytes).digest("hex");

/** A file of these chunks, with plain ids. */
function fileOf(chunks, ext = ".bin") {
  const whole = Buffer.concat(chunks);
  left.unfinished += 1;
  return { chunks, whole, ext, fileId: md5(whole), ids: chunks.map(md5) };
}

const randomChunks = (count, size = 16 * KIB) => Array.from({ length: count }, () => randomBytes(size));
const randomFile = (count, size) => fileOf(randomChunks(count, size));

const handshake = (file, headers) => postJson({ fileId: file.fileId, ext: file.ext, chunkIds: file.ids }, headers);
const sendChunk = (file, index, headers) =>
  postForm({ fileId: file.fileId, chunkId: file.ids[index], file: file.chunks[index] }, headers);

/** Shakes hands; anything but a success is wrong. */
async function agree(file, what = "a handshake") {
  const said = await handshake(file);
  if (!said.success) wrong(`${what} got ${words(said)}`, "Answer a handshake of a valid file with code 0.");
  return said.data;
}

/** Shakes hands for a new file; anything but a list is wrong. */
async function announce(file) {
  const needed = await agree(file, "the handshake of a new file");
  if (!Array.isArray(needed)) wrong(`the handshake of a new file answered ${quoted(JSON.stringify(needed))} instead of a list`);
  return needed;
}

/** Sends the chunk at `index`; anything but a success is wrong. */
async function deliver(file, index, what = "a chunk that is needed") {
  const said = await sendChunk(file, index);
  if (!said.success) {
    const advice = said.failure
      ? "Look in the server's log whether its process died, and answer an error instead."
      : "Take a chunk that the handshake listed with code 0.";
    wrong(`${what} got ${words(said)}`, advice);
  }
  return said.data;
}

/** Sends what `needed` lists, one after the other, by its first place in the file; what is not this file's is left out. */
async function deliverAll(file, needed) {
  for (const id of new Set(needed)) {
    const index = file.ids.indexOf(id);
    if (index >= 0) await deliver(file, index);
  }
}

/** The handshake after the last chunk: the file's URL. */
async function finish(file) {
  const answer = await agree(file, "the handshake after the last chunk");
  if (Array.isArray(answer)) {
    const asks = answer.length === 0 ? "answered [] again" : `asks for ${answer.length} of ${file.ids.length} chunks again`;
    wrong(`the handshake after the last chunk ${asks}, though each was acknowledged`, LOST);
  }
  if (typeof answer !== "string" || answer === "") {
    wrong(`the handshake after the last chunk answered ${quoted(JSON.stringify(answer))}`, "Answer the file's URL, a string, in `data`.");
  }
  left.unfinished -= 1;
  left.files += 1;
  left.bytes += file.whole.length;
  return answer;
}

/** The URL as the client reads it: relative to the handshake's address. */
const resolve = (url) => new URL(url, settings.shake);

const fetchBack = (url, headers) => request("GET", resolve(url), headers);

/** The bytes that are served must be the file's; not asked for again once the row on it was wrong. */
async function compare(file, url) {
  if (verdictOf("served") === "wrong") return;
  const got = await fetchBack(url);
  if (got.failure) wrong(`GET ${resolve(url)}: ${got.failure}`);
  if ([401, 403].includes(got.status)) unknown(`GET ${resolve(url)} answers ${got.status}: who may read is the server's decision`);
  if (got.status !== 200) {
    wrong(
      `the URL ${quoted(url)} is ${resolve(url)} seen from the handshake, which answers ${got.status}`,
      "Answer a URL that is right relative to the handshake's address (/files/… or https://…), and serve the file there.",
    );
  }
  if (!got.body.equals(file.whole)) {
    const where = got.body.length === file.whole.length ? "other bytes" : `${got.body.length} bytes instead of ${file.whole.length}`;
    wrong(`the file that is served has ${where}`, "Join the chunks in the order of chunkIds, into a temporary name, check its MD5 against fileId, then rename it.");
  }
}

/** A whole upload in the plain way, one chunk after the other. */
async function upload(file) {
  const needed = await agree(file);
  if (typeof needed === "string") {
    left.unfinished -= 1;
    return needed;
  }
  if (Array.isArray(needed)) await deliverAll(file, needed);
  return finish(file);
}

/** Runs `work` on each item, so many at once; throws the first failure when all have ended. */
async function pool(items, atOnce, work) {
  const queue = [...items];
  const failures = [];
  const worker = async () => {
    while (queue.length > 0 && failures.length === 0) {
      try {
        await work(queue.shift());
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  if (failures.length > 0) throw failures[0];
}

// ---------------------------------------------------------------- rows

/**
 * Kinds of rows. `must`: without it uploads fail or files get damaged. `parallel`, `repeats`, `index`: without it the
 * server must not say so in `accepts`, and the client does without. `should`: the client can live with it.
 */
const rows = [];
const row = (id, kind, title, run) => rows.push({ id, kind, title, run });

const RECORD = "Let the chunk files be the record: write a chunk under a temporary name, rename it, and answer the ids that have no file. "
  + "Or hold a lock for each file while its record is read, changed and written.";
const LOST = "The server's record of what is needed is not right: a change got lost. " + RECORD;

/** The upload that the first rows take step by step. */
const tricky = (bytes) => Buffer.concat([Buffer.from("\r\n--"), bytes, Buffer.from("\r\n\r\n--\r\n")]);
const first = fileOf([tricky(randomBytes(16 * KIB)), randomBytes(16 * KIB), randomBytes(5000)]);
let firstUrl = null;
let begun = null;
const claims = [];

/** Rows behind the plain upload make no sense without it. */
function needsUploads() {
  if (firstUrl === null) unknown("not tried: the plain upload of above must work first");
}

/** A refusal with the protocol's own message. */
async function refuses(answer, message) {
  const said = await answer;
  const advice = `Answer { "code": 403, "msg": "${message}", "data": null }; HTTP 403 and HTTP 200 are both read.`;
  if (said.failure) wrong(said.failure, `The request must not end the process. ${advice}`);
  if (said.code !== 403 || said.msg !== message || (said.data ?? null) !== null) wrong(words(said), advice);
  return said;
}

row("answers", "must", "The handshake's address answers with the envelope { code, msg, data }", async () => {
  begun = await handshake(first);
  if (begun.failure) wrong(`POST ${settings.shake}: ${begun.failure}`, "Start the server, and check the URL: it is the one where chunks are posted.");
  if (!begun.isEnvelope) wrong(`POST ${settings.shake}: ${words(begun)}`, "Check the URL, and answer every request with JSON: { code, msg, data }.");
  claims.push(begun.accepts);
});

row("json-type", "should", "Answers say Content-Type: application/json", () => {
  const type = begun?.headers?.["content-type"] ?? "none";
  if (!begun?.isEnvelope) unknown("the server does not answer");
  if (!/^application\/json\b/i.test(type)) wrong(`Content-Type is ${quoted(type)}`, "Send the JSON as application/json: proxies and tools go by it.");
});

row("code-zero", "must", "A success has code 0, the number", () => {
  if (!begun?.isEnvelope) unknown("the server does not answer");
  if (begun.code === 0) return;
  if (begun.success) wrong(`a success says code ${JSON.stringify(begun.code)}`, "Success is the number 0; any other code, 200 too, is a failure to the client.");
  const login = begun.status === 401 || begun.code === 401 ? 'Give the login with --header "Authorization: …". ' : "";
  wrong(`the handshake of a new file is refused: ${words(begun)}`, `${login}Answer a handshake of a valid file with code 0.`);
});

row("lists-all", "must", "The handshake of a new file lists all its chunks", () => {
  if (!begun?.success) unknown("the handshake does not succeed");
  const listed = new Set(Array.isArray(begun.data) ? begun.data : []);
  if (listed.size !== 3 || !first.ids.every((id) => listed.has(id))) {
    wrong(`of 3 new chunks it answered ${quoted(JSON.stringify(begun.data))}`, "`data` is the array of the ids that have no chunk yet, spelt as they were sent.");
  }
});

const someId = md5("x");
const handshakeWithout = [
  ["no-file-id", "fileId", MESSAGES.noFileId, { ext: ".bin", chunkIds: [someId] }],
  ["no-ext", "ext", MESSAGES.noExt, { fileId: md5(randomBytes(9)), chunkIds: [someId] }],
  ["no-chunk-ids", "chunkIds", MESSAGES.noChunkIds, { fileId: md5(randomBytes(9)), ext: ".bin" }],
];
for (const [id, field, message, body] of handshakeWithout) {
  row(id, "must", `A handshake without ${field} is refused: 403, ${message}`, async () => {
    const said = await refuses(postJson(body), message);
    if (id === "no-file-id") claims.push(said.accepts);
  });
}

row("survives-nonsense", "must", "Nonsense in a handshake is refused, and the process lives on", async () => {
  const nonsense = [
    "", "{", "[]", "null", '"x"', "{}",
    { fileId: 1, ext: ".bin", chunkIds: [] },
    { fileId: md5(randomBytes(9)), ext: ".bin", chunkIds: someId },
    { fileId: { a: 1 }, ext: ["x"], chunkIds: {} },
    // To take this does no harm, as long as nothing breaks by it.
    { fileId: md5(randomBytes(9)), ext: ".bin", chunkIds: [1, null] },
  ];
  for (const body of nonsense) {
    const said = await postJson(body);
    const sent = typeof body === "string" ? body : JSON.stringify(body);
    if (said.failure) wrong(`${quoted(sent) || "an empty body"}: ${said.failure}`, "Catch errors in every handler and answer 400: one bad request must not end the process or hang.");
    if (said.success && body !== nonsense.at(-1)) wrong(`${quoted(sent)} was answered with success`, "Check that fileId and ext are strings and chunkIds is an array of strings.");
  }
  const said = await handshake(first);
  if (said.failure) wrong(`after it ${said.failure}`, "Catch errors in every handler: one bad request must not end the process.");
});

row("chunk-no-file-id", "must", `A chunk without fileId is refused: 403, ${MESSAGES.noFileId}`, () =>
  refuses(postForm({ chunkId: first.ids[0], file: first.chunks[0] }), MESSAGES.noFileId).then(() => {}));

row("chunk-no-chunk-id", "must", `A chunk without chunkId is refused: 403, ${MESSAGES.noChunkId}`, () =>
  refuses(postForm({ fileId: first.fileId, file: first.chunks[0] }), MESSAGES.noChunkId).then(() => {}));

row("chunk-unknown-file", "must", `A chunk of a file that no handshake announced is refused: 403, ${MESSAGES.unknownFile}`, async () => {
  const { chunks, ids, fileId } = randomFile(1);
  left.unfinished -= 1;
  // The client shakes hands anew when it reads this: after a restart that forgot its sessions the upload goes on.
  await refuses(postForm({ fileId, chunkId: ids[0], file: chunks[0] }), MESSAGES.unknownFile);
});

row("chunk-unknown-chunk", "must", `A chunk that the file does not have is refused: 403, ${MESSAGES.unknownChunk}`, async () => {
  if (!begun?.success) unknown("the handshake does not succeed");
  const bytes = randomBytes(100);
  await refuses(postForm({ fileId: first.fileId, chunkId: md5(bytes), file: bytes }), MESSAGES.unknownChunk);
});

row("remaining", "must", "A chunk is answered with the ids still needed", async () => {
  if (!begun?.success) unknown("the handshake does not succeed");
  const rest = await deliver(first, 0);
  const fits = Array.isArray(rest) && rest.length === 2 && rest.includes(first.ids[1]) && rest.includes(first.ids[2]);
  if (!fits) wrong(`after the first of 3 chunks data is ${quoted(JSON.stringify(rest))}`, "`data` is the array of the ids that have no chunk yet.");
});

row("keeps", "must", "A handshake in the middle lists only what is missing", async () => {
  if (!begun?.success) unknown("the handshake does not succeed");
  const file = randomFile(4);
  await announce(file);
  await deliver(file, 2);
  const needed = await agree(file, "a handshake in the middle");
  if (!Array.isArray(needed)) wrong(`it answered ${quoted(JSON.stringify(needed))}`, "Answer the list of what is missing.");
  if (needed.includes(file.ids[2])) wrong("it asks again for the chunk that it acknowledged", "A handshake must not begin a file anew: keep what was sent. " + RECORD);
  if (needed.length !== 3) wrong(`of 3 missing chunks it lists ${needed.length}`, "List every id that has no chunk yet.");
});

row("again", "must", "A chunk that was taken already is answered with success", async () => {
  if (!begun?.success) unknown("the handshake does not succeed");
  const file = randomFile(2);
  await announce(file);
  await deliver(file, 0);
  // The client sends a chunk again when its answer was lost.
  const rest = await deliver(file, 0, "the same chunk a second time");
  if (!Array.isArray(rest) || rest.includes(file.ids[0]) || !rest.includes(file.ids[1])) {
    wrong(`the second time data is ${quoted(JSON.stringify(rest))}`, "Answer it like the first time: the ids still needed.");
  }
});

row("wrong-bytes", "must", "Bytes that are not the chunk's are refused and not kept", async () => {
  if (!begun?.success) unknown("the handshake does not succeed");
  const file = randomFile(2);
  await announce(file);
  const damaged = Buffer.from(file.chunks[0]);
  damaged[100] ^= 1;
  const said = await postForm({ fileId: file.fileId, chunkId: file.ids[0], file: damaged });
  const advice = "Hash what arrived, compare with the first 32 characters of chunkId, answer 422 where it differs, and keep nothing of it.";
  if (said.failure) wrong(said.failure, advice);
  if (said.success) wrong("one bit was wrong, and the chunk was taken", advice);
  const needed = await agree(file);
  if (!Array.isArray(needed) || !needed.includes(file.ids[0])) wrong("the chunk was refused, but it is not asked for any more", advice);
  await deliver(file, 0, "the right bytes, after wrong ones were refused,");
});

row("last", "must", "The last chunk is answered with []", async () => {
  if (!begun?.success) unknown("the handshake does not succeed");
  await deliver(first, 1);
  const rest = await deliver(first, 2);
  if (!Array.isArray(rest) || rest.length > 0) wrong(`data is ${quoted(JSON.stringify(rest))}`, "After the last chunk nothing is needed: answer []. The URL is the next handshake's answer.");
});

row("url", "must", "The handshake after the last chunk answers the file's URL", async () => {
  if (!begun?.success) unknown("the handshake does not succeed");
  firstUrl = await finish(first);
  if (!/^https?:$/.test(resolve(firstUrl).protocol)) wrong(`the URL is ${quoted(firstUrl)}`, "Answer a URL of http or https.");
});

row("url-again", "must", "That handshake may come again: the same URL", async () => {
  needsUploads();
  const again = [await agree(first, "the handshake, again,"), await agree(first, "the handshake, a third time,")];
  if (again.some((url) => url !== firstUrl)) wrong(`the URL was ${quoted(firstUrl)}, then ${quoted(JSON.stringify(again))}`, "Its answer may have been lost: answer the same URL whenever the file is there.");
});

row("served", "must", "The URL, relative to the handshake, serves the file's bytes", async () => {
  needsUploads();
  await compare(first, firstUrl);
});

row("instant", "should", "A file that the server has is answered with its URL at once, however it is cut", async () => {
  needsUploads();
  const recut = { ...first, ids: [first.fileId], chunks: [first.whole] };
  const answer = await agree(recut, "the handshake of a known file in another cut");
  if (typeof answer !== "string") wrong(`in another cut it answered ${quoted(JSON.stringify(answer))}`, "Look for the finished file by fileId before you look at chunkIds.");
});

row("empty-file", "must", "An empty file (chunkIds is []) gets its URL at once", async () => {
  needsUploads();
  const file = fileOf([]);
  const url = await finish(file);
  await compare(file, url);
});

row("one-byte", "must", "A file of one byte, and one without an extension (ext is \"\")", async () => {
  needsUploads();
  const file = fileOf([randomBytes(1)], "");
  await compare(file, await upload(file));
  const other = fileOf(randomChunks(2, 999), "");
  await compare(other, await upload(other));
});

row("wrong-whole", "must", "A file whose chunks are right but whose fileId is not is never answered with a URL", async () => {
  needsUploads();
  const file = { ...randomFile(2), fileId: md5(randomBytes(16)) };
  await announce(file);
  await deliver(file, 0);
  // Here the server may say no already.
  await sendChunk(file, 1);
  const said = await handshake(file);
  if (said.failure) wrong(said.failure, "Answer 422 when the joined file's MD5 is not fileId.");
  if (said.success && typeof said.data === "string") wrong("it was answered with a URL", "Hash the joined file and compare it with fileId before you give it its name; answer 422 where it differs.");
});

row("late", "must", "A chunk that comes late, after its file is finished, does no harm", async () => {
  needsUploads();
  const file = randomFile(4);
  await upload(file);
  const said = await sendChunk(file, 1);
  if (said.failure) wrong(said.failure, "Answer [] (or a refusal) to a chunk of a finished file: it is a request that was sent twice.");
  const url = await agree(file, "the handshake after it");
  if (typeof url !== "string") wrong("the file lost its URL by it", "A finished file stays finished.");
  await compare(file, url);
});

row("finish-at-once", "must", "Several handshakes at once after the last chunk all get the URL", async () => {
  needsUploads();
  for (let round = 0; round < 3; round += 1) {
    const file = randomFile(4, 256 * KIB);
    await deliverAll(file, await announce(file));
    const answers = await Promise.all(Array.from({ length: 4 }, () => handshake(file)));
    const bad = answers.find((said) => !said.success || typeof said.data !== "string");
    if (bad) wrong(`one of 4 got ${words(bad)}`, "Two tabs, or a lost answer: join into a temporary file of each request's own and rename it, so that several at once are harmless.");
    await compare(file, await finish(file));
  }
});

row("two-cuts", "must", "The same file in two cuts: each is a session of its own", async () => {
  needsUploads();
  const parts = randomChunks(4);
  const small = fileOf(parts);
  const large = fileOf([Buffer.concat(parts.slice(0, 2)), Buffer.concat(parts.slice(2))]);
  left.unfinished -= 1;
  const advice = "Keep one list of ids for each fileId and cut (for instance by the MD5 of the list), and finish by whichever is complete first. The client cuts smaller where a proxy refuses large bodies.";
  await announce(large);
  await deliver(large, 0);
  const needed = await announce(small);
  const strange = needed.filter((id) => !small.ids.includes(id));
  if (strange.length > 0) wrong("the second cut's handshake lists ids that are not in it", advice);
  if (needed.length !== 4) wrong(`the second cut's handshake lists ${needed.length} of its 4 chunks`, advice);
  await deliver(small, 0, "a chunk of the second cut");
  const back = await agree(large, "the first cut's handshake, again,");
  if (!Array.isArray(back) || back.length !== 1 || back[0] !== large.ids[1]) wrong(`the first cut's handshake then answers ${quoted(JSON.stringify(back))}`, advice);
  await deliver(large, 1, "a chunk of the first cut, after the second was begun,");
  const url = await finish(large);
  await compare(large, url);
  const said = await sendChunk(small, 1);
  if (said.failure) wrong(said.failure, "A chunk of the other cut may come after the file is finished.");
  await agree(small, "the second cut's handshake, after the file was finished,");
});

row("two-files", "must", "Two files at once", async () => {
  needsUploads();
  const files = [randomFile(8), randomFile(8)];
  // Both to their end, or what is left of one would disturb the next row.
  const ended = await Promise.allSettled(files.map(async (file) => compare(file, await upload(file))));
  const failed = ended.find(({ status }) => status === "rejected");
  if (failed) throw failed.reason;
});

// What repeats within a file.
const [a, b] = randomChunks(2);

row("repeats", "repeats", "An id may stand in chunkIds more than once, and is sent once", async () => {
  needsUploads();
  const file = fileOf([a, b, a, a]);
  const said = await handshake(file);
  const advice = "Store chunks by their id, once, and join them by the order of chunkIds; delete them only when the whole file is joined.";
  if (!said.success || !Array.isArray(said.data)) wrong(`the handshake got ${words(said)}`, advice);
  await deliver(file, 0);
  const rest = await deliver(file, 1);
  if (Array.isArray(rest) && rest.length > 0) wrong(`when each different chunk was sent once, data is ${quoted(JSON.stringify(rest))}`, advice);
  await compare(file, await finish(file));
});

row("index-ids", "index", "An id may be the MD5 followed at once by the chunk's index", async () => {
  needsUploads();
  const zeros = randomBytes(8 * KIB);
  const plain = fileOf([zeros, randomBytes(8 * KIB), zeros, randomBytes(300)]);
  const file = { ...plain, ids: plain.ids.map((id, index) => `${id}${index}`) };
  const said = await handshake(file);
  const advice = "Take ids whose first 32 characters are the MD5, followed by at most 11 of 0-9 A-Z a-z _ -; check the bytes against the first 32.";
  if (!said.success || !Array.isArray(said.data)) wrong(`the handshake got ${words(said)}`, advice);
  // As the pages do that made this form: each id that is still listed, one after the other.
  let needed = said.data;
  for (const [index, id] of file.ids.entries()) {
    if (!needed.includes(id)) continue;
    const rest = await deliver(file, index, "a chunk with such an id");
    needed = Array.isArray(rest) ? rest : needed;
  }
  await compare(file, await finish(file));
});

/** Sends every chunk, six at once, and judges by the handshake behind it. */
async function inParallel(file) {
  await announce(file);
  await pool(file.ids.keys(), AT_ONCE, async (index) => {
    const said = await sendChunk(file, index);
    if (said.success) return;
    const died = said.failure ? " (two requests at once may have ended the process)" : "";
    wrong(`of ${AT_ONCE} chunks at once one got ${words(said)}${died}`, RECORD);
  });
  const answer = await agree(file);
  if (Array.isArray(answer) && answer.length > 0) {
    wrong(
      `of ${file.ids.length} chunks that were acknowledged it asks for ${answer.length} again: its record of what is needed is read, changed and written back, and requests at once overwrite each other's change`,
      `${RECORD} Until then say nothing of "parallel": the client sends one chunk at a time to a server that is silent.`,
    );
  }
  await compare(file, await finish(file));
}

row("parallel", "parallel", `${AT_ONCE} chunks of one file at once, none gets lost`, async () => {
  needsUploads();
  for (let round = 0; round < 5; round += 1) await inParallel(randomFile(24, 20 * KIB));
});

row("duplicates", "parallel", "The same chunk several times at once", async () => {
  needsUploads();
  const file = randomFile(4, 64 * KIB);
  await announce(file);
  for (const index of file.ids.keys()) {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => sendChunk(file, index)));
    const bad = answers.find((said) => !said.success);
    if (bad) wrong(`one of ${AT_ONCE} got ${words(bad)}`, "Write each request's bytes to a temporary name of its own and rename it: the second rename replaces a file by the same file.");
  }
  await compare(file, await finish(file));
});

row("handshakes-beside", "parallel", "Handshakes beside chunks answer what is missing, and lose nothing", async () => {
  needsUploads();
  for (let round = 0; round < 2; round += 1) {
    const file = randomFile(24, 20 * KIB);
    const taken = new Set();
    let sending = true;
    await announce(file);
    const beside = async () => {
      while (sending) {
        const before = [...taken];
        const said = await handshake(file);
        if (!said.success) wrong(`a handshake beside chunks got ${words(said)}`, RECORD);
        const lost = Array.isArray(said.data) ? said.data.filter((id) => before.includes(id)) : [];
        if (lost.length > 0) wrong("a handshake beside chunks asks for one that was acknowledged before it", RECORD);
        if (typeof said.data === "string" && taken.size + AT_ONCE < file.ids.length) wrong("a handshake beside chunks got a URL before all were there", RECORD);
      }
    };
    const chunks = pool(file.ids.keys(), AT_ONCE, async (index) => {
      await deliver(file, index, "a chunk beside handshakes");
      taken.add(file.ids[index]);
    }).finally(() => { sending = false; });
    const ended = await Promise.allSettled([chunks, beside(), beside()]);
    const failed = ended.find(({ status }) => status === "rejected");
    if (failed) throw failed.reason;
    await compare(file, await finish(file));
  }
});

// Bodies. The sessions are left unfinished, so that a large file costs one request.
const bodies = { passed: 0, refused: null, size: 0 };

row("body-size", "should", "Chunks of 4 MiB, the client's default, pass", async () => {
  needsUploads();
  for (const size of [1, 4, 8, 16, 64].filter((mib) => mib <= settings.largest)) {
    const file = fileOf([randomBytes(size * MIB), randomBytes(10)]);
    await announce(file);
    const said = await sendChunk(file, 0);
    if (!said.success) {
      Object.assign(bodies, { refused: said, size });
      break;
    }
    bodies.passed = size;
  }
  const most = `${bodies.passed} MiB passes`;
  if (bodies.refused && bodies.passed < 4) {
    wrong(
      `a chunk of ${bodies.size} MiB got ${words(bodies.refused)}${bodies.passed ? `; ${most}` : ""}`,
      "The client cuts smaller by itself, but hashes twice for it. Raise the limit of bodies to 5 MiB or more: nginx client_max_body_size, "
        + "Express/multer limits, PHP post_max_size and upload_max_filesize, Spring spring.servlet.multipart.*; or set chunkSize in the page.",
    );
  }
  if (bodies.passed < 4) unknown("--largest is below 4");
  return bodies.refused ? `${most}, ${bodies.size} MiB does not` : most;
});

row("too-large", "should", "A chunk that is too large is refused in an answer that can be read, with 413", () => {
  if (!bodies.refused) unknown(bodies.passed ? `nothing was refused up to ${bodies.passed} MiB` : "no chunk was tried");
  const { refused, size } = bodies;
  if (refused.failure) {
    wrong(`${size} MiB: ${refused.failure}`, "Read (and drop) the body to its end before you answer 413: browsers show an early close as a network error, which is tried again for minutes.");
  }
  if (refused.status !== 413 && refused.code !== 413) wrong(`${size} MiB got ${words(refused)}`, "Answer 413: the client then cuts smaller chunks.");
});

row("odd-ext", "must", "An ext that could leave its folder is refused", async () => {
  needsUploads();
  for (const ext of ["/../x", "./../../x", ".a/b", ".a\\b", ".a\u0000b", "..", ".a..b/"]) {
    const said = await handshake({ ...randomFile(1), ext });
    left.unfinished -= 1;
    const advice = "Before ext comes near a path, check it: empty, or /^(\\.[A-Za-z0-9_-]+)+$/ with at most 32 characters.";
    if (said.failure) wrong(`${JSON.stringify(ext).slice(0, 40)}: ${said.failure}`, advice);
    if (said.success) wrong(`${JSON.stringify(ext).slice(0, 40)} was accepted`, advice);
  }
});

row("odd-ids", "must", "Ids that are no digests, such as ../x, are refused", async () => {
  needsUploads();
  const advice = "Before an id comes near a path, check it: /^[0-9a-fA-F]{32}$/ for fileId, the same with at most 11 of [0-9A-Za-z_-] behind it for a chunk's.";
  const odd = [`../xuchuan-${randomBytes(4).toString("hex")}`, `${"../".repeat(9)}tmp/xuchuan`, "..", "x/y", "C:\\x", "a\u0000b", `${"0".repeat(31)}/`];
  for (const id of odd) {
    const shown = JSON.stringify(id).slice(0, 40);
    const asFile = await postJson({ fileId: id, ext: ".bin", chunkIds: [someId] });
    if (asFile.failure || asFile.success) wrong(`fileId ${shown}: ${words(asFile)}`, advice);
    // A list may hold what it likes, as long as no chunk is stored by that name.
    const fileId = md5(randomBytes(9));
    const listed = await postJson({ fileId, ext: ".bin", chunkIds: [id] });
    if (listed.failure) wrong(`the chunk's id ${shown}: ${words(listed)}`, advice);
    const stored = await postForm({ fileId, chunkId: id, file: Buffer.from("x") });
    if (stored.failure || stored.success) wrong(`a chunk with the id ${shown}: ${words(stored)}`, advice);
    const sent = await postForm({ fileId: id, chunkId: someId, file: Buffer.from("x") });
    if (sent.failure || sent.success) wrong(`a chunk with fileId ${shown}: ${words(sent)}`, advice);
  }
});

row("upper-case", "should", "Digests in upper case mean the same", async () => {
  needsUploads();
  const plain = randomFile(2);
  const file = { ...plain, fileId: plain.fileId.toUpperCase(), ids: plain.ids.map((id) => id.toUpperCase()) };
  const advice = "Compare digests without regard to case (lower-case them first): some clients write upper case.";
  const said = await handshake(file);
  if (!said.success || !Array.isArray(said.data)) wrong(words(said), advice);
  const lower = file.ids.map((id) => id.toLowerCase());
  for (const id of said.data) {
    const index = lower.indexOf(String(id).toLowerCase());
    if (index < 0) wrong(`it lists ${quoted(id)}, which was not announced`, advice);
    const chunk = await sendChunk(file, index);
    if (!chunk.success) wrong(`a chunk got ${words(chunk)}`, advice);
  }
  await compare(file, await finish(file));
});

/** What the server answers to a GET of the first file with these headers. */
async function served(headers) {
  needsUploads();
  const got = await fetchBack(firstUrl, headers);
  if (got.failure || [401, 403, 404].includes(got.status)) unknown(`GET ${resolve(firstUrl)}: ${got.failure ?? got.status}`);
  return got;
}

row("range", "should", "Files are served by Range, so that downloads can go on", async () => {
  const got = await served({ Range: "bytes=10-29" });
  const advice = "Serve files with what your platform has for it (express.static, http.ServeContent, FileResponse, nginx): 206, Content-Range, exactly those bytes.";
  if (got.status !== 206) wrong(`Range: bytes=10-29 was answered with ${got.status}`, advice);
  const range = got.headers["content-range"];
  if (range !== `bytes 10-29/${first.whole.length}`) wrong(`Content-Range is ${quoted(range ?? "")}`, advice);
  if (!got.body.equals(first.whole.subarray(10, 30))) wrong(`${got.body.length} bytes came, or wrong ones`, advice);
});

row("etag", "should", "Files have a strong ETag, and If-Range is obeyed", async () => {
  const { etag } = (await served({})).headers;
  const advice = 'Send ETag: "<the file\'s MD5>", without W/: it is what lets a download go on with the same file only.';
  if (!etag) wrong("there is none", advice);
  if (etag.startsWith("W/")) wrong(`it is weak: ${etag}`, advice);
  if ((await served({ Range: "bytes=10-29" })).status !== 206) return "If-Range was not tried: there are no ranges";
  const same = await served({ Range: "bytes=10-29", "If-Range": etag });
  const other = await served({ Range: "bytes=10-29", "If-Range": '"another"' });
  if (other.status !== 200) wrong(`If-Range with another ETag was answered with ${other.status}`, "Answer 200 with the whole file: it has changed.");
  if (same.status !== 206) wrong(`If-Range with this ETag was answered with ${same.status}`, "Answer 206: the file is the same.");
});

row("sandbox", "should", "An uploaded page can't act for the site that serves it", async () => {
  needsUploads();
  const file = fileOf([Buffer.from(`<script>/* ${randomBytes(16).toString("hex")} */</script>`)], ".html");
  const url = await upload(file);
  const got = await fetchBack(url);
  if (got.failure || got.status !== 200) unknown(`GET ${resolve(url)}: ${got.failure ?? got.status}`);
  const { "content-type": type = "none", "x-content-type-options": sniff = "", "content-security-policy": csp = "", "content-disposition": saved = "" } = got.headers;
  if (!/nosniff/i.test(sniff)) wrong(`no X-Content-Type-Options: nosniff (type ${quoted(type)})`, "Send X-Content-Type-Options: nosniff with what was uploaded.");
  if (/html|xml/i.test(type) && !/\bsandbox\b/i.test(csp) && !/^\s*attachment/i.test(saved)) {
    wrong(`it is served as ${quoted(type)} and runs as a page of the site`, "Send Content-Security-Policy: sandbox with what was uploaded (or Content-Disposition: attachment), or serve it from another host.");
  }
});

if (settings.origin) {
  const { origin } = settings;
  const allows = (headers) => ["*", origin].includes(headers?.["access-control-allow-origin"]);
  const advice = `Answer Access-Control-Allow-Origin: ${origin} (or *) to every request, failures too.`;
  row("cors-preflight", "must", "The browser's preflight (OPTIONS) is answered for both addresses", async () => {
    for (const url of [settings.shake, settings.endpoint]) {
      const got = await request("OPTIONS", url, {
        Origin: origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type",
      });
      if (got.failure) wrong(`OPTIONS ${url.pathname}: ${got.failure}`);
      if (got.status < 200 || got.status > 299) wrong(`OPTIONS ${url.pathname} got ${got.status}`, "Answer OPTIONS with 204 before anything else, such as a login, looks at it.");
      if (!allows(got.headers)) wrong(`OPTIONS ${url.pathname} allows ${quoted(got.headers["access-control-allow-origin"] ?? "") || "no origin"}`, advice);
      const allowed = String(got.headers["access-control-allow-headers"] ?? "").toLowerCase();
      if (!/content-type|\*/.test(allowed)) wrong(`it allows the headers ${quoted(allowed) || "none"}`, "Allow Content-Type (and what your page sends, such as Authorization) in Access-Control-Allow-Headers.");
    }
  });
  row("cors-answers", "must", "Successes and failures can be read from that origin", async () => {
    const answers = [
      ["a handshake", await handshake(first, { Origin: origin })],
      ["a handshake that is refused", await postJson({}, { Origin: origin })],
      ["a chunk that is refused", await postForm({ file: Buffer.from("x") }, { Origin: origin })],
    ];
    for (const [what, said] of answers) {
      if (said.failure) wrong(`${what}: ${said.failure}`);
      if (!allows(said.headers)) wrong(`${what} has ${quoted(said.headers["access-control-allow-origin"] ?? "") || "no Access-Control-Allow-Origin"}`, advice);
    }
  });
  row("cors-download", "should", "Downloads from that origin can read what they need to go on", async () => {
    const { headers } = await served({ Origin: origin });
    if (!allows(headers)) wrong("the file's answer does not allow the origin", advice);
    const exposed = String(headers["access-control-expose-headers"] ?? "").toLowerCase();
    const hidden = ["Content-Range", "ETag"].filter((name) => !exposed.includes(name.toLowerCase()) && exposed.trim() !== "*");
    if (hidden.length > 0) wrong(`${hidden.join(" and ")} can't be read`, "Send Access-Control-Expose-Headers: Content-Range, ETag, Accept-Ranges, Retry-After.");
  });
}

row("alive", "must", "The server still answers after all this", async () => {
  silences = Math.min(silences, MOST_SILENCES - 1);
  const said = await handshake(first);
  if (said.failure) wrong(said.failure, "One of the rows above ended the process, or made it hang: the first that lost its connection says which.");
});

row("accepts", "must", "What it says in `accepts` is true", () => {
  const said = claims.filter((claim) => claim !== undefined);
  if (said.length === 0) return "it says nothing: clients send one chunk at a time, with unique ids";
  const claim = said[0];
  const form = 'The form is "accepts": { "parallel": 6, "repeats": true }, beside data.';
  if (typeof claim !== "object" || claim === null) wrong(`it says ${JSON.stringify(claim)}`, form);
  const { parallel, repeats } = claim;
  if (parallel !== undefined && !(Number.isInteger(parallel) && parallel > 0)) wrong(`parallel is ${JSON.stringify(parallel)}`, `${form} parallel is a whole number, 1 or more.`);
  if (repeats !== undefined && typeof repeats !== "boolean") wrong(`repeats is ${JSON.stringify(repeats)}`, `${form} repeats is true or false.`);
  if (parallel > 1 && mayParallel() === false) wrong(`it says parallel: ${parallel}, and fails with chunks at once`, "Leave parallel out until those rows are ok: the client believes it.");
  if (repeats === true && mayRepeat() === false) wrong("it says repeats: true, and fails with repeated ids", "Leave repeats out until that row is ok: the client believes it.");
  if (said.length < claims.length || JSON.stringify(said[0]) !== JSON.stringify(said.at(-1))) {
    wrong(`it says so in ${said.length} of ${claims.length} answers, or differently`, "Say it in every answer to a handshake, failures too: the client asks with a handshake that is refused.");
  }
  return `it says ${JSON.stringify(claim)}`;
});

// ---------------------------------------------------------------- the run

const outcomes = new Map();
const verdictOf = (id) => outcomes.get(id)?.verdict;

/** True or false where all rows of the kind were judged, null where one could not be. */
function all(kind) {
  const verdicts = rows.filter((one) => one.kind === kind).map(({ id }) => verdictOf(id));
  if (verdicts.includes("wrong")) return false;
  return verdicts.every((verdict) => verdict === "ok") ? true : null;
}
const mayParallel = () => all("parallel");
const mayRepeat = () => all("repeats");

/** Tells whether the server answers. A supervisor may need a moment to start a process again that a row has ended. */
async function comesBack() {
  for (let tries = 0; tries < 12 && silences < MOST_SILENCES; tries += 1) {
    const said = await handshake(first).catch(() => null);
    if (said && !said.failure) return true;
    await new Promise((go) => setTimeout(go, 250));
  }
  return false;
}

async function judge({ run }) {
  try {
    const note = await run();
    return { verdict: "ok", detail: typeof note === "string" ? note : "", advice: "" };
  } catch (error) {
    if (error instanceof Wrong) return { verdict: "wrong", detail: error.message, advice: error.advice };
    if (error instanceof Unknown) return { verdict: "unknown", detail: error.message, advice: "" };
    throw error;
  }
}

const LABEL = { ok: "ok", wrong: "wrong", unknown: "can't tell" };

function print({ title, verdict, detail, advice, kind }) {
  const note = verdict === "wrong" && kind !== "must" ? " (the client can do without)" : "";
  console.log(`${LABEL[verdict].padEnd(11)} ${title}${note}`);
  if (detail) console.log(`            ${detail}`);
  if (advice) console.log(`            → ${advice}`);
}

/** The row that ended the server, or that never reached it. */
let fatal = null;
for (const one of rows) {
  const isTried = fatal === null || one.id === "accepts" || (one.id === "alive" && fatal !== "answers");
  const skipped = { verdict: "unknown", detail: "not tried: the server does not answer any more", advice: "" };
  const outcome = isTried ? await judge(one) : skipped;
  outcomes.set(one.id, outcome);
  if (!settings.json) print({ ...one, ...outcome });
  if (outcome.verdict !== "wrong" || fatal !== null) continue;
  if (one.id === "answers" || (/connection|no answer|broke off/.test(outcome.detail) && !(await comesBack()))) fatal = one.id;
}

const wrongs = rows.filter(({ id, kind }) => kind === "must" && verdictOf(id) === "wrong");
// Of the two forms in which a file with repeated chunks can be announced one is enough.
const repeatable = verdictOf("repeats") !== "wrong" || verdictOf("index-ids") !== "wrong";
const conforms = wrongs.length === 0 && repeatable;
const may = { parallel: mayParallel(), repeats: mayRepeat() };
const says = claims.find((claim) => claim !== undefined) ?? null;

if (settings.json) {
  const table = rows.map(({ id, kind, title }) => ({ id, kind, title, ...outcomes.get(id) }));
  console.log(JSON.stringify({ url: settings.endpoint.href, conforms, may, says, rows: table, left }, null, 2));
} else {
  const member = [may.parallel && `"parallel": ${AT_ONCE}`, may.repeats && '"repeats": true'].filter(Boolean).join(", ");
  const reason = { true: "", false: " (a row on it is wrong)", null: " (it could not be judged)" };
  console.log("");
  console.log(conforms ? "The server conforms." : `The server does not conform: ${wrongs.length} rows that must be right are wrong.`);
  if (!repeatable) console.log("A file in which chunks repeat can't be uploaded: neither repeated ids nor ids with an index work.");
  if (member) console.log(`It may say "accepts": { ${member} } in its answers to handshakes${says ? "" : "; it says nothing yet, so clients send one chunk at a time"}.`);
  if (!may.parallel) console.log(`It may not say parallel${reason[may.parallel]}.`);
  if (!may.repeats) console.log(`It may not say repeats${reason[may.repeats]}.`);
  console.log("Not tried: a restart of the server in the middle of an upload.");
  console.log(`Left on the server: ${left.files} small files (${(left.bytes / MIB).toFixed(1)} MiB) and up to ${left.unfinished} unfinished uploads.`);
}
process.exitCode = conforms ? 0 : 1;
