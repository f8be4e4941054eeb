package postgres_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/internal/pgruns"
	"github.com/eventcore-go/eventcore-sim/sim/certify"
)

func TestCertify(t *testing.T) {
	t.Parallel()
	server.DSN(t) // or skip
	cluster, err := server.Cluster()
	require.NoError(t, err)
	stores, err := pgruns.New(t.Context(), cluster)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, stores.Close()) })
	certify.Run(t, stores.Backend(), certify.WithoutContract()) // see TestConformance
}
