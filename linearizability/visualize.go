package linearizability

import (
	"errors"
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"
)

// Limits of a picture: porcupine's verbose check does not keep to its time limit on
// long histories, and nobody can read more.
const (
	maxPicture     = 1000
	pictureTimeout = 5 * time.Second
)

// Visualize writes porcupine's picture of a history to the file at path, as HTML. The
// history must have a final read and at most 1,000 calls.
func Visualize(history History, path string) error {
	switch {
	case history.Final == nil:
		return errors.New("linearizability: visualize: the history has no final read")
	case len(history.Operations) > maxPicture:
		return fmt.Errorf("linearizability: visualize: the history has %d calls; at most %d can be shown", len(history.Operations), maxPicture)
	}
	l := newFinalLog(&history)
	var f findings
	l.checkGlobal(&f)
	all := l.components(len(f.all) == 0 && l.readsGlobal())
	var ops []porcupine.Operation
	streams := 0
	parts := make([][]porcupine.Operation, 0, len(all))
	for _, c := range all {
		ops = append(ops, c.ops...)
		parts = append(parts, c.ops)
		streams = max(streams, len(c.streams))
	}
	model := porcupineModel(streams)
	model.Partition = func([]porcupine.Operation) [][]porcupine.Operation { return parts }
	_, info := porcupine.CheckOperationsVerbose(model, ops, pictureTimeout)
	return porcupine.VisualizePath(model, info, path)
}
