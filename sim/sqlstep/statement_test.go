package sqlstep

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAStatementIsKnownByItsText(t *testing.T) {
	for text, expected := range map[string]statement{
		"SELECT 1":                               {kind: other},
		"  -- no; comment\n/* ; */ BEGIN; -- ; ": {kind: begin},
		"begin immediate":                        {kind: begin},
		"COMMIT;\n":                              {kind: commit},
		"END TRANSACTION":                        {kind: commit},
		"ROLLBACK":                               {kind: rollback},
		"ROLLBACK TO a":                          {kind: other},
		"rollback transaction to savepoint a":    {kind: other},
		"INSERT INTO t VALUES ('a;b''c;')":       {kind: other},
		"SELECT \";\", [;], `;`;":                {kind: other},
		"SELECT 1; SELECT 2":                     {kind: other, script: true},
		"BEGIN;INSERT INTO t VALUES (1);COMMIT":  {kind: begin, script: true},
		"PRAGMA busy_timeout = 3":                {kind: other, timeout: true},
		"'":                                      {kind: other},
		"/*":                                     {kind: other},
		"":                                       {kind: other},
	} {
		got := parsed(text)
		expected.name = named(text)
		require.Equal(t, expected, got, text)
	}
}
