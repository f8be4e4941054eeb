// Package prng derives independent streams of random numbers from one seed.
//
// A stream is keyed by its purpose, so that one more draw for one purpose never
// shifts the draws for another: adding a fault leaves the program as it was.
package prng

import "math/rand/v2"

// Key mixes the seed with a purpose and any number of indices into one 64-bit
// value. Different arguments give, for all practical purposes, unrelated values.
func Key(seed uint64, purpose string, indices ...uint64) uint64 {
	h := mix(seed ^ 0x9e3779b97f4a7c15)
	for i := range len(purpose) {
		h = (h ^ uint64(purpose[i])) * 0x100000001b3
	}
	h = mix(h ^ uint64(len(purpose)))
	for _, n := range indices {
		h = mix(h + 0x9e3779b97f4a7c15 ^ mix(n+0x632be59bd9b4e019))
	}
	return h
}

// New returns the stream of random numbers with that key.
func New(seed uint64, purpose string, indices ...uint64) *rand.Rand {
	key := Key(seed, purpose, indices...)
	// Both in one piece: each client of a run has several streams.
	s := &struct {
		rand.Rand
		pcg rand.PCG
	}{}
	s.pcg.Seed(key, mix(key^0xd1342543de82ef95))
	s.Rand = *rand.New(&s.pcg)
	return &s.Rand
}

// Float maps a key to [0, 1), for a single draw without a generator.
func Float(key uint64) float64 { return float64(key>>11) / (1 << 53) }

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable
// pseudorandom number generators, OOPSLA 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
