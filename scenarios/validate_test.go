package scenarios_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
	"github.com/eventcore-go/eventcore-sim/scenarios"
)

func TestValidateNamesTheField(t *testing.T) {
	for _, c := range []struct{ scenario, program, want string }{
		{"contention", `{}`, `clients: there is none; a program needs at least one`},
		{"contention", `{"clients":[[]],"probes":[[],[]]}`, `probes: there are 2 for 1 clients; give at most one list a client`},
		{"contention", `{"clients":[[],[{"do":"incr"}]]}`, `clients[1][0].do: "incr" is no operation of scenario contention; known: increment, burst, watch`},
		{"contention", `{"clients":[[{"do":"increment"}]]}`, `clients[0][0].streams: "increment" needs exactly 1, got 0`},
		{"contention", `{"clients":[[{"do":"burst","streams":["c"]}]]}`, `clients[0][0].count: "burst" needs at least 1, got 0`},
		{"contention", `{"setup":[{"do":"increment","streams":["c"],"amount":2}],"clients":[[]]}`, `setup[0].amount: "increment" does not use it; leave it out`},
		{"contention", `{"clients":[[]],"probes":[[{"do":"watch","streams":["c"],"after":1}]]}`, `probes[0][0].after: "watch" does not use it; leave it out`},
		{"contention", `{"clients":[[{"do":"watch","streams":["c"],"limit":1}]]}`, `clients[0][0].limit: "watch" does not use it; leave it out`},
		{"contention", `{"clients":[[{"do":"watch","streams":["c"],"prefix":"c"}]]}`, `clients[0][0].prefix: "watch" does not use it; leave it out`},
		{"contention", `{"clients":[[{"do":"watch","streams":["c"],"pattern":"c"}]]}`, `clients[0][0].pattern: "watch" does not use it; leave it out`},
		{"contention", `{"clients":[[{"do":"watch","streams":["c"],"type":"c"}]]}`, `clients[0][0].type: "watch" does not use it; leave it out`},
		{"transfers", `{"clients":[[{"do":"transfer","streams":["a","a"],"amount":1}]]}`, `clients[0][0].streams[1]: stream "a" is there twice`},
		{"transfers", `{"clients":[[{"do":"transfer","streams":["a","b"]}]]}`, `clients[0][0].amount: "transfer" needs at least 1, got 0`},
		{"transfers", `{"clients":[[{"do":"audit"}]]}`, `clients[0][0].reads: "audit" needs at least 1, got 0`},
		{"write-skew", `{"clients":[[{"do":"leave","streams":["a"],"reads":["b","a"]}]]}`, `clients[0][0].reads[1]: stream "a" is there twice`},
		{"write-skew", `{"setup":[{"do":"return","streams":["c"]}],"clients":[[{"do":"survey","reads":["a","b"]}]]}`, `clients[0][0].reads: "survey" needs every doctor of the program; add "c"`},
		{"group-commit", `{"clients":[[{"do":"join","streams":["a","b","c"],"count":1}]]}`, `clients[0][0].streams: "join" takes at most 2, got 3`},
		{"mixed", `{"clients":[[{"do":"append","streams":["a"],"count":2000}]]}`, `clients[0][0].count: "append" takes at most 1024, got 2000`},
		{"mixed", `{"clients":[[{"do":"scan","limit":-1}]]}`, `clients[0][0].limit: "scan" needs at least 0, got -1`},
		{"mixed", `{"clients":[[{"do":"scan","limit":1,"prefix":"a*"}]]}`, `clients[0][0].prefix: eventcore: stream prefix "a*" contains '*'`},
		{"mixed", `{"clients":[[{"do":"scan","limit":1,"pattern":"[a"}]]}`, `clients[0][0].pattern: eventcore: stream pattern "[a": the class`},
	} {
		var p scenarios.Program
		require.NoError(t, json.Unmarshal([]byte(c.program), &p), c.program)
		s, err := scenarios.Lookup(c.scenario)
		require.NoError(t, err)
		require.ErrorContains(t, s.Validate(p), c.want, c.program)
	}
}

func TestValidateRefusesTheZeroStream(t *testing.T) {
	s, err := scenarios.Lookup("contention")
	require.NoError(t, err)
	op := scenarios.Op{Do: "increment", Streams: []eventcore.StreamID{{}}}
	require.EqualError(t, s.Validate(scenarios.Program{Clients: [][]scenarios.Op{{op}}}), `clients[0][0].streams[0]: the stream ID is empty`)
}

func TestOperationPrintsAllItsFields(t *testing.T) {
	a, b := eventcore.MustStreamID("a"), eventcore.MustStreamID("b/1")
	op := scenarios.Op{
		Do: "x", Streams: []eventcore.StreamID{a, b}, Reads: []eventcore.StreamID{b, a}, Amount: -1, Count: 2,
		After: 3, Limit: 4, Prefix: "p", Pattern: "*", Type: "t",
	}
	require.Equal(t, `x a b/1 reads b/1 a amount=-1 count=2 after=3 limit=4 prefix="p" pattern="*" type="t"`, op.String())
	require.Equal(t, "x", scenarios.Op{Do: "x"}.String())
}

func TestAnOrderIsNoItem(t *testing.T) {
	s, err := scenarios.Lookup("orders")
	require.NoError(t, err)
	stock := []eventcore.StreamID{eventcore.MustStreamID("stock/1")}
	err = s.Validate(scenarios.Program{
		Setup:   []scenarios.Op{{Do: "restock", Streams: stock, Amount: 1}},
		Clients: [][]scenarios.Op{{{Do: "fulfil", Streams: stock}}},
	})
	require.ErrorContains(t, err, `clients[0][0].streams[0]: "stock/1" is an order for one operation and an item for another`)
}
