package explore

import (
	"math/big"
)

// mostProgress bounds the work of counting.
const mostProgress = 1 << 20

// interleavings returns in how many orders the steps can be taken such that those that
// depend on each other keep theirs; nil where that is too much work to find out.
func interleavings(done []step) *big.Int {
	tasks, index := byTask(done)
	// A place is how far each task has come, as a number in a mixed radix.
	places, weights := 1, make([]int, len(tasks))
	for t := range tasks {
		weights[t] = places
		places *= len(tasks[t]) + 1
		if places > mostProgress {
			return nil
		}
	}
	needs := requirements(tasks, index, done)
	ways := make([]*big.Int, places)
	ways[0] = big.NewInt(1)
	progress := make([]int, len(tasks))
	for place := range places {
		rest := place
		for t := range tasks {
			progress[t] = rest % (len(tasks[t]) + 1)
			rest /= len(tasks[t]) + 1
		}
		if ways[place] == nil {
			continue
		}
		for t := range tasks {
			if progress[t] == len(tasks[t]) || !reached(progress, needs[t][progress[t]]) {
				continue
			}
			next := place + weights[t]
			if ways[next] == nil {
				ways[next] = new(big.Int)
			}
			ways[next].Add(ways[next], ways[place])
		}
		if place != places-1 {
			ways[place] = nil
		}
	}
	return ways[places-1]
}

// byTask returns for each task that did something the numbers of its steps, and the index
// of each task.
func byTask(done []step) (tasks [][]int, index map[int]int) {
	index = make(map[int]int)
	for i := range done {
		t, known := index[done[i].task]
		if !known {
			t = len(tasks)
			index[done[i].task] = t
			tasks = append(tasks, nil)
		}
		tasks[t] = append(tasks[t], i)
	}
	return tasks, index
}

// requirements returns for each step of each task how far every task must have come.
func requirements(tasks [][]int, index map[int]int, done []step) [][][]int {
	needs := make([][][]int, len(tasks))
	for t := range tasks {
		needs[t] = make([][]int, len(tasks[t]))
		for k, i := range tasks[t] {
			need := make([]int, len(tasks))
			count := make([]int, len(tasks))
			for j := range i {
				other := index[done[j].task]
				count[other]++
				if other != t && done[j].did.Depends(done[i].did) {
					need[other] = count[other]
				}
			}
			needs[t][k] = need
		}
	}
	return needs
}

func reached(progress, need []int) bool {
	for t := range need {
		if progress[t] < need[t] {
			return false
		}
	}
	return true
}
