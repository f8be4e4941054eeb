package published_test

import (
	"fmt"
	"testing"

	"github.com/eventcore-go/eventcore-sim/examples/published"
)

func TestLogsDoWhatIsMeasured(t *testing.T) {
	for _, log := range published.OnPostgres(t, published.Cluster(t), true) {
		t.Run(log.Name, func(t *testing.T) { published.Check(t, log.Log) })
	}
}

func BenchmarkAppend(b *testing.B) {
	cluster := published.Cluster(b)
	for _, sync := range []bool{true, false} {
		b.Run(fmt.Sprintf("sync=%v", sync), func(b *testing.B) {
			published.Appends(b, func(b *testing.B) []published.Named { return published.OnPostgres(b, cluster, sync) })
		})
	}
}

func BenchmarkRead(b *testing.B) {
	cluster := published.Cluster(b)
	published.Reads(b, published.OnPostgres(b, cluster, false), func(b *testing.B) { published.Analyze(b, cluster) })
}
