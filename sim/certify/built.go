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
	c.Harness = builtFrom(info, harnessModule)
	if f := runtime.FuncForPC(reflect.ValueOf(backend.Open).Pointer()); f != nil {
		b := builtFrom(info, f.Name())
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

// builtFrom returns the module that a function's or a package's full name belongs to.
func builtFrom(info *debug.BuildInfo, name string) Built {
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
		found.Version = unknownVersion
	}
	if found.Module == info.Main.Path {
		found.Version += revision(info)
	}
	return found
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
