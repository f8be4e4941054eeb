package linearizability_test

import (
	"fmt"
	"testing"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

func BenchmarkCheck(b *testing.B) {
	for _, ops := range []int{200, 2_000, 10_000} {
		for _, global := range []int{0, 5} {
			b.Run(fmt.Sprintf("ops=%d/global=%d", ops, global), func(b *testing.B) {
				s := shape{clients: 4, ops: ops, streams: 4, unknown: 3, partial: 5, global: global, ordered: true, window: 20}
				h := generate(seeded(1), s)
				b.ReportAllocs()
				for b.Loop() {
					if r := linearizability.Check(b.Context(), h, linearizability.Options{}); r.Verdict != linearizability.OK {
						b.Fatal(r)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(h.Operations)), "ns/op-checked")
			})
		}
	}
}
