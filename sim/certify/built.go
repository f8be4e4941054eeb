package certify

import (
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/eventcore-go/eventcore-sim/sim"
)

// harnessModule is the path of this module.
const harnessModule = "github.com/eventcore-go/eventcore-sim"

// describeBuild fills in what the binary says of the modules it was built from.
func (c *Certificate) describeBuild(backend sim.Backend, version string) {
	c.Go, c.Platform = runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH
	c.Backend.Name = backend.Name
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	_, here, _, _ := runtime.Caller(0)
	c.Harness = builtFrom(info, harnessModule, here)
	if f := runtime.FuncForPC(reflect.ValueOf(backend.Open).Pointer()); f != nil {
		file, _ := f.FileLine(f.Entry())
		b := builtFrom(info, f.Name(), file)
		c.Backend.Module, c.Backend.Version = b.Module, b.Version
	}
	if version != "" {
		c.Backend.Version = version
	}
	if c.Backend.Version == "" {
		c.Backend.Version = unknownVersion
	}
}

const unknownVersion = "unknown"

// builtFrom returns the module that a function's or a package's full name belongs to. The
// binary of a test does not know what it depends on; the source file then has the version in
// its path, if it comes from the module cache.
func builtFrom(info *debug.BuildInfo, name, file string) Built {
	if strings.HasPrefix(name, "main.") {
		name = info.Main.Path + "/" + name
	}
	var found Built
	modules := append([]*debug.Module{&info.Main}, info.Deps...)
	for _, m := range modules {
		if m == nil || m.Path == "" || len(m.Path) <= len(found.Module) {
			continue
		}
		if rest, is := strings.CutPrefix(name, m.Path); is && (rest == "" || rest[0] == '/' || rest[0] == '.' || rest[0] == '_') {
			found = Built{Module: m.Path, Version: version(m)}
		}
	}
	if found.Version == "" {
		found.Version = cached(file)
		if strings.HasPrefix(name, harnessModule) {
			found.Module = harnessModule
		}
	}
	if found.Module != "" && found.Module == info.Main.Path {
		found.Version += revision(info)
	}
	return found
}

// cached returns the version in the path of a file in the module cache, as in
// "…/eventcore-sim@v1.2.3/sim/certify/built.go", "(devel)" for a file elsewhere.
func cached(file string) string {
	_, after, found := strings.Cut(file, "@")
	if v, _, _ := strings.Cut(after, "/"); found && strings.HasPrefix(v, "v") {
		return v
	}
	return "(devel)"
}

// version returns a module's version; one that is replaced is that which stands in for it.
func version(m *debug.Module) string {
	v := m.Version
	if v == "" {
		v = "(devel)"
	}
	if r := m.Replace; r != nil {
		v += " => " + strings.TrimSpace(r.Path+" "+r.Version)
	}
	return v
}

// revision returns the commit that the binary was built from, where it knows.
func revision(info *debug.BuildInfo) string {
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			commit = " " + s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+changes"
		}
	}
	if commit == "" {
		return ""
	}
	return commit + dirty
}
