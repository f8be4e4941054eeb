package seedfile

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Add adds a file to the corpus in the folder dir, unless a file there has its signature and
// is as small; one that is larger is replaced. It returns the path of the file that the corpus
// has afterwards, and whether that is the new one.
func Add(dir string, f File) (path string, added bool, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return "", false, err
	}
	var larger []string
	for _, path := range paths {
		other, err := Load(path)
		switch {
		case err != nil:
			return "", false, err
		case other.Signature() != f.Signature():
		case other.compare(&f) <= 0:
			return path, false, nil
		default:
			larger = append(larger, path)
		}
	}
	if taken, err := Load(filepath.Join(dir, f.Name())); err == nil && taken.Signature() != f.Signature() {
		return "", false, fmt.Errorf("%s has that name and another signature, %s; save it under another seed", filepath.Join(dir, f.Name()), taken.Signature())
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", false, err
	}
	path, err = f.Save(dir)
	if err != nil {
		return "", false, err
	}
	for _, old := range larger {
		if old != path {
			if err := os.Remove(old); err != nil {
				return "", false, err
			}
		}
	}
	return path, true, nil
}

// compare orders files by what there is to read in them.
func (f *File) compare(o *File) int {
	return cmp.Or(
		cmp.Compare(f.Program.Len(), o.Program.Len()),
		cmp.Compare(len(f.Faults.Faults)+len(f.Crashes), len(o.Faults.Faults)+len(o.Crashes)),
		cmp.Compare(len(f.Schedule), len(o.Schedule)),
	)
}
