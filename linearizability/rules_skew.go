package linearizability

// checkWriteSkew: if an append relies on a version that another one moved on from, it
// comes before that one; two appends cannot each come before the other (Adya's G2 with
// two edges).
func (l *finalLog) checkWriteSkew(f *findings) {
	for i := range l.ops {
		if !l.applied[i] || len(l.parts[i]) < 2 {
			continue
		}
		for p := range l.parts[i] {
			j := l.mover(i, p)
			if j <= i {
				continue // each pair once, from its first append
			}
			for q := range l.parts[j] {
				if l.mover(j, q) == i {
					f.add(WriteSkew, []int{i, j}, "%s and %s: each relies on a stream that the other one moved", &l.ops[i], &l.ops[j])
					break
				}
			}
		}
	}
}

// mover returns the append that moved participant p of append i on from the version
// it expected, -1 if none did or i itself.
func (l *finalLog) mover(i, p int) int {
	j := l.owner(l.parts[i][p], l.ops[i].Participants[p].Expected+1)
	if j == i {
		return -1
	}
	return j
}
