"""A server of the xuchuan upload protocol in FastAPI.

    pip install -r requirements.txt
    DATA_DIR=data PORT=8000 ALLOW_ORIGIN=https://my.page python server.py

What is on the disk is the record: a chunk is needed as long as it has no file. Nothing is kept in memory between two
requests, so chunks may come in parallel and in any order, to several worker processes too, and a restart loses nothing
that was acknowledged.

    DATA_DIR/files/<fileId>                finished files
    DATA_DIR/parts/<fileId>/<md5>          chunks of unfinished ones
    DATA_DIR/parts/<fileId>/<cut>.json     the ids that a handshake announced, one list for each way to cut the file
"""

import hashlib
import io
import json
import mimetypes
import os
import re
import secrets
import shutil
import socket
import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.exceptions import HTTPException

DATA_DIR = Path(os.environ.get("DATA_DIR", "data")).resolve()
PORT = int(os.environ.get("PORT", "8000"))
ALLOW_ORIGIN = [origin.strip() for origin in os.environ.get("ALLOW_ORIGIN", "").split(",") if origin.strip()]

# Bytes of a request: a chunk of 32 MiB (enough for files of 32 GB) and its form.
BODY_LIMIT = 33 * 1024 * 1024
# What this server can do, said in every answer to a handshake: without it clients send one chunk at a time.
ACCEPTS = {"parallel": 6, "repeats": True}

FILES = DATA_DIR / "files"
PARTS = DATA_DIR / "parts"


class Failure(Exception):
    """An answer that is no success: its HTTP status, which is the envelope's code too, and what is wrong."""

    def __init__(self, status: int, msg: str):
        super().__init__(msg)
        self.status = status


# Names are checked before they come near a path.


def file_id_of(value) -> str:
    if value is None or value == "":
        raise Failure(403, "请携带文件编号")
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{32}", value):
        raise Failure(400, "fileId must be the file's MD5 in hex")
    return value.lower()


def md5_of(chunk_id) -> str:
    """An id is the chunk's MD5, for some clients with the chunk's index behind it. Chunks are stored by the MD5."""
    if not isinstance(chunk_id, str) or not re.fullmatch(r"[0-9a-fA-F]{32}[0-9A-Za-z_-]{0,11}", chunk_id):
        raise Failure(400, "a chunk's id must be its MD5 in hex, with or without its index")
    return chunk_id[:32].lower()


def is_ext(ext) -> bool:
    return isinstance(ext, str) and len(ext) <= 32 and re.fullmatch(r"(\.[A-Za-z0-9_-]+)*", ext) is not None


# What follows works with files and blocks: it runs in threads, never on the event loop.


def write_whole(name: Path, source) -> None:
    """Writes under a temporary name and renames: a reader sees the whole or nothing; the last of several writers wins."""
    temporary = name.with_name(f"{name.name}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
            file.flush()
            # What is acknowledged must survive a power cut.
            os.fsync(file.fileno())
        temporary.replace(name)
    finally:
        temporary.unlink(missing_ok=True)


def md5_of_file(file) -> str:
    digest = hashlib.md5()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def needed_of(folder: Path, ids: list[str]) -> list[str]:
    """The ids that have no chunk yet, each once."""
    try:
        there = set(os.listdir(folder))
    except FileNotFoundError:
        there = set()
    return [chunk_id for chunk_id in dict.fromkeys(ids) if md5_of(chunk_id) not in there]


def shake_hands(asked) -> str | list[str]:
    """The URL of a file that is there, or the ids of the chunks that are still needed."""
    if not isinstance(asked, dict):
        raise Failure(400, "the handshake must be a JSON object")
    file_id = file_id_of(asked.get("fileId"))
    ext, chunk_ids = asked.get("ext"), asked.get("chunkIds")
    if ext is None:
        raise Failure(403, "请携带文件后缀，例如 .mp4")
    if chunk_ids is None:
        raise Failure(403, "请按顺序设置文件的分片编号数组")
    if not is_ext(ext):
        raise Failure(400, "ext must be empty, or like .mp4")
    if not isinstance(chunk_ids, list):
        raise Failure(400, "chunkIds must be an array")
    parts = [md5_of(chunk_id) for chunk_id in chunk_ids]
    url = f"/files/{file_id}{ext}"
    if (FILES / file_id).is_file():
        return url
    try:
        needed = announce(file_id, chunk_ids, parts)
        # Asked after the chunks were counted: another handshake may have finished the file meanwhile, and removed them.
        if not (FILES / file_id).is_file():
            return needed
    except OSError:
        # It has removed the folder that this one was at.
        if not (FILES / file_id).is_file():
            raise
    shutil.rmtree(PARTS / file_id, ignore_errors=True)
    return url


def announce(file_id: str, chunk_ids: list[str], parts: list[str]) -> list[str]:
    """Notes the file's list of ids, and joins the chunks if all are there; otherwise returns those that are needed."""
    folder = PARTS / file_id
    folder.mkdir(parents=True, exist_ok=True)
    # Each way to cut the file has a list of its own: two devices may send the same file in chunks of different sizes.
    plan = folder / f"{hashlib.md5(chr(10).join(chunk_ids).encode()).hexdigest()}.json"
    if plan.is_file():
        plan.touch()
    else:
        write_whole(plan, io.BytesIO(json.dumps(chunk_ids).encode()))
    needed = needed_of(folder, chunk_ids)
    if not needed and not join(file_id, parts):
        needed = needed_of(folder, chunk_ids)
    return needed


def join(file_id: str, parts: list[str]) -> bool:
    """Joins the chunks into the file. Several requests may do it at once: each writes a file of its own, and renaming
    one over another of the same bytes is harmless. False if damaged chunks were found, which are then needed again."""
    folder, whole = PARTS / file_id, FILES / file_id
    temporary = FILES / f"{file_id}.{secrets.token_hex(8)}.tmp"
    digest = hashlib.md5()
    try:
        with temporary.open("wb") as file:
            for part in parts:
                with (folder / part).open("rb") as chunk:
                    while block := chunk.read(1 << 20):
                        digest.update(block)
                        file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if digest.hexdigest() == file_id:
            temporary.replace(whole)
            shutil.rmtree(folder, ignore_errors=True)
            return True
    except FileNotFoundError:
        # Another request was faster and has removed the chunks.
        if whole.is_file():
            return True
        raise
    finally:
        temporary.unlink(missing_ok=True)
    damaged = False
    for part in set(parts):
        with (folder / part).open("rb") as chunk:
            right = md5_of_file(chunk) == part
        if not right:
            damaged = True
            (folder / part).unlink(missing_ok=True)
    if not damaged:
        raise Failure(422, "the chunks are right, but together they are not fileId")
    return False


def take_chunk(file_id, chunk_id, upload) -> list[str]:
    """Takes a chunk; returns the ids that are still needed."""
    file_id = file_id_of(file_id)
    if not chunk_id:
        raise Failure(403, "请携带分片编号")
    name = md5_of(chunk_id)
    if not hasattr(upload, "file"):
        raise Failure(400, "send the chunk's bytes in the field file")
    whole, folder = FILES / file_id, PARTS / file_id
    # A request that was sent twice, or one of another cut.
    if whole.is_file():
        return []
    ids = announced(folder, chunk_id)
    if md5_of_file(upload.file) != name:
        raise Failure(422, "the chunk's bytes are not what its id says: send it again")
    upload.file.seek(0)
    try:
        if not (folder / name).is_file():
            write_whole(folder / name, upload.file)
    except FileNotFoundError:
        # The file was finished meanwhile, and its chunks removed.
        if not whole.is_file():
            raise
    return [] if whole.is_file() else needed_of(folder, ids)


def announced(folder: Path, chunk_id: str) -> list[str]:
    """The list of ids that has this one: of several the one that was announced last."""
    plans = []
    for plan in folder.glob("*.json"):
        try:
            plans.append((plan.stat().st_mtime_ns, json.loads(plan.read_bytes())))
        except FileNotFoundError:
            continue
    if not plans:
        # To this the client answers with a new handshake.
        raise Failure(403, "请先提交文件分片信息")
    fitting = [(at, ids) for at, ids in plans if chunk_id in ids]
    if not fitting:
        raise Failure(403, "该文件没有此分片信息")
    return max(fitting)[1]


app = FastAPI(openapi_url=None)


async def admit(request: Request) -> None:
    """Refuses a body that is too large by its announced length, which browsers always send. It is read to its end
    first: most clients miss an answer that comes before they have sent everything."""
    length = request.headers.get("content-length")
    if length is None or not length.isdigit():
        raise Failure(411, "say the length of the body")
    if int(length) > BODY_LIMIT:
        if int(length) <= 4 * BODY_LIMIT:
            async for _ in request.stream():
                pass
        raise Failure(413, f"a request may have at most {BODY_LIMIT} bytes: use smaller chunks")


@app.post("/api/upload/handshake")
async def handshake(request: Request):
    await admit(request)
    try:
        asked = json.loads(await request.body())
    except ValueError:
        raise Failure(400, "the handshake must be JSON") from None
    data = await run_in_threadpool(shake_hands, asked)
    return {"code": 0, "msg": "", "data": data, "accepts": ACCEPTS}


@app.post("/api/upload")
async def chunk(request: Request):
    await admit(request)
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Failure(415, "send the chunk as multipart/form-data")
    # Large files in a form go to a temporary file, not into memory.
    async with request.form(max_files=1, max_fields=20) as form:
        fields = form.get("fileId"), form.get("chunkId"), form.get("file")
        return {"code": 0, "msg": "", "data": await run_in_threadpool(take_chunk, *fields)}


@app.api_route("/files/{name}", methods=["GET", "HEAD"])
def download(name: str, request: Request):
    file_id, ext = name[:32].lower(), name[32:]
    if not re.fullmatch(r"[0-9a-f]{32}", file_id) or not is_ext(ext) or not (FILES / file_id).is_file():
        raise Failure(404, "there is no such file")
    headers = {
        "ETag": f'"{file_id}"',
        # Strangers have uploaded it: it must not act as a page of this site.
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    kind = mimetypes.guess_type(f"x{ext}")[0] or "application/octet-stream"
    # Range and If-Range are its own.
    return FileResponse(FILES / file_id, media_type=kind, headers=headers)


def refusal(request: Request, status: int, msg: str) -> JSONResponse:
    accepts = {"accepts": ACCEPTS} if request.url.path.endswith("/handshake") else {}
    return JSONResponse({"code": status, "msg": msg, "data": None, **accepts}, status)


@app.exception_handler(Failure)
def refuse(request: Request, failure: Failure):
    return refusal(request, failure.status, str(failure))


@app.exception_handler(HTTPException)
def refuse_form(request: Request, error: HTTPException):
    """What the framework itself refuses: an unknown path, a form that can't be read."""
    return refusal(request, error.status_code, str(error.detail))


@app.middleware("http")
async def breakdown(request: Request, call_next):
    """Makes the envelope of whatever else goes wrong, inside CORS so that pages can read it."""
    try:
        return await call_next(request)
    except Exception as error:  # noqa: BLE001
        print(f"{request.url.path}: {error!r}", file=sys.stderr)
        return refusal(request, 500, "the server failed; its log says why")


app.add_middleware(
    CORSMiddleware,
    allow_origins=ALLOW_ORIGIN,
    allow_credentials="*" not in ALLOW_ORIGIN,
    allow_methods=["GET", "HEAD", "POST"],
    allow_headers=["*"],
    expose_headers=["Content-Range", "Accept-Ranges", "ETag", "Content-Length", "Retry-After"],
    max_age=7200,
)


if __name__ == "__main__":
    FILES.mkdir(parents=True, exist_ok=True)
    PARTS.mkdir(parents=True, exist_ok=True)
    listener = socket.create_server(("127.0.0.1", PORT), backlog=128)
    print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
