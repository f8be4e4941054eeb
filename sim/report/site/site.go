package site

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/eventcore-go/eventcore-sim/linearizability"
	"github.com/eventcore-go/eventcore-sim/sim"
	"github.com/eventcore-go/eventcore-sim/sim/seedfile"
)

// maxPages is the number of failures that have a page; further ones are counted.
const maxPages = 200

//go:embed assets
var assets embed.FS

// Site is a site that is being written. It is for one goroutine at a time.
type Site struct {
	dir   string
	pages *template.Template
	style template.CSS
	theme template.JS
	stats stats
	names map[string]int
	// failures are those with a page, in order.
	failures []failure
	left     int // failures without a page
}

// New makes the folder dir, and a site in it that has no page yet.
func New(dir string) (*Site, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	pages, err := template.ParseFS(assets, "assets/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	style, err := assets.ReadFile("assets/style.css")
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	theme, err := assets.ReadFile("assets/theme.js")
	if err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	// Both come with this package.
	return &Site{dir: dir, pages: pages, style: template.CSS(style), theme: template.JS(theme), names: make(map[string]int)}, nil
}

// Add takes the result of a run. One that did not pass gets a page at once, with its seed
// file and porcupine's picture beside it; commands are the lines that reproduce it.
func (s *Site) Add(r *sim.Result, commands ...string) error {
	page := ""
	if r.Verdict != sim.Pass {
		if len(s.failures) < maxPages {
			page = s.pageName(r)
			if err := s.writeFailure(page, r, commands); err != nil {
				return err
			}
		} else {
			s.left++
		}
	}
	s.stats.add(r, page)
	return nil
}

// pageName returns a name for the page of a failure, without its ending.
func (s *Site) pageName(r *sim.Result) string {
	parts := []string{string(r.Verdict), r.Backend, r.Mutant, r.Scenario, fmt.Sprint(r.Seed)}
	if len(r.Findings) > 0 {
		parts[0] = r.Findings[0].Name
	}
	name := slug(strings.Join(parts, " "))
	if s.names[name]++; s.names[name] > 1 {
		name += fmt.Sprintf("-%d", s.names[name])
	}
	return name
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

func slug(text string) string {
	return strings.Trim(notInName.ReplaceAllString(strings.ToLower(text), "-"), "-")
}

// failurePage is what the page of a failure is made of.
type failurePage struct {
	Style    template.CSS
	Theme    template.JS
	Script   template.JS
	Title    string
	Result   *sim.Result
	Trace    string
	Commands []string
	Line     *timeline
	// SeedFile and Picture are files beside the page, "" for none; NoPicture says why.
	SeedFile, Picture, NoPicture string
	Program                      []programLane
	Faults                       []string
	Previous                     string
}

type programLane struct {
	Name string
	Ops  []string
}

func (s *Site) writeFailure(name string, r *sim.Result, commands []string) error {
	script, err := assets.ReadFile("assets/timeline.js")
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	p := failurePage{
		Style: s.style, Theme: s.theme, Script: template.JS(script), Title: titleOf(r), Result: r,
		Trace: fmt.Sprintf("%016x", r.Trace.Hash()), Commands: commands, Line: newTimeline(r), Program: programOf(r),
	}
	for _, fault := range r.Faults {
		p.Faults = append(p.Faults, fault.String())
	}
	if n := len(s.failures); n > 0 {
		p.Previous = s.failures[n-1].Page + ".html"
	}
	kept, err := seedfile.Of(r).Save(filepath.Join(s.dir, "seeds"))
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	p.SeedFile = "seeds/" + filepath.Base(kept)
	if r.History == nil {
		p.NoPicture = "nothing was recorded"
	} else {
		picture := name + "-porcupine.html"
		if err := linearizability.Visualize(*r.History, filepath.Join(s.dir, picture)); err != nil {
			p.NoPicture = err.Error()
		} else {
			p.Picture = picture
		}
	}
	s.failures = append(s.failures, failure{
		Page: name, Title: p.Title, Verdict: string(r.Verdict), Backend: r.Backend, Scenario: r.Scenario, Mutant: r.Mutant, Seed: r.Seed, Reason: firstLine(r.Reason),
	})
	return s.write(name+".html", "failure.tmpl", p)
}

func titleOf(r *sim.Result) string {
	if len(r.Findings) > 0 {
		return r.Findings[0].Name
	}
	return string(r.Verdict)
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func programOf(r *sim.Result) []programLane {
	lanes := []programLane{}
	add := func(name string, n int, text func(int) string) {
		lane := programLane{Name: name}
		for i := range n {
			lane.Ops = append(lane.Ops, text(i))
		}
		if n > 0 {
			lanes = append(lanes, lane)
		}
	}
	p := &r.Program
	add("set-up", len(p.Setup), func(i int) string { return p.Setup[i].String() })
	for c := range p.Clients {
		add(fmt.Sprintf("client %d", c), len(p.Clients[c]), func(i int) string { return p.Clients[c][i].String() })
	}
	for c := range p.Probes {
		add(fmt.Sprintf("client %d, faults healed", c), len(p.Probes[c]), func(i int) string { return p.Probes[c][i].String() })
	}
	return lanes
}

func (s *Site) write(file, page string, data any) (err error) {
	f, err := os.Create(filepath.Join(s.dir, filepath.Base(file)))
	if err != nil {
		return fmt.Errorf("site: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := s.pages.ExecuteTemplate(f, page, data); err != nil {
		return fmt.Errorf("site: %s: %w", file, err)
	}
	return nil
}

// Close writes the index. seconds is how long the runs took, verdict and vacuous what they
// come to together.
func (s *Site) Close(summary *sim.Summary, verdict sim.Verdict, vacuous []string, elapsed time.Duration) error {
	return s.write("index.html", "index.tmpl", s.index(summary, verdict, vacuous, elapsed))
}
