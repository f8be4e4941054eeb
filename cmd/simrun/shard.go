package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// shard is a part of the seeds: every so-manieth of them. All shards together have each
// seed once. The zero value has all.
type shard struct {
	// number counts from 1 to of.
	number, of uint64
}

// completionIndex is where Kubernetes says which one of an indexed job this is, from 0 on.
const completionIndex = "JOB_COMPLETION_INDEX"

// chosenShard returns the shard that the flags name: one as "2/5", or so many of which the
// environment says the number.
func chosenShard(text string, of int) (shard, error) {
	switch {
	case text != "" && of != 0:
		return shard{}, fmt.Errorf("--shard %s and --shards %d: give one of them", text, of)
	case text != "":
		return parseShard(text)
	case of < 0:
		return shard{}, fmt.Errorf("--shards: %d is negative", of)
	case of == 0:
		return shard{}, nil
	}
	index, found := os.LookupEnv(completionIndex)
	if !found {
		return shard{}, fmt.Errorf("--shards %d: %s is not set, so which one is this? Give --shard 1/%d to --shard %d/%d", of, completionIndex, of, of, of)
	}
	n, err := strconv.ParseUint(index, 10, 32)
	if err != nil || n >= uint64(of) {
		return shard{}, fmt.Errorf("--shards %d: %s is %q; it must be 0 to %d", of, completionIndex, index, of-1)
	}
	return shard{n + 1, uint64(of)}, nil
}

func parseShard(text string) (shard, error) {
	first, second, _ := strings.Cut(text, "/")
	number, err := strconv.ParseUint(first, 10, 32)
	of, errOf := strconv.ParseUint(second, 10, 32)
	if err != nil || errOf != nil || number < 1 || number > of {
		return shard{}, fmt.Errorf("--shard: %q is none; give 1/5 for the first of five", text)
	}
	return shard{number, of}, nil
}

// has says whether the shard has the seed that comes i after the first one.
func (s shard) has(i uint64) bool { return s.of == 0 || i%s.of == s.number-1 }

// fits returns an error if the shard has none of so many seeds.
func (s shard) fits(seeds uint64) error {
	if s.of > 0 && s.number > seeds {
		return fmt.Errorf("shard %d of %d has none of the %d seeds; let there be more seeds or fewer shards", s.number, s.of, seeds)
	}
	return nil
}
