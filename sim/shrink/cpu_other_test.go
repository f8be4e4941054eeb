//go:build !unix

package shrink_test

import "testing"

// cpu is not known here.
func cpu(testing.TB) float64 { return 0 }
