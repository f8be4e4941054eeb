package pgtest

// Dir returns the directory of a cluster.
func (c *Cluster) Dir() string { return c.server.dir }

// FindIn returns the path of the server that is found in places.
func FindIn(places ...string) (string, error) {
	found, err := findIn(places)
	return found.postgres, err
}

// Places are the usual ones.
var Places = places
