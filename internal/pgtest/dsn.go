package pgtest

import (
	"net/url"
	"strings"
)

// With returns a connection string, of either form, with a setting added: one of pgx,
// or a run-time parameter of the server. A value must not need quotes.
func With(dsn, name, value string) string {
	if !strings.HasPrefix(dsn, "postgres://") && !strings.HasPrefix(dsn, "postgresql://") {
		return dsn + " " + name + "=" + value
	}
	separator := "?"
	if strings.Contains(dsn, "?") {
		separator = "&"
	}
	return dsn + separator + url.QueryEscape(name) + "=" + url.QueryEscape(value)
}
