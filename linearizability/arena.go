package linearizability

import "slices"

// arena cuts slices from larger blocks, so that keeping many small ones seldom
// allocates. It can be emptied and filled again.
type arena[T any] struct {
	blocks [][]T
	// at is the block in use.
	at int
	// floor is how much of the first block belongs to others.
	floor int
}

// The blocks double in size up to the largest.
const (
	smallestBlock = 64
	largestBlock  = 256
)

// take returns an empty slice with room for at least n elements. What is appended to
// it belongs to the caller once it is kept; until then nothing else may be taken.
func (a *arena[T]) take(n int) []T {
	for ; a.at < len(a.blocks); a.at++ {
		if block := a.blocks[a.at]; cap(block)-len(block) >= n {
			return block[len(block):]
		}
	}
	size := smallestBlock
	if len(a.blocks) > 0 {
		size = min(2*cap(a.blocks[len(a.blocks)-1]), largestBlock)
	}
	a.blocks = append(a.blocks, make([]T, 0, max(size, n)))
	return a.blocks[a.at]
}

// keep makes a slice that began with take a piece of the arena, and returns it without
// room for more.
func (a *arena[T]) keep(s []T) []T {
	block := a.blocks[a.at]
	a.blocks[a.at] = block[:len(block)+len(s)]
	return slices.Clip(s)
}

// release forgets what was taken, which stays as it is, and keeps the room that is left.
func (a *arena[T]) release() {
	rest := copy(a.blocks, a.blocks[min(a.at, len(a.blocks)):])
	clear(a.blocks[rest:])
	a.blocks, a.at, a.floor = a.blocks[:rest], 0, 0
	if rest > 0 {
		a.floor = len(a.blocks[0])
	}
}

// reset forgets everything and keeps the memory. What was taken is overwritten.
func (a *arena[T]) reset() {
	from := a.floor
	for i := range a.blocks {
		clear(a.blocks[i][from:])
		a.blocks[i] = a.blocks[i][:from]
		from = 0
	}
	a.at = 0
}
