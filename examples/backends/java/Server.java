// A server of the xuchuan upload protocol in Java (17 or later), with the JDK's own HTTP server and nothing else.
//
//   DATA_DIR=data PORT=8000 ALLOW_ORIGIN=https://my.page java Server.java
//
// What is on the disk is the record: a chunk is needed as long as it has no file. Nothing is kept in memory between two
// requests, so chunks may come in parallel and in any order, and a restart loses nothing that was acknowledged.
//
//   DATA_DIR/files/<fileId>                finished files
//   DATA_DIR/parts/<fileId>/<md5>          chunks of unfinished ones
//   DATA_DIR/parts/<fileId>/<cut>.ids      the ids that a handshake announced, one list for each way to cut the file
//
// The JDK has no JSON and no multipart: small readers for both are at the end. With a framework you have them, and keep
// what is between (Spring: @RequestBody, MultipartFile, ResourceHttpRequestHandler).
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

public class Server {
    /** Bytes of a request, which is held in memory: a chunk of 32 MiB (enough for files of 32 GB) and its form. */
    static final int BODY_LIMIT = 33 << 20;
    /** What this server can do, said in every answer to a handshake: without it clients send one chunk at a time. */
    static final String ACCEPTS = ", \"accepts\": { \"parallel\": 6, \"repeats\": true }";

    static final Path DATA = Path.of(setting("DATA_DIR", "data")).toAbsolutePath();
    static final Path FILES = DATA.resolve("files");
    static final Path PARTS = DATA.resolve("parts");
    static final List<String> ORIGINS = Stream.of(setting("ALLOW_ORIGIN", "").split(",")).map(String::trim).toList();

    static final Pattern FILE_ID = Pattern.compile("[0-9a-fA-F]{32}");
    static final Pattern CHUNK_ID = Pattern.compile("[0-9a-fA-F]{32}[0-9A-Za-z_-]{0,11}");
    static final Pattern EXT = Pattern.compile("(\\.[A-Za-z0-9_-]+)*");

    /** An answer that is no success: its HTTP status, which is the envelope's code too, and what is wrong. */
    static class Failure extends Exception {
        final int status;

        Failure(int status, String message) {
            super(message);
            this.status = status;
        }
    }

    interface Work {
        Object answer(HttpExchange exchange) throws Exception;
    }

    public static void main(String[] args) throws IOException {
        // Without it every answer waits some 40 ms for the client's acknowledgement.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Files.createDirectories(FILES);
        Files.createDirectories(PARTS);
        int port = Integer.parseInt(setting("PORT", "8000"));
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 128);
        server.createContext("/api/upload/handshake", exchange -> api(exchange, Server::handshake, ACCEPTS));
        server.createContext("/api/upload", exchange -> api(exchange, Server::chunk, ""));
        server.createContext("/files/", Server::download);
        server.setExecutor(Executors.newFixedThreadPool(32));
        server.start();
        System.out.println("listening on http://127.0.0.1:" + server.getAddress().getPort());
    }

    static String setting(String name, String otherwise) {
        String value = System.getenv(name);
        return value == null || value.isEmpty() ? otherwise : value;
    }

    /** Answers with the envelope, whatever happens. */
    static void api(HttpExchange exchange, Work work, String accepts) throws IOException {
        try (exchange) {
            if (cors(exchange)) return;
            int status = 200;
            String said;
            try {
                if (!exchange.getRequestMethod().equals("POST")) throw new Failure(405, "send a POST");
                said = "\"code\": 0, \"msg\": \"\", \"data\": " + json(work.answer(exchange));
            } catch (Exception error) {
                boolean known = error instanceof Failure;
                status = known ? ((Failure) error).status : 500;
                if (!known) error.printStackTrace();
                String msg = known ? error.getMessage() : "the server failed; its log says why";
                said = "\"code\": " + status + ", \"msg\": " + json(msg) + ", \"data\": null";
            }
            byte[] body = ("{ " + said + accepts + " }").getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            exchange.getResponseHeaders().set("Cache-Control", "no-store");
            exchange.sendResponseHeaders(status, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    /** Answers the URL of a file that is there, or the ids of the chunks that are still needed. */
    static Object handshake(HttpExchange exchange) throws Exception {
        Object read;
        try {
            read = new Json(new String(body(exchange), StandardCharsets.UTF_8)).whole();
        } catch (IllegalArgumentException | IndexOutOfBoundsException error) {
            throw new Failure(400, "the handshake must be JSON");
        }
        if (!(read instanceof Map<?, ?> asked)) throw new Failure(400, "the handshake must be a JSON object");
        // Names are checked before they come near a path.
        String fileId = fileIdOf(asked.get("fileId"));
        if (asked.get("ext") == null) throw new Failure(403, "请携带文件后缀，例如 .mp4");
        if (asked.get("chunkIds") == null) throw new Failure(403, "请按顺序设置文件的分片编号数组");
        if (!(asked.get("ext") instanceof String ext) || !isExt(ext)) throw new Failure(400, "ext must be empty, or like .mp4");
        if (!(asked.get("chunkIds") instanceof List<?> list)) throw new Failure(400, "chunkIds must be an array");
        List<String> ids = new ArrayList<>();
        for (Object id : list) {
            md5Of(id);
            ids.add((String) id);
        }
        String url = "/files/" + fileId + ext;
        if (Files.exists(FILES.resolve(fileId))) return url;
        try {
            List<String> needed = announce(fileId, ids);
            // Asked after the chunks were counted: another handshake may have finished the file meanwhile, and removed them.
            if (!Files.exists(FILES.resolve(fileId))) return needed;
        } catch (FileSystemException error) {
            // It has removed the folder, just when this one wrote into it.
            if (!Files.exists(FILES.resolve(fileId))) throw error;
        }
        remove(PARTS.resolve(fileId));
        return url;
    }

    /** Notes the file's list of ids, and joins the chunks if all are there; otherwise returns those that are needed. */
    static List<String> announce(String fileId, List<String> ids) throws Exception {
        Path folder = PARTS.resolve(fileId);
        Files.createDirectories(folder);
        // Each way to cut the file has a list of its own: two devices may send the same file in chunks of different sizes.
        byte[] text = String.join("\n", ids).getBytes(StandardCharsets.US_ASCII);
        Path plan = folder.resolve(hex(md5().digest(text)) + ".ids");
        if (Files.exists(plan)) Files.setLastModifiedTime(plan, FileTime.from(Instant.now()));
        else writeWhole(plan, ByteBuffer.wrap(text));
        List<String> needed = neededOf(folder, ids);
        return needed.isEmpty() && !join(fileId, ids) ? neededOf(folder, ids) : needed;
    }

    /**
     * Joins the chunks into the file. Several requests may do it at once: each writes a file of its own, and renaming
     * one over another of the same bytes is harmless. False if damaged chunks were found, which are then needed again.
     */
    static boolean join(String fileId, List<String> ids) throws Exception {
        Path folder = PARTS.resolve(fileId);
        Path whole = FILES.resolve(fileId);
        Path temporary = temporary(whole);
        MessageDigest digest = md5();
        try {
            try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                for (String id : ids) {
                    try (InputStream in = Files.newInputStream(folder.resolve(md5Of(id)))) {
                        for (byte[] block; (block = in.readNBytes(1 << 20)).length > 0; ) {
                            digest.update(block);
                            writeAll(out, ByteBuffer.wrap(block));
                        }
                    }
                }
                out.force(true);
            }
            if (hex(digest.digest()).equals(fileId)) {
                Files.move(temporary, whole, StandardCopyOption.ATOMIC_MOVE);
                remove(folder);
                return true;
            }
        } catch (NoSuchFileException error) {
            // Another request was faster and has removed the chunks.
            if (Files.exists(whole)) return true;
            throw error;
        } finally {
            Files.deleteIfExists(temporary);
        }
        boolean damaged = false;
        for (String id : new LinkedHashSet<>(ids)) {
            Path chunk = folder.resolve(md5Of(id));
            if (Files.exists(chunk) && hex(md5().digest(Files.readAllBytes(chunk))).equals(md5Of(id))) continue;
            damaged = true;
            Files.deleteIfExists(chunk);
        }
        if (!damaged) throw new Failure(422, "the chunks are right, but together they are not fileId");
        return false;
    }

    static void remove(Path folder) throws IOException {
        try (Stream<Path> inside = Files.list(folder)) {
            for (Path path : inside.toList()) Files.deleteIfExists(path);
            Files.deleteIfExists(folder);
        } catch (NoSuchFileException | DirectoryNotEmptyException another) {
            // Another request removes it too, or has just put a chunk into it that is not needed any more.
        }
    }

    /** Takes a chunk; answers the ids that are still needed. */
    static Object chunk(HttpExchange exchange) throws Exception {
        String type = String.valueOf(exchange.getRequestHeaders().getFirst("Content-Type"));
        byte[] body = body(exchange);
        Matcher boundary = Pattern.compile("boundary=\"?([^\";]+)").matcher(type);
        if (!type.startsWith("multipart/form-data") || !boundary.find()) throw new Failure(415, "send the chunk as multipart/form-data");
        Map<String, ByteBuffer> form = form(body, boundary.group(1));
        String fileId = fileIdOf(text(form.get("fileId")));
        String chunkId = text(form.get("chunkId"));
        if (chunkId == null || chunkId.isEmpty()) throw new Failure(403, "请携带分片编号");
        String name = md5Of(chunkId);
        ByteBuffer bytes = form.get("file");
        if (bytes == null) throw new Failure(400, "send the chunk's bytes in the field file");
        Path whole = FILES.resolve(fileId);
        // A request that was sent twice, or one of another cut.
        if (Files.exists(whole)) return List.of();

        Path folder = PARTS.resolve(fileId);
        List<String> ids = announced(folder, chunkId);
        MessageDigest digest = md5();
        digest.update(bytes.duplicate());
        if (!hex(digest.digest()).equals(name)) throw new Failure(422, "the chunk's bytes are not what its id says: send it again");
        try {
            if (!Files.exists(folder.resolve(name))) writeWhole(folder.resolve(name), bytes);
        } catch (NoSuchFileException error) {
            // The file was finished meanwhile, and its chunks removed.
            if (!Files.exists(whole)) throw error;
        }
        return Files.exists(whole) ? List.of() : neededOf(folder, ids);
    }

    /** The list of ids that has this one: of several the one that was announced last. */
    static List<String> announced(Path folder, String chunkId) throws IOException, Failure {
        List<String> found = null;
        FileTime latest = FileTime.fromMillis(0);
        boolean any = false;
        for (String name : names(folder)) {
            if (!name.endsWith(".ids")) continue;
            Path plan = folder.resolve(name);
            try {
                FileTime at = Files.getLastModifiedTime(plan);
                List<String> ids = Files.readAllLines(plan);
                any = true;
                if (!ids.contains(chunkId) || at.compareTo(latest) < 0) continue;
                found = ids;
                latest = at;
            } catch (NoSuchFileException gone) {
                // The file was finished meanwhile.
            }
        }
        // To this the client answers with a new handshake.
        if (!any) throw new Failure(403, "请先提交文件分片信息");
        if (found == null) throw new Failure(403, "该文件没有此分片信息");
        return found;
    }

    /** The ids that have no chunk yet, each once. */
    static List<String> neededOf(Path folder, List<String> ids) throws IOException, Failure {
        Set<String> there = names(folder);
        List<String> needed = new ArrayList<>();
        for (String id : new LinkedHashSet<>(ids)) if (!there.contains(md5Of(id))) needed.add(id);
        return needed;
    }

    static Set<String> names(Path folder) throws IOException {
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.map(path -> path.getFileName().toString()).collect(Collectors.toSet());
        } catch (NoSuchFileException none) {
            return Set.of();
        }
    }

    static String fileIdOf(Object value) throws Failure {
        if (value == null || value.equals("")) throw new Failure(403, "请携带文件编号");
        if (!(value instanceof String id) || !FILE_ID.matcher(id).matches()) throw new Failure(400, "fileId must be the file's MD5 in hex");
        return id.toLowerCase(Locale.ROOT);
    }

    /** An id is the chunk's MD5, for some clients with the chunk's index behind it. Chunks are stored by the MD5. */
    static String md5Of(Object chunkId) throws Failure {
        if (!(chunkId instanceof String id) || !CHUNK_ID.matcher(id).matches()) {
            throw new Failure(400, "a chunk's id must be its MD5 in hex, with or without its index");
        }
        return id.substring(0, 32).toLowerCase(Locale.ROOT);
    }

    static boolean isExt(String ext) {
        return ext.length() <= 32 && EXT.matcher(ext).matches();
    }

    /** Writes under a temporary name and renames: a reader sees the whole or nothing; the last of several writers wins. */
    static void writeWhole(Path name, ByteBuffer bytes) throws IOException {
        Path temporary = temporary(name);
        try {
            try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                writeAll(out, bytes);
                // What is acknowledged must survive a power cut.
                out.force(true);
            }
            Files.move(temporary, name, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    static void writeAll(FileChannel out, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) out.write(bytes);
    }

    static Path temporary(Path name) {
        return name.resolveSibling(name.getFileName() + "." + UUID.randomUUID() + ".tmp");
    }

    static MessageDigest md5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException never) {
            throw new IllegalStateException(never);
        }
    }

    static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    /** Reads a body. What is too large is read to its end and dropped: most clients miss an answer that comes before. */
    static byte[] body(HttpExchange exchange) throws IOException, Failure {
        InputStream in = exchange.getRequestBody();
        byte[] bytes = in.readNBytes(BODY_LIMIT + 1);
        if (bytes.length <= BODY_LIMIT) return bytes;
        byte[] dropped = new byte[1 << 16];
        for (long rest = 3L * BODY_LIMIT, read; rest > 0 && (read = in.read(dropped)) > 0; ) rest -= read;
        throw new Failure(413, "a request may have at most " + BODY_LIMIT + " bytes: use smaller chunks");
    }

    /** Serves a file, or one range of it. */
    static void download(HttpExchange exchange) throws IOException {
        try (exchange) {
            if (cors(exchange)) return;
            String name = exchange.getRequestURI().getPath().substring("/files/".length());
            boolean valid = name.length() >= 32 && FILE_ID.matcher(name.substring(0, 32)).matches() && isExt(name.substring(32));
            Path file = FILES.resolve(valid ? name.substring(0, 32).toLowerCase(Locale.ROOT) : "none");
            if (!Files.exists(file)) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            long size = Files.size(file);
            String etag = "\"" + file.getFileName() + "\"";
            String type = URLConnection.guessContentTypeFromName(name);
            var headers = exchange.getResponseHeaders();
            headers.set("Content-Type", type == null ? "application/octet-stream" : type);
            headers.set("ETag", etag);
            headers.set("Accept-Ranges", "bytes");
            headers.set("Last-Modified", DateTimeFormatter.RFC_1123_DATE_TIME.format(Files.getLastModifiedTime(file).toInstant().atOffset(ZoneOffset.UTC)));
            // Strangers have uploaded it: it must not act as a page of this site.
            headers.set("X-Content-Type-Options", "nosniff");
            headers.set("Content-Security-Policy", "sandbox");
            var asked = exchange.getRequestHeaders();
            if (etag.equals(asked.getFirst("If-None-Match"))) {
                exchange.sendResponseHeaders(304, -1);
                return;
            }
            long start = 0;
            long end = size - 1;
            int status = 200;
            // One range; a list of them is answered with the whole, as RFC 9110 allows.
            Matcher range = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})").matcher(String.valueOf(asked.getFirst("Range")));
            String condition = asked.getFirst("If-Range");
            if (range.matches() && !range.group().equals("bytes=-") && (condition == null || condition.equals(etag))) {
                String from = range.group(1);
                String to = range.group(2);
                start = from.isEmpty() ? Math.max(0, size - Long.parseLong(to)) : Long.parseLong(from);
                if (!from.isEmpty() && !to.isEmpty()) end = Math.min(end, Long.parseLong(to));
                if (start > end) {
                    headers.set("Content-Range", "bytes */" + size);
                    exchange.sendResponseHeaders(416, -1);
                    return;
                }
                status = 206;
                headers.set("Content-Range", "bytes " + start + "-" + end + "/" + size);
            }
            long length = end - start + 1;
            if (exchange.getRequestMethod().equals("HEAD") || length == 0) {
                headers.set("Content-Length", String.valueOf(length));
                exchange.sendResponseHeaders(status, -1);
                return;
            }
            exchange.sendResponseHeaders(status, length);
            try (InputStream in = Files.newInputStream(file); OutputStream out = exchange.getResponseBody()) {
                in.skipNBytes(start);
                for (byte[] block; length > 0 && (block = in.readNBytes((int) Math.min(length, 1 << 16))).length > 0; length -= block.length) out.write(block);
            }
        }
    }

    /** Lets the pages of ALLOW_ORIGIN (a list, or *) call this server and read its answers. True for a preflight. */
    static boolean cors(HttpExchange exchange) throws IOException {
        var asked = exchange.getRequestHeaders();
        var headers = exchange.getResponseHeaders();
        String origin = asked.getFirst("Origin");
        boolean named = ORIGINS.contains(origin);
        headers.set("Vary", "Origin");
        if (origin != null && (named || ORIGINS.contains("*"))) {
            headers.set("Access-Control-Allow-Origin", named ? origin : "*");
            if (named) headers.set("Access-Control-Allow-Credentials", "true");
            headers.set("Access-Control-Expose-Headers", "Content-Range, Accept-Ranges, ETag, Content-Length, Retry-After");
            headers.set("Access-Control-Allow-Methods", "GET, HEAD, POST");
            String wanted = asked.getFirst("Access-Control-Request-Headers");
            headers.set("Access-Control-Allow-Headers", wanted == null ? "Content-Type" : wanted);
            headers.set("Access-Control-Max-Age", "7200");
        }
        if (!exchange.getRequestMethod().equals("OPTIONS")) return false;
        exchange.sendResponseHeaders(204, -1);
        return true;
    }

    /** The fields of a multipart form (RFC 7578): the bytes between boundaries, behind each part's head. */
    static Map<String, ByteBuffer> form(byte[] body, String boundary) throws Failure {
        Map<String, ByteBuffer> fields = new HashMap<>();
        byte[] delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
        byte[] blank = "\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);
        Pattern named = Pattern.compile("[ ;]name=\"([^\"]*)\"");
        // The first boundary has no line before it.
        int start = delimiter.length - 2;
        for (int end; (end = find(body, delimiter, start)) >= 0; start = end + delimiter.length) {
            int head = find(body, blank, start);
            if (head < 0 || head > end) throw new Failure(400, "the form can't be read");
            Matcher name = named.matcher(new String(body, start, head - start, StandardCharsets.UTF_8));
            int from = head + blank.length;
            if (name.find()) fields.put(name.group(1), ByteBuffer.wrap(body, from, Math.max(0, end - from)).slice());
        }
        return fields;
    }

    static int find(byte[] in, byte[] what, int from) {
        search:
        for (int at = from; at <= in.length - what.length; at++) {
            for (int i = 0; i < what.length; i++) if (in[at + i] != what[i]) continue search;
            return at;
        }
        return -1;
    }

    static String text(ByteBuffer bytes) {
        return bytes == null ? null : StandardCharsets.UTF_8.decode(bytes.duplicate()).toString();
    }

    /** Writes a string, or a list of them, as JSON. */
    static String json(Object value) {
        if (value instanceof List<?> list) return list.stream().map(Server::json).collect(Collectors.joining(",", "[", "]"));
        return "\"" + value.toString().replace("\\", "\\\\").replace("\"", "\\\"").replaceAll("\\p{Cntrl}", " ") + "\"";
    }

    /** Reads JSON: an object becomes a Map, an array a List, a string a String; the rest is of no use here. */
    static class Json {
        private final String text;
        private int at = 0;

        Json(String text) {
            this.text = text;
        }

        Object whole() {
            Object value = value(0);
            skip();
            if (at != text.length()) throw new IllegalArgumentException("something follows");
            return value;
        }

        private Object value(int depth) {
            // Deeper than any handshake: a body of brackets must not use up the stack.
            if (depth > 8) throw new IllegalArgumentException("too deep");
            skip();
            char first = text.charAt(at);
            if (first == '"') return string();
            if (first == '{') {
                Map<String, Object> map = new HashMap<>();
                each('}', () -> {
                    skip();
                    if (text.charAt(at) != '"') throw new IllegalArgumentException("a name is missing");
                    String name = string();
                    skip();
                    if (text.charAt(at++) != ':') throw new IllegalArgumentException("a colon is missing");
                    map.put(name, value(depth + 1));
                });
                return map;
            }
            if (first == '[') {
                List<Object> list = new ArrayList<>();
                each(']', () -> list.add(value(depth + 1)));
                return list;
            }
            Matcher word = Pattern.compile("null|true|false|-?[0-9][0-9.eE+-]*").matcher(text).region(at, text.length());
            if (!word.lookingAt()) throw new IllegalArgumentException("no value");
            at = word.end();
            return word.group().equals("null") ? null : Boolean.TRUE;
        }

        private void each(char close, Runnable item) {
            at++;
            skip();
            if (text.charAt(at) == close) {
                at++;
                return;
            }
            while (true) {
                item.run();
                skip();
                char next = text.charAt(at++);
                if (next == close) return;
                if (next != ',') throw new IllegalArgumentException("a comma is missing");
            }
        }

        private String string() {
            StringBuilder out = new StringBuilder();
            for (at++; text.charAt(at) != '"'; at++) {
                char c = text.charAt(at);
                if (c != '\\') {
                    out.append(c);
                    continue;
                }
                char escaped = text.charAt(++at);
                int known = "\"\\/bfnrt".indexOf(escaped);
                if (known >= 0) {
                    out.append("\"\\/\b\f\n\r\t".charAt(known));
                } else if (escaped == 'u') {
                    out.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                    at += 4;
                } else {
                    throw new IllegalArgumentException("a strange escape");
                }
            }
            at++;
            return out.toString();
        }

        private void skip() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
        }
    }
}
