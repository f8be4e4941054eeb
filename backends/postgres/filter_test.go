package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/backends/postgres"
	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/internal/filtertest"
)

func TestReadAllAgreesWithTheFilter(t *testing.T) {
	filtertest.Agree(t, open(t, server.DSN(t), postgres.Config{}))
}

func TestAPositionOfAnotherStoreYieldsNothing(t *testing.T) {
	s := open(t, server.DSN(t), postgres.Config{})
	appendTo(t, s, 0, 3, eventcore.MustStreamID("a"))
	for range s.ReadAll(t.Context(), eventcore.Filter{}, eventcore.NewPosition(1, 0), 0) {
		require.Fail(t, "there is nothing behind it")
	}
	for range s.ReadStream(t.Context(), eventcore.MustStreamID("a"), 1<<64-1) {
		require.Fail(t, "there is nothing behind it")
	}
	for range s.ReadStream(t.Context(), eventcore.StreamID{}, 0) {
		require.Fail(t, "there is no such stream")
	}
}
