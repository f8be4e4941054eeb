package scenarios

// single is what mixed asks of a store whose appends take one stream and rely on no other.
func single() spec {
	s := mixed()
	s.name = "single"
	s.doc = "raw appends, fresh and stale, to one of several streams at a time, and reads of all sorts; for stores whose appends take one stream"
	s.demands = nil
	var kept []operation
	for _, o := range s.operations {
		switch o.name {
		case "check", "check-blind":
			continue
		case "append", "blind", "command":
			o.needs = needs{streams: exactly(1), count: between(1, 1<<10)}
			o.draw = drawSingle
		}
		kept = append(kept, o)
	}
	s.operations = kept
	s.probes = func(d *draw) []Op {
		write := drawSingle(d)
		write.Do = "command"
		return []Op{write, {Do: "read", Streams: d.one(d.main)}, {Do: "scan"}}
	}
	return s
}

func drawSingle(d *draw) Op { return Op{Streams: d.one(d.main), Count: d.upTo(d.params.MaxEvents)} }
