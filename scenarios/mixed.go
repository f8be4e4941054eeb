package scenarios

import (
	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// mixedTypes are the type names of events of mixed. Filters choose among them.
func mixedTypes() [3]string { return [...]string{"red", "green", "blue"} }

// mixed has no domain: it calls the store in all the ways the contract allows.
func mixed() spec {
	return spec{
		name:          "mixed",
		demands:       []Demand{MultiStream, ReadOnly},
		doc:           "raw appends, fresh and stale, over several streams, and reads of all sorts; leaves the judgement to the checker of the history",
		params:        Params{Clients: 4, OpsPerClient: 12, Streams: 4, MaxEvents: 3},
		wantsConflict: true,
		codec: func() eventcore.Codec {
			types := mixedTypes()
			return &factCodec{types: types[:]}
		},
		pools:      func(p Params) pools { return pools{main: pool("s", p.Streams)} },
		operations: append(mixedWrites(), mixedReads()...),
		setup:      func(*draw) []Op { return nil },
		probes: func(d *draw) []Op {
			write := drawWrite(d)
			write.Do = "command"
			return []Op{
				write,
				{Do: "read", Streams: d.one(d.main)},
				{Do: "scan"},
			}
		},
	}
}

// maxParticipants bounds the streams of one batch, so that programs stay small.
const maxParticipants = 3

func mixedWrites() []operation {
	writes := needs{streams: between(1, 1<<10), reads: between(0, 1<<10), count: between(1, 1<<10)}
	return []operation{
		{
			name: "append", doc: "reads the versions of streams, then appends events to some of them", weight: 5,
			needs: writes, draw: drawWrite, run: runAppend,
		},
		{
			name: "blind", doc: "appends at remembered versions, which may be stale", weight: 3,
			needs: writes, draw: drawWrite, run: runBlind,
		},
		{
			name: "command", doc: "does the same as append as a command, which is tried again after a conflict", weight: 3,
			needs: writes, draw: drawWrite, run: runCommand,
		},
		{
			name: "check", doc: "appends an empty batch", weight: 1,
			needs: needs{reads: atLeast(1)}, run: runAppend,
			draw: func(d *draw) Op { return Op{Reads: d.some(d.main, d.upTo(maxParticipants))} },
		},
		{
			name: "check-blind", doc: "appends an empty batch at remembered versions", weight: 1,
			needs: needs{reads: atLeast(1)}, run: runBlind,
			draw: func(d *draw) Op { return Op{Reads: d.some(d.main, d.upTo(maxParticipants))} },
		},
	}
}

// drawWrite writes to one stream most often, and reads none besides.
func drawWrite(d *draw) Op {
	writes := 1
	if d.IntN(3) == 0 {
		writes = d.upTo(min(maxParticipants, len(d.main)))
	}
	reads := max(0, d.IntN(4)-1)
	picked := d.some(d.main, writes+reads)
	op := Op{Streams: picked[:writes:writes], Count: d.upTo(d.params.MaxEvents)}
	if len(picked) > writes {
		op.Reads = picked[writes:]
	}
	return op
}

func mixedReads() []operation {
	filtered := needs{limit: atLeast(0), filter: true}
	return []operation{
		{
			name: "read", doc: "reads a stream behind a version to its end", weight: 2,
			needs: needs{streams: exactly(1), after: true}, run: runRead,
			draw: func(d *draw) Op { return Op{Streams: d.one(d.main), After: drawAfter(d)} },
		},
		{
			name: "skim", doc: "breaks out of a read after some events", weight: 1,
			needs: needs{streams: exactly(1), after: true, limit: atLeast(1)}, run: runRead,
			draw: func(d *draw) Op { return Op{Streams: d.one(d.main), After: drawAfter(d), Limit: d.upTo(3)} },
		},
		{
			name: "scan", doc: "reads the global order from its start", weight: 2,
			needs: filtered, draw: drawScan, run: runScan,
		},
		{
			name: "follow", doc: "reads the global order from where the client's last read of it ended", weight: 2,
			needs: filtered, draw: drawScan, run: runFollow,
		},
	}
}

// drawAfter is 0 half of the time: what is read from its start proves most.
func drawAfter(d *draw) uint64 {
	if d.IntN(2) == 0 {
		return 0
	}
	return d.Uint64N(8)
}

func drawScan(d *draw) Op {
	var op Op
	if d.IntN(2) == 0 {
		op.Limit = d.upTo(8)
	}
	name := d.main[d.IntN(len(d.main))].String()
	switch d.IntN(8) {
	case 0:
		op.Prefix = name
	case 1:
		op.Pattern = "*" + name[len(name)-1:]
	case 2:
		op.Pattern = "?/[!" + name[len(name)-1:] + "]"
	case 3:
		op.Type = mixedTypes()[d.IntN(3)]
	}
	return op
}
