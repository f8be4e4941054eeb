package vfs

// SetSynced replaces what makes the names in a directory durable, and returns how to put it
// back.
func SetSynced(with func(path string) error) (restore func()) {
	before := synced
	synced = with
	return func() { synced = before }
}
