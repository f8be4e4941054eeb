// Package site writes what came of many runs as a static web site: an index, and a page for
// each run that did not pass, with its timeline. The pages need nothing but themselves:
// no server, no network, no framework.
package site
