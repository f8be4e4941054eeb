package linearizability

// zeroed returns n zero values, in the memory of s if that is enough.
func zeroed[T any](s []T, n int) []T {
	if cap(s) < n {
		// Some more: the next history is seldom as long as this one.
		return make([]T, n, n+n/4)
	}
	s = s[:n]
	clear(s)
	return s
}

// emptied returns an empty map, with the memory of m if it has one.
func emptied[K comparable, V any](m map[K]V, size int) map[K]V {
	if m == nil {
		return make(map[K]V, size)
	}
	clear(m)
	return m
}
