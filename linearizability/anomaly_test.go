package linearizability_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/linearizability"
)

// anomalies has for each anomaly a history that shows it and the nearest one that
// does not. Where the two differ says what the name means.
func anomalies() []struct{ name, anomaly, bad, good string } {
	return []struct{ name, anomaly, bad, good string }{
		{
			"acknowledged and gone", linearizability.LostAppend,
			"c0 1-2 append a@0+x1 → ok \n a =",
			"c0 1-2 append a@0+x1 → unknown \n a =",
		},
		{
			"unknown, seen once and gone", linearizability.LostAppend,
			"c0 1-2 append a@0+x1 → unknown \n c1 3-4 read a → x1 \n a =",
			"c0 1-2 append a@0+x1 → unknown \n c1 3-4 read a → x1 \n a = x1",
		},
		{
			"refused and there", linearizability.AbortedAppendSeen,
			"c0 1-2 append a@0+x1 → refused \n a = x1",
			"c0 1-2 append a@0+x1 → unknown \n a = x1",
		},
		{
			"refused and seen on the way", linearizability.AbortedAppendSeen,
			"c0 1-4 append a@0+x1 → refused \n c1 2-3 read a → x1 \n a =",
			"c0 1-4 append a@0+x1 → refused \n c1 2-3 read a → \n a =",
		},
		{
			"half of a batch", linearizability.TornAppend,
			"c0 1-2 append a@0+x1 b@0+y1 → ok \n a = x1 \n b =",
			"c0 1-2 append a@0+x1 b@0+y1 → ok \n a = x1 \n b = y1",
		},
		{
			"half of a batch of unknown outcome", linearizability.TornAppend,
			"c0 1-never append a@0+x1 b@0+y1 → unknown \n a = \n b = y1",
			"c0 1-never append a@0+x1 b@0+y1 → unknown \n a = \n b =",
		},
		{
			"another append in the middle of a batch", linearizability.TornAppend,
			"c0 1-3 append a@0+x1 b@0+y1 → ok \n c1 2-4 append c@0+z1 → ok \n a = x1 \n b = y1 \n c = z1 \n global = x1 z1 y1",
			"c0 1-3 append a@0+x1 b@0+y1 → ok \n c1 2-4 append c@0+z1 → ok \n a = x1 \n b = y1 \n c = z1 \n global = z1 x1 y1",
		},
		{
			"a read that ends in the middle of a batch", linearizability.TornAppend,
			"c0 1-4 append a@0+x1,x2 → ok \n c1 2-3 read a → x1 \n a = x1 x2",
			"c0 1-4 append a@0+x1,x2 → ok \n c1 2-3 read a → x1 stopped \n a = x1 x2",
		},
		{
			"a global read that ends in the middle of a batch", linearizability.TornAppend,
			"c0 1-4 append a@0+x1,x2 → ok \n c1 2-3 all → x1 \n a = x1 x2 \n global = x1 x2",
			"c0 1-4 append a@0+x1,x2 → ok \n c1 2-3 all limit 1 → x1 stopped \n a = x1 x2 \n global = x1 x2",
		},
		{
			"a conflict in the middle of a batch", linearizability.TornAppend,
			"c0 1-4 append a@0+x1,x2 → ok \n c1 2-3 append a@0+x9 → conflict a expected 0 found 1 \n a = x1 x2",
			"c0 1-4 append a@0+x1,x2 → ok \n c1 2-3 append a@0+x9 → conflict a expected 0 found 2 \n a = x1 x2",
		},
		{
			"an event twice in the store", linearizability.DuplicateEvent,
			"c0 1-2 append a@0+x1 → ok \n a = x1 x1",
			"c0 1-2 append a@0+x1 → ok \n a = x1",
		},
		{
			"an event twice in a read", linearizability.DuplicateEvent,
			"c0 1-2 append a@0+x1 → ok \n c0 3-4 read a → x1 x1 \n a = x1",
			"c0 1-2 append a@0+x1 → ok \n c0 3-4 read a → x1 \n a = x1",
		},
		{
			"an event of nobody", linearizability.PhantomEvent,
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 read a → x1 x9 stopped \n a = x1",
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 read a → x1 stopped \n a = x1",
		},
		{
			"an event of nobody at the end", linearizability.PhantomEvent,
			"c0 1-2 append a@0+x1 → ok \n a = x1 x9",
			"c0 1-2 append a@0+x1,x9 → ok \n a = x1 x9",
		},
		{
			"a batch in another order", linearizability.ReorderedAppend,
			"c0 1-2 append a@0+x1,x2 → ok \n a = x2 x1",
			"c0 1-2 append a@0+x1,x2 → ok \n a = x1 x2",
		},
		{
			"a batch in another order in the global one", linearizability.ReorderedAppend,
			"c0 1-2 append a@0+x1 b@0+y1 → ok at 10 \n a = x1 \n b = y1 \n global = y1 x1",
			"c0 1-2 append a@0+x1 b@0+y1 → ok \n a = x1 \n b = y1 \n global = x1 y1",
		},
		{
			"an event elsewhere", linearizability.WrongStream,
			"c0 1-2 append a@0+x1 b@0 → ok \n a = \n b = x1",
			"c0 1-2 append b@0+x1 a@0 → ok \n a = \n b = x1",
		},
		{
			"a wrong version acknowledged", linearizability.WrongResult,
			"c0 1-2 append a@0+x1 → ok a@2 \n a = x1",
			"c0 1-2 append a@0+x1 → ok a@1 \n a = x1",
		},
		{
			"a wrong position acknowledged", linearizability.WrongResult,
			"c0 1-2 append a@0+x1,x2 → ok at 10 \n a = x1 x2 \n global = x1 x2",
			"c0 1-2 append a@0+x1,x2 → ok at 20 \n a = x1 x2 \n global = x1 x2",
		},
		{
			"a version acknowledged for a batch without events", linearizability.WrongResult,
			"c0 1-2 append a@0 → ok a@0 \n a =",
			"c0 1-2 append a@0 → ok \n a =",
		},
		{
			"a conflict with another expected version", linearizability.WrongResult,
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 append a@0+x2 → conflict a expected 2 found 1 \n a = x1",
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 append a@0+x2 → conflict a expected 0 found 1 \n a = x1",
		},
		{
			"two appends at one version", linearizability.LostUpdate,
			"c0 1-3 append a@0+x1 → ok \n c1 2-4 append a@0+x2 → ok \n a = x1 x2",
			"c0 1-3 append a@0+x1 → ok \n c1 2-4 append a@1+x2 → ok \n a = x1 x2",
		},
		{
			"an append to a stream that had not got so far", linearizability.LostUpdate,
			"c0 1-2 append a@1+x1,x2 → ok \n a = x1 x2",
			"c0 1-2 append a@0+x1,x2 → ok \n a = x1 x2",
		},
		{
			"a moved stream that was only relied on", linearizability.UncheckedStream,
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 append a@0 b@0+y1 → ok \n a = x1 \n b = y1",
			"c0 1-3 append a@0+x1 → ok \n c1 2-4 append a@0 b@0+y1 → ok \n a = x1 \n b = y1",
		},
		{
			"a moved stream relied on by an append without events", linearizability.UncheckedStream,
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 append a@0 → ok \n a = x1",
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 append a@1 → ok \n a = x1",
		},
		{
			"a version relied on that never was", linearizability.UncheckedStream,
			"c0 1-2 append a@1 b@0+y1 → ok \n a = \n b = y1",
			"c0 1-2 append a@0 b@0+y1 → ok \n a = \n b = y1",
		},
		{
			"two streams relied on as they never were together", linearizability.UncheckedStream,
			"c0 1-4 append a@0+x1 b@0+y1 → ok \n c1 2-3 append a@1 b@0 → ok \n a = x1 \n b = y1",
			"c0 1-4 append a@0+x1 b@0+y1 → ok \n c1 2-3 append a@1 b@1 → ok \n a = x1 \n b = y1",
		},
		{
			"a moved stream relied on, shown by another one", linearizability.UncheckedStream,
			"c0 1-20 append a@0+x1 b@0+y1 → ok \n c1 2-3 append b@1 c@0+z1 → ok \n c2 4-5 append a@0 d@0+w1 → ok \n a = x1 \n b = y1 \n c = z1 \n d = w1",
			"c0 1-20 append a@0+x1 b@0+y1 → ok \n c1 2-4 append b@1 c@0+z1 → ok \n c2 3-5 append a@0 d@0+w1 → ok \n a = x1 \n b = y1 \n c = z1 \n d = w1",
		},
		{
			"a moved stream written to, shown by another one", linearizability.RealTimeInversion,
			"c0 1-20 append a@1+x2 b@0+y1 → ok \n c1 2-3 append b@1+y2 → ok \n c2 4-5 append a@0+x1 → ok \n a = x1 x2 \n b = y1 y2",
			"c0 1-20 append a@1+x2 b@0+y1 → ok \n c1 2-5 append b@1+y2 → ok \n c2 4-6 append a@0+x1 → ok \n a = x1 x2 \n b = y1 y2",
		},
		{
			"two appends that rely on each other's stream", linearizability.WriteSkew,
			"c0 1-3 append a@0 b@0+y1 → ok \n c1 2-4 append b@0 a@0+x1 → ok \n a = x1 \n b = y1",
			"c0 1-3 append a@0 b@0+y1 → ok \n c1 2-4 append b@1 a@0+x1 → ok \n a = x1 \n b = y1",
		},
		{
			"three appends in a ring", linearizability.WriteSkew,
			"c0 1-4 append a@0 b@0+y1 → ok \n c1 2-5 append b@0 c@0+z1 → ok \n c2 3-6 append c@0 a@0+x1 → ok \n a = x1 \n b = y1 \n c = z1",
			"c0 1-4 append a@0 b@0+y1 → ok \n c1 2-5 append b@0 c@0+z1 → ok \n c2 3-6 append c@1 a@0+x1 → ok \n a = x1 \n b = y1 \n c = z1",
		},
		{
			"a conflict at the expected version", linearizability.FalseConflict,
			"c0 1-2 append a@0+x1 → conflict a expected 0 found 0 \n a =",
			"c0 1-2 append a@0+x1 → conflict a expected 0 \n a =",
		},
		{
			"a conflict with a version that never was", linearizability.FalseConflict,
			"c0 1-2 append a@0+x1 → conflict a expected 0 found 3 \n a =",
			"c0 1-2 append a@3+x1 → conflict a expected 3 found 0 \n a =",
		},
		{
			"a conflict on a stream that takes no part", linearizability.FalseConflict,
			"c0 1-2 append b@0+y1 → ok \n c1 3-4 append a@0+x1 → conflict b expected 0 found 1 \n a = \n b = y1",
			"c0 1-2 append b@0+y1 → ok \n c1 3-4 append a@0+x1 b@0 → conflict b expected 0 found 1 \n a = \n b = y1",
		},
		{
			"a read that misses an acknowledged event", linearizability.StaleRead,
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 read a → \n a = x1",
			"c0 1-3 append a@0+x1 → ok \n c1 2-4 read a → \n a = x1",
		},
		{
			"a read that misses a later acknowledged event", linearizability.StaleRead,
			"c0 1-9 append a@0+x1 → ok \n c1 2-3 append a@1+x2 → ok \n c2 4-5 read a → \n a = x1 x2",
			"c0 1-9 append a@0+x1 → ok \n c1 2-5 append a@1+x2 → ok \n c2 4-6 read a → \n a = x1 x2",
		},
		{
			"a conflict with a version long gone", linearizability.StaleRead,
			"c0 1-2 append a@0+x1,x2 → ok \n c1 3-4 append a@2+x3 → ok \n c2 5-6 append a@0+x9 → conflict a expected 0 found 2 \n a = x1 x2 x3",
			"c0 1-2 append a@0+x1,x2 → ok \n c1 3-5 append a@2+x3 → ok \n c2 4-6 append a@0+x9 → conflict a expected 0 found 2 \n a = x1 x2 x3",
		},
		{
			"a global read that misses an acknowledged event", linearizability.StaleRead,
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 all → \n a = x1 \n global = x1",
			"c0 1-3 append a@0+x1 → ok \n c1 2-4 all → \n a = x1 \n global = x1",
		},
		{
			"a filtered global read that misses an acknowledged event", linearizability.StaleRead,
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 all type x → \n a = x1 \n global = x1",
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 all type y → \n a = x1 \n global = x1",
		},
		{
			"a read that goes back behind another", linearizability.NonMonotonicRead,
			"c0 1-8 append a@0+x1 → ok \n c1 2-3 read a → x1 \n c2 4-5 read a → \n a = x1",
			"c0 1-8 append a@0+x1 → ok \n c1 2-4 read a → x1 \n c2 3-5 read a → \n a = x1",
		},
		{
			"a global read that goes back behind another", linearizability.NonMonotonicRead,
			"c0 1-8 append a@0+x1 → ok \n c1 2-3 all → x1 \n c2 4-5 all → \n a = x1 \n global = x1",
			"c0 1-8 append a@0+x1 → ok \n c1 2-4 all → x1 \n c2 3-5 all → \n a = x1 \n global = x1",
		},
		{
			"two streams seen in opposite orders", linearizability.StaleRead,
			`c0 1-20 append a@0+x1 → ok
			 c1 2-19 append a@1 b@0+y1 → ok
			 a = x1
			 b = y1
			 c2 3-4 read b → y1
			 c2 5-6 read a →`,
			`c0 1-20 append a@0+x1 → ok
			 c1 2-19 append a@1 b@0+y1 → ok
			 a = x1
			 b = y1
			 c2 3-4 read b →
			 c2 5-6 read a →`,
		},
		{
			"a read of what is appended only later", linearizability.FutureRead,
			"c1 1-2 read a → x1 \n c0 3-4 append a@0+x1 → ok \n a = x1",
			"c1 1-3 read a → x1 \n c0 2-4 append a@0+x1 → ok \n a = x1",
		},
		{
			"a conflict with what is appended only later", linearizability.FutureRead,
			"c1 1-2 append a@1+x9 → conflict a expected 1 found 2 \n c0 3-4 append a@0+x1,x2 → ok \n a = x1 x2",
			"c1 1-3 append a@1+x9 → conflict a expected 1 found 2 \n c0 2-4 append a@0+x1,x2 → ok \n a = x1 x2",
		},
		{
			"a conflict with two versions, the first of which is appended only later", linearizability.FutureRead,
			"c0 1-8 append a@1+x2 → ok \n c1 2-3 append a@0+x9 → conflict a expected 0 found 2 \n c2 4-5 append a@0+x1 → ok \n a = x1 x2",
			"c0 1-8 append a@1+x2 → ok \n c1 2-5 append a@0+x9 → conflict a expected 0 found 2 \n c2 4-6 append a@0+x1 → ok \n a = x1 x2",
		},
		{
			"a global read of what is appended only later", linearizability.FutureRead,
			"c1 1-2 all → x1 \n c0 3-4 append a@0+x1 → ok \n a = x1 \n global = x1",
			"c1 1-3 all → x1 \n c0 2-4 append a@0+x1 → ok \n a = x1 \n global = x1",
		},
		{
			"a read with a hole", linearizability.NonPrefixRead,
			"c0 1-2 append a@0+x1,x2,x3 → ok \n c1 3-4 read a → x1 x3@3 \n a = x1 x2 x3",
			"c0 1-2 append a@0+x1,x2,x3 → ok \n c1 3-4 read a → x1 x2 stopped \n a = x1 x2 x3",
		},
		{
			"a read that begins one too late", linearizability.NonPrefixRead,
			"c0 1-2 append a@0+x1,x2 → ok \n c1 3-4 read a after 0 → x2@2 \n a = x1 x2",
			"c0 1-2 append a@0+x1,x2 → ok \n c1 3-4 read a after 1 → x2 \n a = x1 x2",
		},
		{
			"a version that belonged to another event", linearizability.IncompatibleOrder,
			"c0 1-5 append a@0+x1 → ok \n c1 2-6 append a@1+x2 → ok \n c2 3-4 read a → x2 \n a = x1 x2",
			"c0 1-5 append a@0+x1 → ok \n c1 2-6 append a@1+x2 → ok \n c2 3-4 read a → x1 \n a = x1 x2",
		},
		{
			"an event at another position", linearizability.WrongPosition,
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 read a → x1^20 \n a = x1 \n global = x1",
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 read a → x1^10 \n a = x1 \n global = x1",
		},
		{
			"an append behind one that was called later", linearizability.RealTimeInversion,
			"c0 1-2 append a@1+x2 → ok \n c1 3-4 append a@0+x1 → ok \n a = x1 x2",
			"c0 1-3 append a@1+x2 → ok \n c1 2-4 append a@0+x1 → ok \n a = x1 x2",
		},
		{
			"appends to two streams against time in the global order", linearizability.RealTimeInversion,
			"c0 1-2 append a@0+x1 → ok \n c1 3-4 append b@0+y1 → ok \n a = x1 \n b = y1 \n global = y1 x1",
			"c0 1-3 append a@0+x1 → ok \n c1 2-4 append b@0+y1 → ok \n a = x1 \n b = y1 \n global = y1 x1",
		},
		{
			"a cursor that passed an event by", linearizability.CursorSkip,
			"c0 1-6 append a@0+x1 → ok \n c1 2-3 append b@0+y1 → ok \n c2 4-5 all → y1 \n a = x1 \n b = y1 \n global = x1 y1",
			"c0 1-6 append a@0+x1 → ok \n c1 2-3 append b@0+y1 → ok \n c2 4-5 all → x1 y1 \n a = x1 \n b = y1 \n global = x1 y1",
		},
		{
			"a filtered cursor that passed an event by", linearizability.CursorSkip,
			"c0 1-2 append a@0+x1,y1,x2 → ok \n c1 3-4 all type x → x2 \n a = x1 y1 x2 \n global = x1 y1 x2",
			"c0 1-2 append a@0+x1,y1,x2 → ok \n c1 3-4 all type x → x1 x2 \n a = x1 y1 x2 \n global = x1 y1 x2",
		},
		{
			"an event at or before the cursor", linearizability.BrokenGlobalOrder,
			"c0 1-2 append a@0+x1,x2 → ok \n c1 3-4 all after 10 → x1 x2 \n a = x1 x2 \n global = x1 x2",
			"c0 1-2 append a@0+x1,x2 → ok \n c1 3-4 all after 10 → x2 \n a = x1 x2 \n global = x1 x2",
		},
		{
			"an event that the filter does not select", linearizability.BrokenGlobalOrder,
			"c0 1-2 append a@0+x1,y1 → ok \n c1 3-4 all type x → x1 y1 \n a = x1 y1 \n global = x1 y1",
			"c0 1-2 append a@0+x1,y1 → ok \n c1 3-4 all type x → x1 \n a = x1 y1 \n global = x1 y1",
		},
		{
			"positions that fall", linearizability.BrokenGlobalOrder,
			"c0 1-2 append a@0+x1,x2 → ok \n a = x1 x2 \n global = x1^20 x2^10",
			"c0 1-2 append a@0+x1,x2 → ok \n a = x1 x2 \n global = x1^10 x2^20",
		},
		{
			"an event missing from the global order", linearizability.BrokenGlobalOrder,
			"c0 1-2 append a@0+x1 → ok \n c0 3-4 append a@1+x2 → ok \n a = x1 x2 \n global = x1",
			"c0 1-2 append a@0+x1 → ok \n c0 3-4 append a@1+x2 → ok \n a = x1 x2 \n global = x1 x2",
		},
		{
			"a stream out of order in the global order", linearizability.BrokenGlobalOrder,
			"c0 1-3 append a@0+x1 → ok \n c1 2-4 append a@1+x2 → ok \n a = x1 x2 \n global = x2 x1",
			"c0 1-3 append a@0+x1 → ok \n c1 2-4 append a@1+x2 → ok \n a = x1 x2 \n global = x1 x2",
		},
		{
			"more events than the limit", linearizability.BrokenLimit,
			"c0 1-2 append a@0+x1,x2 → ok \n c1 3-4 all limit 1 → x1 x2 stopped \n a = x1 x2 \n global = x1 x2",
			"c0 1-2 append a@0+x1,x2 → ok \n c1 3-4 all limit 1 → x1 stopped \n a = x1 x2 \n global = x1 x2",
		},
	}
}

// graphOnly are the names of the histories with which the model finds no fault.
func graphOnly() []string {
	return []string{
		"another append in the middle of a batch", "a batch in another order in the global one",
		"appends to two streams against time in the global order", "positions that fall",
		"an event missing from the global order", "a stream out of order in the global order",
	}
}

// TestAnomaliesAreNamedWithoutPorcupine gives porcupine no time.
func TestAnomaliesAreNamedWithoutPorcupine(t *testing.T) {
	for _, tc := range anomalies() {
		t.Run(tc.name, func(t *testing.T) {
			report := linearizability.Check(t.Context(), parse(t, tc.bad), linearizability.Options{Timeout: 1})
			require.Equal(t, linearizability.Unknown, report.Porcupine)
			require.Equal(t, linearizability.Violation, report.Verdict)
			require.Equal(t, []string{tc.anomaly}, slices.Compact(names(report)))
		})
	}
}

func TestOneWriteSkewIsReportedOnce(t *testing.T) {
	report := check(t, parse(t, "c0 1-3 append a@0 b@0+y1 → ok \n c1 2-4 append b@0 a@0+x1 → ok \n a = x1 \n b = y1"))
	require.Len(t, report.Anomalies, 1)
	require.Equal(t, []int{0, 1}, report.Anomalies[0].Operations)
}

func TestAStoreThatIsOftenWrongIsNotReportedEndlessly(t *testing.T) {
	text := "a ="
	for n := range 40 {
		text += fmt.Sprintf("\n c0 %d-%d append a@%d+x%d → ok", 2*n+1, 2*n+2, n, n)
	}
	report := check(t, parse(t, text))
	require.Equal(t, linearizability.Violation, report.Verdict)
	require.Len(t, report.Anomalies, 3)
}

func TestEveryAnomalyIsNamedAndItsNeighbourPasses(t *testing.T) {
	for _, tc := range anomalies() {
		t.Run(tc.name, func(t *testing.T) {
			bad := parse(t, tc.bad)
			report := check(t, bad)
			require.Equal(t, linearizability.Violation, report.Verdict, describe(report, bad))
			require.Equal(t, []string{tc.anomaly}, slices.Compact(names(report)), describe(report, bad))
			if slices.Contains(graphOnly(), tc.name) {
				require.Equal(t, linearizability.OK, report.Porcupine, "no client asked for the global order: the fast checker alone judges it")
			} else {
				require.Equal(t, linearizability.Violation, report.Porcupine, describe(report, bad))
			}
			require.NotEmpty(t, report.Reason)
			for _, a := range report.Anomalies {
				require.NotEmpty(t, a.Message)
				require.NotEmpty(t, a.Operations, "%s", a.Name)
				for _, i := range a.Operations {
					require.Less(t, i, len(bad.Operations))
				}
			}
			good := parse(t, tc.good)
			report = check(t, good)
			require.Equal(t, linearizability.OK, report.Verdict, describe(report, good))
			require.Equal(t, linearizability.OK, report.Porcupine)
			require.Empty(t, report.Anomalies)
		})
	}
}
