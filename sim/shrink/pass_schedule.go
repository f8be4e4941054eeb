package shrink

import "slices"

// segment is a number of steps of one task.
type segment struct{ task, steps int }

func segments(schedule []int) (all []segment) {
	for _, id := range schedule {
		if n := len(all); n > 0 && all[n-1].task == id {
			all[n-1].steps++
		} else {
			all = append(all, segment{id, 1})
		}
	}
	return all
}

func flat(all []segment) (schedule []int) {
	for _, s := range all {
		for range s.steps {
			schedule = append(schedule, s.task)
		}
	}
	return schedule
}

// scheduled returns the run with another schedule, and no variants of that.
func (b *attempt) scheduled(schedule []int) trial {
	t := b.trial()
	t.schedule, t.alone = schedule, true
	return t
}

// calmer lets tasks go on for longer: with the steps that a task takes after others have run
// taken before them, or those before them taken after.
func calmer(b *attempt) (trials []trial) {
	all := segments(b.result.Schedule)
	for i, first := range all {
		next := slices.IndexFunc(all[i+1:], func(s segment) bool { return s.task == first.task })
		if next <= 0 {
			continue
		}
		next += i + 1
		earlier := slices.Clone(all)
		earlier[i].steps += earlier[next].steps
		trials = append(trials, b.scheduled(flat(slices.Delete(earlier, next, next+1))))
		later := slices.Clone(all)
		later[next].steps += later[i].steps
		trials = append(trials, b.scheduled(flat(slices.Delete(later, i, i+1))))
	}
	return trials
}

// fewCandidates bounds the schedules that are listed.
const fewCandidates = 3000

// fewSwitches lists all schedules in which tasks run to their end but for one that is
// interrupted once, then but for two: systematic testing with a bound on preemptions
// (Musuvathi and Qadeer, PLDI 2007). What it finds has the fewest switches there can be.
func fewSwitches(b *attempt) (trials []trial) {
	clients := len(b.result.Program.Clients)
	if clients > 4 || len(b.result.Crashes) > 0 {
		return nil
	}
	steps := make([]int, clients)
	for _, id := range b.result.Schedule {
		if id < clients {
			steps[id]++
		}
	}
	end := len(b.result.Schedule) // no task has more steps left
	add := func(begin []segment, order ...int) {
		if len(trials) >= fewCandidates || len(begin)+len(order) >= b.size.Switches+2 {
			return
		}
		for _, id := range order {
			begin = append(begin, segment{id, end})
		}
		trials = append(trials, b.scheduled(flat(begin)))
	}
	orders := permutations(clients)
	for _, order := range orders {
		add(nil, order...)
	}
	for _, order := range orders {
		for n := 1; n <= steps[order[0]]; n++ {
			add([]segment{{order[0], n}}, slices.Concat(order[1:], order[:1])...)
		}
	}
	if clients < 2 {
		return trials
	}
	for _, order := range orders {
		for n := 1; n <= steps[order[0]]; n++ {
			for m := 1; m <= steps[order[1]]; m++ {
				add([]segment{{order[0], n}, {order[1], m}}, slices.Concat(order[:1], order[2:], order[1:2])...)
			}
		}
	}
	return trials
}

// permutations lists the orders of the first n numbers.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, order := range permutations(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(order), at, n-1))
		}
	}
	return all
}
