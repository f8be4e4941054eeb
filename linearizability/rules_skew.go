package linearizability

// WriteSkew is the anomaly of two appends that each rely on a stream that the other
// one moved.
const WriteSkew = "write skew"

// checkWriteSkew: if an append relies on a version that another one moved on from, it
// comes before that one; two appends cannot each come before the other (Adya's G2 with
// two edges).
func (l *finalLog) checkWriteSkew(f *findings) {
	for i := range l.ops {
		if !l.applied[i] {
			continue
		}
		for _, j := range l.movers(i) {
			for _, back := range l.movers(j) {
				if back == i && i < j {
					f.add(WriteSkew, []int{i, j}, "%s and %s: each relies on a stream that the other one moved", &l.ops[i], &l.ops[j])
				}
			}
		}
	}
}

// movers returns the appends that moved a participant of append i on from the version
// it expected.
func (l *finalLog) movers(i int) []int {
	var all []int
	for p := range l.ops[i].Participants {
		part := &l.ops[i].Participants[p]
		if next := l.owner(part.Stream, part.Expected+1); next >= 0 && next != i {
			all = append(all, next)
		}
	}
	return all
}
