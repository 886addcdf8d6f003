// A server of the xuchuan upload protocol in Go (1.19 or later), with the standard library alone.
//
//	DATA_DIR=data PORT=8000 ALLOW_ORIGIN=https://my.page go run main.go
//
// What is on the disk is the record: a chunk is needed as long as it has no file. Nothing is kept in memory between two
// requests, so chunks may come in parallel and in any order, and a restart loses nothing that was acknowledged.
//
//	DATA_DIR/files/<fileId>                finished files
//	DATA_DIR/parts/<fileId>/<md5>          chunks of unfinished ones
//	DATA_DIR/parts/<fileId>/<cut>.json     the ids that a handshake announced, one list for each way to cut the file
package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"mime"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	// Bytes of a request: a chunk of 32 MiB (enough for files of 32 GB) and its form.
	bodyLimit = 33 << 20
	// Of a form this much is held in memory, the rest in a temporary file.
	formMemory = 1 << 20
)

// What this server can do, said in every answer to a handshake: without it clients send one chunk at a time.
var accepts = map[string]any{"parallel": 6, "repeats": true}

var (
	files, parts string
	origins      []string

	fileIDForm  = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)
	chunkIDForm = regexp.MustCompile(`^[0-9a-fA-F]{32}[0-9A-Za-z_-]{0,11}$`)
	extForm     = regexp.MustCompile(`^(\.[A-Za-z0-9_-]+)*$`)
)

// A failure is an answer that is no success: its HTTP status, which is the envelope's code too, and what is wrong.
type failure struct {
	status int
	msg    string
}

func (f failure) Error() string { return f.msg }

func main() {
	data := setting("DATA_DIR", "data")
	files, parts = filepath.Join(data, "files"), filepath.Join(data, "parts")
	for _, folder := range []string{files, parts} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			log.Fatal(err)
		}
	}
	origins = strings.Split(setting("ALLOW_ORIGIN", ""), ",")
	http.HandleFunc("/api/upload/handshake", api(handshake, true))
	http.HandleFunc("/api/upload", api(chunk, false))
	http.HandleFunc("/files/", download)
	listener, err := net.Listen("tcp", "127.0.0.1:"+setting("PORT", "8000"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	server := http.Server{Handler: cors(http.DefaultServeMux), ReadHeaderTimeout: 30 * time.Second}
	log.Fatal(server.Serve(listener))
}

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

// Api makes a handler that answers with the envelope.
func api(work func(*http.Request) (any, error), isHandshake bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		envelope := map[string]any{"code": 0, "msg": "", "data": nil}
		if isHandshake {
			envelope["accepts"] = accepts
		}
		status := http.StatusOK
		r.Body = http.MaxBytesReader(nil, r.Body, 4*bodyLimit)
		data, err := work(r)
		// What is too large is read to its end: most clients miss an answer that comes before they have sent everything.
		io.Copy(io.Discard, r.Body)
		if err == nil {
			envelope["data"] = data
		} else {
			var known failure
			if !errors.As(err, &known) {
				log.Printf("%s: %v", r.URL.Path, err)
				known = failure{500, "the server failed; its log says why"}
			}
			status = known.status
			envelope["code"], envelope["msg"] = known.status, known.msg
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(envelope)
	}
}

// Handshake answers the URL of a file that is there, or the ids of the chunks that are still needed.
func handshake(r *http.Request) (any, error) {
	if r.Method != http.MethodPost {
		return nil, failure{405, "send a POST"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit+1))
	if err != nil || len(body) > bodyLimit {
		return nil, failure{413, "the handshake is too large: use larger chunks"}
	}
	// Pointers, since a field that is missing is not one that is empty.
	var asked struct {
		FileID   *string   `json:"fileId"`
		Ext      *string   `json:"ext"`
		ChunkIDs *[]string `json:"chunkIds"`
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		return nil, failure{400, "the handshake must be a JSON object with fileId, ext and chunkIds"}
	}
	if asked.FileID == nil || *asked.FileID == "" {
		return nil, failure{403, "请携带文件编号"}
	}
	if asked.Ext == nil {
		return nil, failure{403, "请携带文件后缀，例如 .mp4"}
	}
	if asked.ChunkIDs == nil {
		return nil, failure{403, "请按顺序设置文件的分片编号数组"}
	}
	// Names are checked before they come near a path.
	if !fileIDForm.MatchString(*asked.FileID) {
		return nil, failure{400, "fileId must be the file's MD5 in hex"}
	}
	if len(*asked.Ext) > 32 || !extForm.MatchString(*asked.Ext) {
		return nil, failure{400, "ext must be empty, or like .mp4"}
	}
	ids := *asked.ChunkIDs
	for _, id := range ids {
		if !chunkIDForm.MatchString(id) {
			return nil, failure{400, "a chunk's id must be its MD5 in hex, with or without its index"}
		}
	}
	fileID := strings.ToLower(*asked.FileID)
	url := "/files/" + fileID + *asked.Ext
	if isThere(filepath.Join(files, fileID)) {
		return url, nil
	}
	needed, err := announce(fileID, ids)
	// Asked afterwards: another handshake may have finished the file meanwhile, and removed the folder that this one was at.
	if !isThere(filepath.Join(files, fileID)) {
		return needed, err
	}
	os.RemoveAll(filepath.Join(parts, fileID))
	return url, nil
}

// announce notes the file's list of ids, and joins the chunks if all are there; otherwise it returns those that are needed.
func announce(fileID string, ids []string) ([]string, error) {
	folder := filepath.Join(parts, fileID)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	// Each way to cut the file has a list of its own: two devices may send the same file in chunks of different sizes.
	cut := md5.Sum([]byte(strings.Join(ids, "\n")))
	list := filepath.Join(folder, hex.EncodeToString(cut[:])+".json")
	now := time.Now()
	if os.Chtimes(list, now, now) != nil {
		text, err := json.Marshal(ids)
		if err != nil {
			return nil, err
		}
		if err := writeWhole(list, bytes.NewReader(text)); err != nil {
			return nil, err
		}
	}
	needed, err := neededOf(folder, ids)
	if err != nil || len(needed) > 0 {
		return needed, err
	}
	joined, err := join(fileID, ids)
	if err != nil || joined {
		return nil, err
	}
	return neededOf(folder, ids)
}

// Join joins the chunks into the file. Several requests may do it at once: each writes a file of its own, and renaming
// one over another of the same bytes is harmless. False if damaged chunks were found, which are then needed again.
func join(fileID string, ids []string) (bool, error) {
	folder, whole := filepath.Join(parts, fileID), filepath.Join(files, fileID)
	temporary, err := os.CreateTemp(files, fileID+".*.tmp")
	if err != nil {
		return false, err
	}
	defer os.Remove(temporary.Name())
	defer temporary.Close()
	hash := md5.New()
	err = func() error {
		for _, id := range ids {
			chunk, err := os.Open(filepath.Join(folder, md5Of(id)))
			if err != nil {
				return err
			}
			_, err = io.Copy(io.MultiWriter(temporary, hash), chunk)
			chunk.Close()
			if err != nil {
				return err
			}
		}
		return temporary.Sync()
	}()
	if err == nil && hex.EncodeToString(hash.Sum(nil)) == fileID {
		if err := os.Rename(temporary.Name(), whole); err != nil {
			return false, err
		}
		os.RemoveAll(folder)
		return true, nil
	}
	if isThere(whole) {
		// Another request was faster and has removed the chunks.
		return true, nil
	}
	if err != nil {
		return false, err
	}
	damaged := false
	for _, id := range ids {
		name := filepath.Join(folder, md5Of(id))
		if bytes, err := os.ReadFile(name); err != nil || md5Hex(bytes) != md5Of(id) {
			damaged = true
			os.Remove(name)
		}
	}
	if !damaged {
		return false, failure{422, "the chunks are right, but together they are not fileId"}
	}
	return false, nil
}

// Chunk takes a chunk; it answers the ids that are still needed.
func chunk(r *http.Request) (any, error) {
	if r.Method != http.MethodPost {
		return nil, failure{405, "send a POST"}
	}
	if r.ContentLength > bodyLimit {
		return nil, failure{413, fmt.Sprintf("a request may have at most %d bytes: use smaller chunks", bodyLimit)}
	}
	if err := r.ParseMultipartForm(formMemory); err != nil {
		return nil, failure{400, "the form can't be read, or ended early: " + err.Error()}
	}
	defer r.MultipartForm.RemoveAll()
	fileID, chunkID := r.PostFormValue("fileId"), r.PostFormValue("chunkId")
	if fileID == "" {
		return nil, failure{403, "请携带文件编号"}
	}
	if chunkID == "" {
		return nil, failure{403, "请携带分片编号"}
	}
	if !fileIDForm.MatchString(fileID) || !chunkIDForm.MatchString(chunkID) {
		return nil, failure{400, "fileId and chunkId must be MD5s in hex"}
	}
	fileID = strings.ToLower(fileID)
	body, _, err := r.FormFile("file")
	if err != nil {
		return nil, failure{400, "send the chunk's bytes in the field file"}
	}
	defer body.Close()
	whole, folder := filepath.Join(files, fileID), filepath.Join(parts, fileID)
	if isThere(whole) {
		// A request that was sent twice, or one of another cut.
		return []string{}, nil
	}
	ids, err := announced(folder, chunkID)
	if err != nil {
		return nil, err
	}
	hash := md5.New()
	if _, err := io.Copy(hash, body); err != nil {
		return nil, err
	}
	if hex.EncodeToString(hash.Sum(nil)) != md5Of(chunkID) {
		return nil, failure{422, "the chunk's bytes are not what its id says: send it again"}
	}
	if _, err := body.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	name := filepath.Join(folder, md5Of(chunkID))
	if !isThere(name) {
		err = writeWhole(name, body)
	}
	if isThere(whole) {
		// The file was finished meanwhile, and its chunks removed.
		return []string{}, nil
	}
	if err != nil {
		return nil, err
	}
	return neededOf(folder, ids)
}

// Announced finds the list of ids that has this one: of several the one that was announced last.
func announced(folder, chunkID string) ([]string, error) {
	lists, _ := filepath.Glob(filepath.Join(folder, "*.json"))
	if len(lists) == 0 {
		// To this the client answers with a new handshake.
		return nil, failure{403, "请先提交文件分片信息"}
	}
	var found []string
	var latest time.Time
	for _, list := range lists {
		about, err := os.Stat(list)
		text, unread := os.ReadFile(list)
		if err != nil || unread != nil {
			continue
		}
		var ids []string
		if err := json.Unmarshal(text, &ids); err != nil {
			return nil, err
		}
		for _, id := range ids {
			if id == chunkID && !about.ModTime().Before(latest) {
				found, latest = ids, about.ModTime()
				break
			}
		}
	}
	if found == nil {
		return nil, failure{403, "该文件没有此分片信息"}
	}
	return found, nil
}

// NeededOf returns the ids that have no chunk yet, each once.
func neededOf(folder string, ids []string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	done := map[string]bool{}
	for _, entry := range entries {
		done[entry.Name()] = true
	}
	needed := []string{}
	listed := map[string]bool{}
	for _, id := range ids {
		if !done[md5Of(id)] && !listed[id] {
			needed = append(needed, id)
			listed[id] = true
		}
	}
	return needed, nil
}

// WriteWhole writes under a temporary name and renames: a reader sees the whole or nothing, and the last of several
// writers wins.
func writeWhole(name string, source io.Reader) error {
	temporary, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = io.Copy(temporary, source)
	if err == nil {
		// What is acknowledged must survive a power cut.
		err = temporary.Sync()
	}
	if closed := temporary.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(temporary.Name(), name)
}

// Download serves a file. Range, If-Range and the rest are http.ServeContent's own.
func download(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/files/")
	if len(name) < 32 || !fileIDForm.MatchString(name[:32]) || !extForm.MatchString(name[32:]) {
		http.NotFound(w, r)
		return
	}
	fileID, ext := strings.ToLower(name[:32]), name[32:]
	file, err := os.Open(filepath.Join(files, fileID))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer file.Close()
	about, err := file.Stat()
	if err != nil {
		http.Error(w, "the file can't be read", http.StatusInternalServerError)
		return
	}
	kind := mime.TypeByExtension(ext)
	if kind == "" {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("ETag", `"`+fileID+`"`)
	// Strangers have uploaded it: it must not act as a page of this site.
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "sandbox")
	http.ServeContent(w, r, "", about.ModTime(), file)
}

// Cors lets the pages of ALLOW_ORIGIN (a list, or *) call this server and read its answers, failures too.
func cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header, origin := w.Header(), r.Header.Get("Origin")
		header.Set("Vary", "Origin")
		for _, allowed := range origins {
			if allowed = strings.TrimSpace(allowed); origin == "" || allowed != origin && allowed != "*" {
				continue
			}
			header.Set("Access-Control-Allow-Origin", allowed)
			if allowed != "*" {
				header.Set("Access-Control-Allow-Credentials", "true")
			}
			header.Set("Access-Control-Expose-Headers", "Content-Range, Accept-Ranges, ETag, Content-Length, Retry-After")
			header.Set("Access-Control-Allow-Methods", "GET, HEAD, POST")
			header.Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
			header.Set("Access-Control-Max-Age", "7200")
			break
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Md5Of returns what a chunk is stored by: its id without the index that some clients put behind it.
func md5Of(chunkID string) string { return strings.ToLower(chunkID[:32]) }

func md5Hex(bytes []byte) string {
	sum := md5.Sum(bytes)
	return hex.EncodeToString(sum[:])
}

func isThere(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
