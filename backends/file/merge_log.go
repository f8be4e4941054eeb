package file

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// ingestion is the order in which this replica has come to know of transactions: the file
// state/ingested. Positions count in it.
type ingestion struct {
	id       uint64
	order    []eventcore.EventID
	topology uint64
}

// logHead is the first line of the log, logBatch each other one.
type logHead struct {
	Format int    `json:"format"`
	Log    uint64 `json:"log,string"`
}

type logBatch struct {
	// From is how many transactions are in the lines before.
	From         int                 `json:"from"`
	Transactions []eventcore.EventID `json:"transactions"`
	Topology     uint64              `json:"topology"`
}

// readLog reads the log, or begins one, and writes it anew: a process that has died may
// have left lines that are not durable, and a sync after one that failed tells nothing.
func (m *MergeStore) readLog() error {
	content, err := m.store.readFile(ingestedFile)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(content) == 0:
		id := m.cfg.IDs.NewEventID()
		// Not zero, and not the time alone.
		m.log = ingestion{id: 1 | (binary.BigEndian.Uint64(id[:8]) ^ binary.BigEndian.Uint64(id[8:]))}
	case err != nil:
		return err
	default:
		if m.log, err = parseLog(content); err != nil {
			return damaged(fmt.Errorf("%s: %w; bring it back from a backup, or delete it: readers then begin anew", ingestedFile, err))
		}
	}
	m.store.log = m.log.id
	m.setTopology(m.log.topology)
	return m.writeLog()
}

// parseLog reads a log. The last line may be cut off or torn: it was never acknowledged.
func parseLog(content []byte) (l ingestion, err error) {
	lines := bytes.SplitAfter(content, []byte("\n"))
	if n := len(lines) - 1; len(lines[n]) == 0 {
		lines = lines[:n]
	}
	var head logHead
	if err := unsealed(lines[0], &head); err != nil {
		return l, err
	}
	if head.Format != format || head.Log == 0 {
		return l, fmt.Errorf("it has format %d, this program knows %d", head.Format, format)
	}
	l.id = head.Log
	for i, line := range lines[1:] {
		var b logBatch
		if err := unsealed(line, &b); err != nil {
			if i == len(lines)-2 {
				break
			}
			return l, fmt.Errorf("line %d: %w", i+2, err)
		}
		if b.From != len(l.order) || b.Topology < l.topology {
			return l, fmt.Errorf("line %d does not follow the one before it", i+2)
		}
		l.order = append(l.order, b.Transactions...)
		l.topology = b.Topology
	}
	return l, nil
}

// writeLog writes the log in place of what is there.
func (m *MergeStore) writeLog() error {
	content, err := sealed(logHead{Format: format, Log: m.log.id})
	if err != nil {
		return err
	}
	if len(m.log.order) > 0 {
		batch, err := sealed(logBatch{Transactions: m.log.order, Topology: m.log.topology})
		if err != nil {
			return err
		}
		content = append(content, batch...)
	}
	return m.store.writeFile(ingestedFile, content, m.store.cfg.Fsync)
}

// appendLog adds a batch whose files are durable. After an error it may be there or not.
func (m *MergeStore) appendLog(batch []eventcore.EventID, topology uint64) error {
	line, err := sealed(logBatch{From: len(m.log.order), Transactions: batch, Topology: topology})
	if err != nil {
		return err
	}
	m.unsettled = true
	f, err := m.store.fs.OpenFile(ingestedFile, os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return err
	}
	if _, err = f.Write(line); err == nil && m.store.cfg.Fsync == FsyncAlways {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	m.log.order, m.log.topology = append(m.log.order, batch...), topology
	m.setTopology(topology)
	return nil
}

func (m *MergeStore) setTopology(generation uint64) {
	m.store.mu.Lock()
	m.topology = generation
	m.store.mu.Unlock()
}
