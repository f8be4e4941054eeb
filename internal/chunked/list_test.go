package chunked_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/eventcore-go/eventcore-sim/internal/chunked"
)

// large is larger than a chunk is meant to be.
type large struct {
	n    int
	rest [8000]byte
}

func TestListIsLikeASlice(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var list chunked.List[large]
		var numbers chunked.List[int32]
		var want []int
		var places []*int32
		r.Repeat(map[string]func(*rapid.T){
			"add": func(r *rapid.T) {
				for range rapid.IntRange(1, 2000).Draw(r, "values") {
					n := len(want)
					place := numbers.Add()
					require.Zero(r, *place, "of what was there before a reset")
					*place = int32(n + 1)
					want, places = append(want, n+1), append(places, place)
				}
			},
			"add a large one": func(r *rapid.T) {
				place := list.Add()
				require.Equal(r, large{}, *place)
				place.n, place.rest[7999] = list.Len(), 1
			},
			"reset": func(*rapid.T) {
				numbers.Reset()
				list.Reset()
				want, places = nil, nil
			},
			"": func(r *rapid.T) {
				require.Equal(r, len(want), numbers.Len())
				for i, n := range want {
					require.Equal(r, int32(n), *numbers.At(i))
					require.Same(r, places[i], numbers.At(i), "it never moves")
				}
				for i := range list.Len() {
					require.Equal(r, i+1, list.At(i).n)
				}
			},
		})
	})
}
