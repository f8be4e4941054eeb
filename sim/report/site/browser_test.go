package site_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// chromium returns the program, or skips the test.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("SKIPPED: there is no Chromium, so nothing is known about the pages in a browser; install one with .ci/chromium or name it in CHROMIUM")
	return ""
}

// browser is a headless Chromium and what went wrong in it.
type browser struct {
	t   *testing.T
	ctx context.Context
	dir string

	mu       sync.Mutex
	requests []string
	problems []string
}

func newBrowser(t *testing.T, dir string) *browser {
	t.Helper()
	opts := append([]chromedp.ExecAllocatorOption{}, chromedp.DefaultExecAllocatorOptions[:]...)
	opts = append(
		opts, chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.WindowSize(1400, 1000),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.WSURLReadTimeout(time.Minute),
	)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	b := &browser{t: t, ctx: ctx, dir: dir}
	require.NoError(t, chromedp.Listen(ctx, b.listen))
	_, err := chromedp.Call(ctx, network.Enable, network.EnableParams{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, log.Enable, cdp.Empty{})
	require.NoError(t, err)
	_, err = chromedp.Call(ctx, runtime.Enable, cdp.Empty{})
	require.NoError(t, err)
	return b
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, fmt.Sprintf("console.%s", e.Type))
	case *log.EventEntryAdded:
		b.problems = append(b.problems, e.Entry.Text)
	}
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, actions...))
}

func (b *browser) open(path string) {
	b.t.Helper()
	b.run(chromedp.Navigate("file://"+path), chromedp.WaitReady(chromedp.CSS("body")))
}

// loaded waits until the page's scripts have run: its elements are there before.
func (b *browser) loaded() {
	b.t.Helper()
	for ask[string](b, "document.readyState") != "complete" {
		time.Sleep(10 * time.Millisecond)
	}
}

func (b *browser) press(keys ...string) {
	b.t.Helper()
	for _, key := range keys {
		b.run(chromedp.KeyEvent(key))
	}
}

func ask[T any](b *browser, script string) T {
	b.t.Helper()
	answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	require.NoError(b.t, err, script)
	return answer
}

func (b *browser) step() string {
	return ask[string](b, `document.getElementById("where").textContent`)
}

// prefer sets the colour scheme of the system.
func (b *browser) prefer(scheme string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	require.NoError(b.t, err)
}

// clean: nothing left the folder, and nothing went wrong.
func (b *browser) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.problems)
	require.NotEmpty(b.t, b.requests)
	for _, url := range b.requests {
		require.True(b.t, strings.HasPrefix(url, "file://"+b.dir+"/") || strings.HasPrefix(url, "data:"), url)
	}
}

func inABrowser(t *testing.T, dir string) {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes seconds, and no data is shared with it")
	}
	b := newBrowser(t, dir)
	t.Run("the keyboard steps", func(t *testing.T) { keyboardSteps(t, b) })
	t.Run("streams grow with the steps", func(t *testing.T) { streamsGrow(t, b) })
	t.Run("a run that broke off", func(t *testing.T) { brokeOff(t, b) })
	t.Run("calls for leases and checkpoints", func(t *testing.T) { stateCalls(t, b) })
	t.Run("both colour schemes", func(t *testing.T) { colourSchemes(t, b) })
	t.Run("1,000 calls", func(t *testing.T) { thousandCalls(t, b) })
	t.Run("porcupine's picture", func(t *testing.T) { porcupinesPicture(t, b) })
	t.Run("from the index to a failure and back", func(t *testing.T) { there(t, b) })
	b.clean()
}

func keyboardSteps(t *testing.T, b *browser) {
	t.Helper()
	b.open(page(t, b.dir, "write-skew"))
	require.Equal(t, 2, ask[int](b, `document.querySelectorAll(".call.proof").length`))
	require.Equal(t, 2, ask[int](b, `document.querySelectorAll(".edge").length`))
	require.Equal(t, "calls", ask[string](b, `document.getElementById("now").textContent.split(":")[0]`), "it begins at the proof")
	first := b.step()
	b.press("n")
	require.NotEqual(t, first, b.step())
	b.press("p")
	require.Equal(t, first, b.step())
	b.press(kb.Home)
	require.Regexp(t, `^step 1 of \d+$`, b.step())
	b.press(kb.ArrowRight, kb.ArrowRight)
	require.Regexp(t, `^step 3 of `, b.step())
	b.press(kb.ArrowLeft)
	require.Regexp(t, `^step 2 of `, b.step())
	require.Contains(t, ask[string](b, `location.hash`), "#step=2")
	b.press(kb.End, kb.ArrowRight)
	require.Regexp(t, `^step (\d+) of (\d+)$`, b.step())
	require.True(t, ask[bool](b, `document.getElementById("slider").value === document.getElementById("slider").max`))
	b.press("f")
	require.Equal(t, 1, ask[int](b, `document.querySelectorAll("svg.focus").length`))
	width := ask[float64](b, `+document.querySelector("#view svg").getAttribute("width")`)
	b.press("+")
	require.Greater(t, ask[float64](b, `+document.querySelector("#view svg").getAttribute("width")`), width)
	b.press("0")
	require.True(t, ask[bool](b, `document.getElementById("view").scrollWidth <= document.getElementById("view").clientWidth + 1`), "all of it fits")
	b.press("?")
	require.True(t, ask[bool](b, `document.getElementById("help").open`))
	b.press(kb.Escape)
	require.False(t, ask[bool](b, `document.getElementById("help").open`))
}

func streamsGrow(t *testing.T, b *browser) {
	t.Helper()
	b.open(page(t, b.dir, "write-skew"))
	count := `document.querySelectorAll(".ev:not(.pending)").length`
	b.press(kb.Home)
	require.Zero(t, ask[int](b, count))
	last, pending := 0, 0
	for range 60 {
		b.press(kb.ArrowRight)
		now := ask[int](b, count)
		require.GreaterOrEqual(t, now, last)
		last = now
		pending += ask[int](b, `document.querySelectorAll(".ev.pending").length`)
	}
	require.Positive(t, last)
	require.Positive(t, pending, "appends under way are shown as that")
}

// brokeOff: without a final read nothing is said to be lost.
func brokeOff(t *testing.T, b *browser) {
	t.Helper()
	b.open(page(t, b.dir, "contention"))
	require.True(t, ask[bool](b, `document.getElementById("slider").value === document.getElementById("slider").max`), "it begins at the end")
	require.Positive(t, ask[int](b, `document.querySelectorAll(".ev.unread").length`))
	require.Zero(t, ask[int](b, `document.querySelectorAll(".ev.lost").length`))
	require.Positive(t, ask[int](b, `document.querySelectorAll(".mark-line.crash").length`))
	require.Positive(t, ask[int](b, `document.querySelectorAll(".wait").length`))
	require.Positive(t, ask[int](b, `document.querySelectorAll(".mark.statement").length`))
}

// stateCalls: they are no statements of a backend, and one in memory has none.
func stateCalls(t *testing.T, b *browser) {
	t.Helper()
	b.open(page(t, b.dir, "leadership"))
	require.Positive(t, ask[int](b, `document.querySelectorAll(".mark.state").length`))
	require.Positive(t, ask[int](b, `[...document.querySelectorAll(".mark.state")].filter((m) => m.dataset.tip === "check lease").length`))
	require.Zero(t, ask[int](b, `[...document.querySelectorAll(".mark.statement")].filter((m) => m.dataset.tip).length`))
}

func colourSchemes(t *testing.T, b *browser) {
	t.Helper()
	for _, path := range []string{page(t, b.dir, "write-skew"), filepath.Join(b.dir, "index.html")} {
		b.prefer("light")
		b.open(path)
		ask[bool](b, `localStorage.clear() || true`)
		b.open(path)
		brightness := `getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)`
		ink := `getComputedStyle(document.body).color.match(/\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)`
		require.Greater(t, ask[int](b, brightness), 600)
		require.Less(t, ask[int](b, ink), 200)
		b.prefer("dark")
		require.Less(t, ask[int](b, brightness), 150)
		require.Greater(t, ask[int](b, ink), 500)
		b.press("t")
		require.Greater(t, ask[int](b, brightness), 600, "the choice goes before the system's")
		b.open(path)
		require.Greater(t, ask[int](b, brightness), 600, "and is kept")
		b.press("t")
		require.Less(t, ask[int](b, brightness), 150)
	}
}

func thousandCalls(t *testing.T, b *browser) {
	t.Helper()
	b.open(page(t, b.dir, "mixed"))
	require.GreaterOrEqual(t, ask[int](b, `document.querySelectorAll(".call").length`), 1000)
	require.Positive(t, ask[int](b, `document.querySelectorAll(".call.proof").length`))
	require.True(t, ask[bool](b, `(() => {
		const v = document.getElementById("view").getBoundingClientRect(), p = document.querySelector(".call.proof").getBoundingClientRect();
		return p.left >= v.left && p.right <= v.right + 200;
	})()`), "the proof is in view")
	first := b.step()
	b.press(kb.ArrowRight, kb.ArrowRight, kb.ArrowLeft)
	require.NotEqual(t, first, b.step())
	require.Greater(t, ask[int](b, `[...document.querySelectorAll(".call text")].filter((n) => n.textContent.length > 6).length`), 200, "calls are labelled")
	require.LessOrEqual(t, ask[int](b, `document.documentElement.scrollWidth - innerWidth`), 0, "the page itself does not scroll sideways")
}

func porcupinesPicture(t *testing.T, b *browser) {
	t.Helper()
	b.open(page(t, b.dir, "write-skew"))
	require.Empty(t, ask[string](b, `document.querySelector("iframe").src`), "it is not loaded before it is asked for")
	b.run(
		chromedp.Click(chromedp.CSS("#porcupine summary")),
		chromedp.Poll[chromedp.Void](`document.querySelector("iframe").src.endsWith("-porcupine.html")`),
	)
	b.open(page(t, b.dir, "mixed"))
	require.Contains(t, ask[string](b, `document.getElementById("porcupine").textContent`), "can be shown")
}

func there(t *testing.T, b *browser) {
	t.Helper()
	b.open(filepath.Join(b.dir, "index.html"))
	b.run(chromedp.Click(chromedp.CSS(".failures a")), chromedp.WaitReady(chromedp.CSS("#slider")))
	b.loaded()
	b.press("i")
	b.run(chromedp.WaitReady(chromedp.CSS(".matrix")))
}
