package explore

// print identifies steps up to the order of those that do not depend on each other. It is
// wide enough that two of many millions are hardly ever the same by chance.
type print [2]uint64

// add mixes in another one. The order in which several are added makes no difference.
func (p *print) add(other print) {
	p[0] += other[0]
	p[1] += other[1]
}

// mixed returns a print that no sum of others is likely to have.
func (p print) mixed() print {
	return print{mix(p[0] ^ mix(p[1]+0x9e3779b97f4a7c15)), mix(p[1] + mix(p[0]^0xd1342543de82ef95))}
}

// mix spreads every bit over the result (the finalizer of MurmurHash3).
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// next returns the print of the last step: of its task, its place among the task's steps,
// and the steps before it that it depends on, theirs included.
func (s *search) next() print {
	last := s.done[len(s.done)-1]
	place := uint64(0)
	var before print
	for i, other := range s.done[:len(s.done)-1] {
		if other.task == last.task {
			place++
		}
		if other.task == last.task || other.did.Depends(last.did) {
			before.add(s.prints[i])
		}
	}
	own := print{uint64(last.task) + 1, place + 1} //nolint:gosec // a task ID is not negative
	own.add(before)
	own = own.mixed()
	s.prints = append(s.prints, own)
	return own
}
