package linearizability

import "context"

// Memory is memory that runs use one after another: the next one does not have to allocate
// what the last one is done with. It makes no other difference. The zero value is ready for
// use. It serves one run at a time, in which only one client makes a step at a time.
type Memory struct {
	recorder Recorder
	log      finalLog
	// unused: the history of the last recorder is not used any more.
	unused bool
}

// NewRecorder returns a recorder for any number of clients, of which only one at a time is in
// the recorder. It replaces the one that was returned before, which must not be used any
// more; histories of that one stay as they are.
func (m *Memory) NewRecorder() *Recorder {
	r := &m.recorder
	if r.logs == nil {
		r.logs = make([]clientLog, 1)
	}
	if m.unused {
		r.Reset()
		r.spare = r.ops
	} else {
		r.stamp.Store(0)
		r.final = nil
		r.logs[0].release()
	}
	m.unused, r.ops = false, nil
	return r
}

// Reuse gives back the history of the last recorder, of which nothing may be used any more.
func (m *Memory) Reuse() { m.unused = true }

// Check is the function [Check].
func (m *Memory) Check(ctx context.Context, history History, opts Options) Report {
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	if reason := m.log.set(&history); reason != "" {
		return Report{Verdict: Unknown, Porcupine: Unknown, Reason: reason}
	}
	graph := m.log.checkGraph()
	d := newDecider(ctx, opts.Timeout)
	report := weigh(&graph, d.all(m.log.components()))
	if d.abandoned {
		// A search may still be running.
		m.log = finalLog{}
	}
	return report
}
