package pgtest

// Dir returns the directory of a cluster.
func (c *Cluster) Dir() string { return c.server.dir }
