package merge

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/eventcore-go/eventcore-sim/backends/vfs"
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// header is what the model reads of a file: of its own accord, not with the store's code.
type header struct {
	Transaction eventcore.EventID   `json:"transaction"`
	Parents     []eventcore.EventID `json:"parents"`
	Resolves    []eventcore.EventID `json:"resolves"`
	Replica     eventcore.EventID   `json:"replica"`
	CreatedAt   time.Time           `json:"created_at"`
	Events      int                 `json:"events"`
	Payload     string              `json:"payload_sha256"`
	// lines are the events.
	lines []event
}

type event struct {
	ID     eventcore.EventID `json:"id"`
	Stream string            `json:"stream"`
}

// parse returns nil for a file that is not whole.
func parse(content []byte) *header {
	first, payload, _ := bytes.Cut(content, []byte("\n"))
	h := &header{}
	sum := sha256.Sum256(payload)
	if json.Unmarshal(first, h) != nil || hex.EncodeToString(sum[:]) != h.Payload {
		return nil
	}
	for line := range bytes.Lines(payload) {
		var e event
		if json.Unmarshal(line, &e) != nil {
			return nil
		}
		h.lines = append(h.lines, e)
	}
	return h
}

const dir = "events"

// contents returns the files of a replica, by name. It looks below the crash and the fault that are drawn.
func (w *world) contents(r *replica) map[string][]byte {
	left, faultIn := r.left, r.faultIn
	r.left, r.faultIn = 0, 0
	defer func() { r.left, r.faultIn = left, faultIn }()
	all := map[string][]byte{}
	fs := r.disk.FS()
	names, err := fs.ReadDir(dir)
	if err != nil {
		return all
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".jsonl") {
			continue
		}
		if content, err := read(fs, dir+"/"+name); err == nil {
			all[name] = content
		}
	}
	return all
}

func read(fs vfs.FS, name string) ([]byte, error) {
	f, err := fs.OpenFile(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	return io.ReadAll(f)
}

// filesOf returns the headers of the files of a replica that are whole.
func (w *world) filesOf(r *replica) map[string]*header {
	all := map[string]*header{}
	for name, content := range w.contents(r) {
		h, known := w.parsed[string(content)]
		if !known {
			h = parse(content)
			w.parsed[string(content)] = h
		}
		if h != nil {
			all[name] = h
		}
	}
	return all
}

// fetch copies files that another replica has, all or some, without syncing anything, as
// version control does. A crash may come between, and leaves files torn.
func (w *world) fetch(to, from *replica, all bool) error {
	if to == from {
		return nil
	}
	theirs, ours := w.contents(from), w.filesOf(to)
	whole := w.filesOf(from)
	names := make([]string, 0, len(theirs))
	for name := range theirs {
		if whole[name] != nil && ours[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	w.random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	if len(names) > 0 {
		w.counts["exchange"]++
	}
	if !all && len(names) > 1 {
		names = names[:1+w.random.IntN(len(names)-1)]
		w.counts["partial exchange"]++
	}
	fs := to.disk.FS()
	for i, name := range names {
		f, err := fs.OpenFile(dir+"/"+name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
		if err == nil {
			_, err = f.Write(theirs[name])
			_ = f.Close() // nothing is durable anyway
		}
		if to.crashed || to.faulted && err != nil {
			if i > 0 || to.faulted {
				w.counts["torn exchange"]++
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
	return w.unless(to, to.store.Refresh(w.ctx), "refresh")
}
