<?php
// A server of the xuchuan upload protocol in PHP (8.1 or later), without extensions or packages.
//
//   DATA_DIR=data PORT=8000 ALLOW_ORIGIN=https://my.page php server.php
//
// starts PHP's own server on this file, with the limits that uploads need and several workers. Behind nginx or Apache
// let requests of /api/upload, /api/upload/handshake and /files/ run this file, and set in php.ini what `start` sets below.
//
// What is on the disk is the record: a chunk is needed as long as it has no file. Nothing is kept between two requests,
// so chunks may come in parallel and in any order, and a restart loses nothing that was acknowledged.
//
//   DATA_DIR/files/<fileId>                finished files
//   DATA_DIR/parts/<fileId>/<md5>          chunks of unfinished ones
//   DATA_DIR/parts/<fileId>/<cut>.json     the ids that a handshake announced, one list for each way to cut the file
declare(strict_types=1);

// Bytes of a chunk: 32 MiB are enough for files of 32 GB. PHP's defaults are 2 MB for a file and 8 MB for a form.
const CHUNK_LIMIT = 32 * 1024 * 1024;
const FORM_LIMIT = CHUNK_LIMIT + 1024 * 1024;
// What this server can do, said in every answer to a handshake: without it clients send one chunk at a time.
const ACCEPTS = ['parallel' => 6, 'repeats' => true];
const TYPES = ['.jpg' => 'image/jpeg', '.png' => 'image/png', '.pdf' => 'application/pdf', '.mp4' => 'video/mp4', '.txt' => 'text/plain; charset=utf-8'];

/** An answer that is no success: its HTTP status, which is the envelope's code too, and what is wrong. */
class Failure extends Exception
{
    public function __construct(public readonly int $status, string $message)
    {
        parent::__construct($message);
    }
}

function setting(string $name, string $otherwise): string
{
    $value = getenv($name);
    return $value === false || $value === '' ? $otherwise : $value;
}

function files(): string
{
    return setting('DATA_DIR', 'data') . '/files';
}

function parts(string $fileId): string
{
    return setting('DATA_DIR', 'data') . "/parts/$fileId";
}

/** Makes a folder; another request may make it at the same moment. */
function makeFolder(string $path): void
{
    if (!is_dir($path) && !@mkdir($path, 0777, true) && !is_dir($path)) {
        throw new RuntimeException("can't make the folder $path");
    }
}

/** Removes a folder of chunks; another request may do it too. */
function removeFolder(string $folder): void
{
    foreach (@scandir($folder) ?: [] as $name) {
        @unlink("$folder/$name");
    }
    @rmdir($folder);
}

// Names are checked before they come near a path.

function fileIdOf(mixed $value): string
{
    if ($value === null || $value === '') {
        throw new Failure(403, '请携带文件编号');
    }
    if (!is_string($value) || !preg_match('/^[0-9a-fA-F]{32}$/D', $value)) {
        throw new Failure(400, "fileId must be the file's MD5 in hex");
    }
    return strtolower($value);
}

/** An id is the chunk's MD5, for some clients with the chunk's index behind it. Chunks are stored by the MD5. */
function md5Of(mixed $chunkId): string
{
    if (!is_string($chunkId) || !preg_match('/^[0-9a-fA-F]{32}[0-9A-Za-z_-]{0,11}$/D', $chunkId)) {
        throw new Failure(400, "a chunk's id must be its MD5 in hex, with or without its index");
    }
    return strtolower(substr($chunkId, 0, 32));
}

function isExt(mixed $ext): bool
{
    return is_string($ext) && strlen($ext) <= 32 && preg_match('/^(\.[A-Za-z0-9_-]+)*$/D', $ext) === 1;
}

/** Writes under a temporary name and renames: a reader sees the whole or nothing; the last of several writers wins. */
function writeWhole(string $name, $source): void
{
    $temporary = $name . '.' . bin2hex(random_bytes(8)) . '.tmp';
    $file = @fopen($temporary, 'wb') ?: throw new RuntimeException("can't write $temporary");
    try {
        $size = fstat($source)['size'];
        // What is acknowledged must survive a power cut.
        if (stream_copy_to_stream($source, $file) !== $size || !fsync($file)) {
            throw new RuntimeException("can't write $temporary: is the disk full?");
        }
        if (!@rename($temporary, $name)) {
            throw new RuntimeException("can't rename $temporary");
        }
    } finally {
        fclose($file);
        @unlink($temporary);
    }
}

/** The ids that have no chunk yet, each once. */
function neededOf(string $folder, array $ids): array
{
    $there = array_flip(@scandir($folder) ?: []);
    return array_values(array_filter(array_unique($ids), fn (string $id) => !isset($there[md5Of($id)])));
}

/** The URL of a file that is there, or the ids of the chunks that are still needed. */
function handshake(): string|array
{
    if ((int) ($_SERVER['CONTENT_LENGTH'] ?? 0) > FORM_LIMIT) {
        throw new Failure(413, 'the handshake is too large: use larger chunks');
    }
    $asked = json_decode(file_get_contents('php://input'), true, 8);
    if (!is_array($asked)) {
        throw new Failure(400, 'the handshake must be a JSON object');
    }
    $fileId = fileIdOf($asked['fileId'] ?? null);
    $ext = $asked['ext'] ?? throw new Failure(403, '请携带文件后缀，例如 .mp4');
    $ids = $asked['chunkIds'] ?? throw new Failure(403, '请按顺序设置文件的分片编号数组');
    if (!isExt($ext)) {
        throw new Failure(400, 'ext must be empty, or like .mp4');
    }
    if (!is_array($ids) || !array_is_list($ids)) {
        throw new Failure(400, 'chunkIds must be an array');
    }
    $names = array_map(md5Of(...), $ids);
    $url = "/files/$fileId$ext";
    if (is_file(files() . "/$fileId")) {
        return $url;
    }
    $error = null;
    try {
        $needed = announce($fileId, $ids, $names);
    } catch (Exception $error) {
    }
    // Asked afterwards: another handshake may have finished the file meanwhile, and removed the folder that this one was at.
    clearstatcache();
    if (is_file(files() . "/$fileId")) {
        removeFolder(parts($fileId));
        return $url;
    }
    return $error ? throw $error : $needed;
}

/** Notes the file's list of ids, and joins the chunks if all are there; otherwise returns those that are needed. */
function announce(string $fileId, array $ids, array $names): array
{
    $folder = parts($fileId);
    makeFolder($folder);
    // Each way to cut the file has a list of its own: two devices may send the same file in chunks of different sizes.
    $list = $folder . '/' . md5(implode("\n", $ids)) . '.json';
    if (!is_file($list)) {
        $text = fopen('php://memory', 'w+b');
        fwrite($text, json_encode($ids));
        rewind($text);
        writeWhole($list, $text);
    }
    @touch($list);
    $needed = neededOf($folder, $ids);
    if (!$needed && !joinChunks($fileId, $names)) {
        $needed = neededOf($folder, $ids);
    }
    return $needed;
}

/**
 * Joins the chunks into the file. Several requests may do it at once: each writes a file of its own, and renaming one
 * over another of the same bytes is harmless. False if damaged chunks were found, which are then needed again.
 */
function joinChunks(string $fileId, array $names): bool
{
    // The time limit is for the page's visitors, not for gigabytes.
    set_time_limit(0);
    $folder = parts($fileId);
    $whole = files() . "/$fileId";
    $temporary = $whole . '.' . bin2hex(random_bytes(8)) . '.tmp';
    $digest = hash_init('md5');
    $file = fopen($temporary, 'wb') ?: throw new RuntimeException("can't write $temporary");
    try {
        foreach ($names as $name) {
            $chunk = @fopen("$folder/$name", 'rb');
            if (!$chunk) {
                // Another request was faster and has removed the chunks.
                if (is_file($whole)) {
                    return true;
                }
                throw new RuntimeException("can't read $folder/$name");
            }
            while (($block = fread($chunk, 1 << 20)) !== false && $block !== '') {
                hash_update($digest, $block);
                if (fwrite($file, $block) !== strlen($block)) {
                    throw new RuntimeException("can't write $temporary: is the disk full?");
                }
            }
            fclose($chunk);
        }
        if (hash_final($digest) === $fileId && fsync($file) && rename($temporary, $whole)) {
            removeFolder($folder);
            return true;
        }
    } finally {
        fclose($file);
        @unlink($temporary);
    }
    $damaged = array_filter(array_unique($names), fn (string $name) => @md5_file("$folder/$name") !== $name);
    if (!$damaged) {
        throw new Failure(422, 'the chunks are right, but together they are not fileId');
    }
    foreach ($damaged as $name) {
        @unlink("$folder/$name");
    }
    return false;
}

/** Takes a chunk; answers the ids that are still needed. */
function chunk(): array
{
    // Beyond post_max_size PHP gives no fields at all.
    $upload = $_FILES['file'] ?? null;
    $error = $upload['error'] ?? UPLOAD_ERR_NO_FILE;
    if ((int) ($_SERVER['CONTENT_LENGTH'] ?? 0) > FORM_LIMIT || $error === UPLOAD_ERR_INI_SIZE) {
        throw new Failure(413, 'a chunk may have at most ' . CHUNK_LIMIT . ' bytes: use smaller ones');
    }
    $fileId = fileIdOf($_POST['fileId'] ?? null);
    $chunkId = $_POST['chunkId'] ?? '';
    if ($chunkId === '') {
        throw new Failure(403, '请携带分片编号');
    }
    $name = md5Of($chunkId);
    if ($error !== UPLOAD_ERR_OK) {
        throw new Failure(400, "send the chunk's bytes in the field file (PHP's upload error $error)");
    }
    $whole = files() . "/$fileId";
    // A request that was sent twice, or one of another cut.
    if (is_file($whole)) {
        return [];
    }
    $folder = parts($fileId);
    $ids = announced($folder, $chunkId);
    if (md5_file($upload['tmp_name']) !== $name) {
        throw new Failure(422, "the chunk's bytes are not what its id says: send it again");
    }
    try {
        if (!is_file("$folder/$name")) {
            writeWhole("$folder/$name", fopen($upload['tmp_name'], 'rb'));
        }
    } catch (RuntimeException $error) {
        // The file was finished meanwhile, and its chunks removed.
        clearstatcache();
        if (!is_file($whole)) {
            throw $error;
        }
    }
    clearstatcache();
    return is_file($whole) ? [] : neededOf($folder, $ids);
}

/** The list of ids that has this one: of several the one that was announced last. */
function announced(string $folder, string $chunkId): array
{
    $found = null;
    $latest = 0;
    $lists = glob("$folder/*.json");
    foreach ($lists as $list) {
        $at = @filemtime($list);
        $ids = json_decode(@file_get_contents($list) ?: '[]', true);
        if (in_array($chunkId, $ids, true) && $at >= $latest) {
            [$found, $latest] = [$ids, $at];
        }
    }
    if (!$lists) {
        // To this the client answers with a new handshake.
        throw new Failure(403, '请先提交文件分片信息');
    }
    return $found ?? throw new Failure(403, '该文件没有此分片信息');
}

/** Serves a file, or one range of it. */
function download(string $name): void
{
    [$fileId, $ext] = [strtolower(substr($name, 0, 32)), substr($name, 32)];
    $path = files() . "/$fileId";
    if (!preg_match('/^[0-9a-f]{32}$/D', $fileId) || !isExt($ext) || !is_file($path)) {
        throw new Failure(404, 'there is no such file');
    }
    $size = filesize($path);
    $etag = "\"$fileId\"";
    header('Content-Type: ' . (TYPES[strtolower($ext)] ?? 'application/octet-stream'));
    header("ETag: $etag");
    header('Accept-Ranges: bytes');
    header('Last-Modified: ' . gmdate('D, d M Y H:i:s', filemtime($path)) . ' GMT');
    // Strangers have uploaded it: it must not act as a page of this site.
    header('X-Content-Type-Options: nosniff');
    header('Content-Security-Policy: sandbox');
    if (($_SERVER['HTTP_IF_NONE_MATCH'] ?? '') === $etag) {
        http_response_code(304);
        return;
    }
    [$start, $end] = [0, $size - 1];
    // One range; a list of them is answered with the whole, as RFC 9110 allows.
    $ranged = preg_match('/^bytes=(\d{0,18})-(\d{0,18})$/D', $_SERVER['HTTP_RANGE'] ?? '', $range) && $range[0] !== 'bytes=-';
    if ($ranged && ($_SERVER['HTTP_IF_RANGE'] ?? $etag) === $etag) {
        if ($range[1] === '') {
            $start = max(0, $size - (int) $range[2]);
        } else {
            [$start, $end] = [(int) $range[1], $range[2] === '' ? $end : min($end, (int) $range[2])];
        }
        if ($start > $end) {
            http_response_code(416);
            header("Content-Range: bytes */$size");
            return;
        }
        http_response_code(206);
        header("Content-Range: bytes $start-$end/$size");
    }
    header('Content-Length: ' . ($end - $start + 1));
    if ($_SERVER['REQUEST_METHOD'] === 'HEAD') {
        return;
    }
    set_time_limit(0);
    $file = fopen($path, 'rb');
    fseek($file, $start);
    for ($left = $end - $start + 1; $left > 0 && !connection_aborted(); $left -= strlen($block)) {
        $block = fread($file, min($left, 1 << 16));
        if ($block === false || $block === '') {
            return;
        }
        echo $block;
        flush();
    }
}

/** Lets the pages of ALLOW_ORIGIN (a list, or *) call this server and read its answers, failures too. */
function cors(): void
{
    $origin = $_SERVER['HTTP_ORIGIN'] ?? '';
    $origins = array_map(trim(...), explode(',', setting('ALLOW_ORIGIN', '')));
    $named = in_array($origin, $origins, true);
    header('Vary: Origin');
    if ($origin === '' || !$named && !in_array('*', $origins, true)) {
        return;
    }
    header('Access-Control-Allow-Origin: ' . ($named ? $origin : '*'));
    if ($named) {
        header('Access-Control-Allow-Credentials: true');
    }
    header('Access-Control-Expose-Headers: Content-Range, Accept-Ranges, ETag, Content-Length, Retry-After');
    header('Access-Control-Allow-Methods: GET, HEAD, POST');
    header('Access-Control-Allow-Headers: ' . ($_SERVER['HTTP_ACCESS_CONTROL_REQUEST_HEADERS'] ?? 'Content-Type'));
    header('Access-Control-Max-Age: 7200');
}

function answer(int $status, array $envelope): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    header('Cache-Control: no-store');
    echo json_encode($envelope, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
}

function serve(): void
{
    // A warning printed into the answer would make it something else than JSON.
    ini_set('display_errors', '0');
    cors();
    $method = $_SERVER['REQUEST_METHOD'];
    $path = (string) parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
    $accepts = $path === '/api/upload/handshake' ? ['accepts' => ACCEPTS] : [];
    try {
        makeFolder(files());
        if ($method === 'OPTIONS') {
            http_response_code(204);
        } elseif ($method === 'POST' && $accepts) {
            answer(200, ['code' => 0, 'msg' => '', 'data' => handshake()] + $accepts);
        } elseif ($method === 'POST' && $path === '/api/upload') {
            answer(200, ['code' => 0, 'msg' => '', 'data' => chunk()]);
        } elseif (in_array($method, ['GET', 'HEAD'], true) && str_starts_with($path, '/files/')) {
            download(substr($path, strlen('/files/')));
        } else {
            throw new Failure(404, 'there is nothing here');
        }
    } catch (Failure $failure) {
        answer($failure->status, ['code' => $failure->status, 'msg' => $failure->getMessage(), 'data' => null] + $accepts);
    } catch (Throwable $error) {
        error_log((string) $error);
        answer(500, ['code' => 500, 'msg' => 'the server failed; its log says why', 'data' => null] + $accepts);
    }
}

/** Runs PHP's own server on this file. It answers one request at a time for each of its workers. */
function start(): void
{
    $port = (int) setting('PORT', '8000');
    if ($port === 0) {
        $probe = stream_socket_server('tcp://127.0.0.1:0');
        $port = (int) substr(strrchr(stream_socket_get_name($probe, false), ':'), 1);
        fclose($probe);
    }
    putenv('PHP_CLI_SERVER_WORKERS=' . setting('PHP_CLI_SERVER_WORKERS', '8'));
    $limits = ['upload_max_filesize' => CHUNK_LIMIT, 'post_max_size' => FORM_LIMIT, 'max_execution_time' => 0, 'max_input_time' => -1];
    $flags = implode(' ', array_map(fn ($name, $value) => "-d $name=$value", array_keys($limits), $limits));
    echo "listening on http://127.0.0.1:$port\n";
    flush();
    passthru(escapeshellarg(PHP_BINARY) . " $flags -q -S 127.0.0.1:$port " . escapeshellarg(__FILE__));
}

if (PHP_SAPI === 'cli') {
    start();
} else {
    serve();
}
