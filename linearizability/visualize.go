package linearizability

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// Limits of a picture: porcupine's verbose check does not keep to its time limit on
// long histories, and nobody can read more.
const (
	maxPicture     = 1000
	pictureTimeout = 5 * time.Second
)

// Visualize writes porcupine's picture of a history to the file at path, as HTML; each
// group of streams that appends tie together is a part of it. The history must be one
// that [Check] can judge. If it has more than 1,000 calls, only the parts that cannot
// be explained are drawn, and if these have more too that is an error.
func Visualize(history History, path string) error {
	l, reason := newFinalLog(&history)
	if reason != "" {
		return errors.New("linearizability: visualize: " + reason)
	}
	all := l.components()
	if len(history.Operations) > maxPicture {
		all = rejected(all)
	}
	calls := 0
	for _, c := range all {
		calls += len(c.ops)
	}
	switch {
	case len(all) == 0 && len(history.Operations) > maxPicture:
		return fmt.Errorf("linearizability: visualize: the history has %d calls, at most %d can be shown, and no part of it is known to be wrong", len(history.Operations), maxPicture)
	case calls > maxPicture:
		return fmt.Errorf("linearizability: visualize: the parts that cannot be explained have %d calls; at most %d can be shown", calls, maxPicture)
	}
	return l.draw(all, path)
}

// rejected returns the components that cannot be explained.
func rejected(all []*component) []*component {
	d := newDecider(context.Background(), pictureTimeout)
	var wrong []*component
	for _, c := range all {
		if d.component(c) == Violation {
			wrong = append(wrong, c)
		}
	}
	return wrong
}

func (l *finalLog) draw(all []*component, path string) error {
	var ops []porcupine.Operation
	streams := 0
	parts := make([][]porcupine.Operation, 0, len(all))
	for _, c := range all {
		ops = append(ops, c.ops...)
		parts = append(parts, c.ops)
		streams = max(streams, len(c.streams))
	}
	m := model(func() *machine { return newMachine(context.Background(), streams, len(ops)) })
	m.Partition = func([]porcupine.Operation) [][]porcupine.Operation { return parts }
	m.DescribeOperation = func(input, _ any) string { return input.(*step).op.describe() }
	m.DescribeState = func(s any) string { return s.(*state).describe() }
	_, info := porcupine.CheckOperationsVerbose(m, ops, pictureTimeout)
	if err := porcupine.VisualizePath(m, info, path); err != nil {
		return fmt.Errorf("linearizability: visualize: %w", err)
	}
	return nil
}

// describe returns the versions of the streams, by their numbers in the component.
func (s *state) describe() string {
	var b strings.Builder
	for n, head := range s.heads {
		fmt.Fprintf(&b, "%d@%d ", n, head.at())
	}
	return strings.TrimSpace(b.String())
}
