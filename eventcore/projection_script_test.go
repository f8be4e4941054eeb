package eventcore_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// projectionScript is a projection, a global order and what goes wrong, in lines of words:
//
//	each-page, own, memory, lead   where the checkpoint is, and whether there is a lease
//	start POSITION
//	page EVENTS
//	poll INTERVAL LIMIT
//	standby DELAY RETRIES
//	failures DELAY RETRIES
//	strategy fatal|skip|(retry DELAY RETRIES fatal|skip|retry)
//	filter GLOB
//	events ITEM…        the global order: stream=N, with ! for N if it cannot be decoded
//	KIND WORD…          how the next effects of a kind end; see answer below
//
// A line that begins with # is a comment.
type projectionScript struct {
	own, memory bool
	options     []eventcore.ProjectionOption
	events      []eventcore.Recorded
	answers     map[string][]string

	checkpoint eventcore.Position
	token      uint64
	log        strings.Builder
}

func parseProjection(t *testing.T, text string) *projectionScript {
	t.Helper()
	s := &projectionScript{answers: map[string][]string{}}
	registry := eventcore.NewRegistry()
	eventcore.MustRegister[added](registry, "added")
	s.options = []eventcore.ProjectionOption{
		eventcore.WithProjectionCodec(registry), eventcore.WithProjectionRandom(fixedRandom()),
		eventcore.WithSubscription(eventcore.MustSubscriptionID("sums")),
	}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) > 0 && !strings.HasPrefix(line, "#") {
			s.parseLine(t, words[0], words[1:])
		}
	}
	if !s.own && !s.memory {
		s.option(eventcore.WithCheckpoints(unused{}))
	}
	return s
}

func (s *projectionScript) option(o eventcore.ProjectionOption) { s.options = append(s.options, o) }

func (s *projectionScript) parseLine(t *testing.T, verb string, args []string) {
	t.Helper()
	switch verb {
	case "own":
		s.own = true
	case "memory":
		s.memory = true
	case "each-page":
		s.option(eventcore.WithCheckpointEachPage())
	case "lead":
		s.option(eventcore.WithCoordinator(unused{}))
	case "start":
		at, err := eventcore.ParsePosition(args[0])
		require.NoError(t, err)
		s.option(eventcore.WithStart(at))
	case "page":
		s.option(eventcore.WithPageSize(atoi(t, args[0])))
	case "poll":
		s.option(eventcore.WithPolling(duration(t, args[0]), duration(t, args[1])))
	case "standby":
		s.option(eventcore.WithStandby(eventcore.Fixed(duration(t, args[0]), atoi(t, args[1]))))
	case "failures":
		s.option(eventcore.WithFailureRetry(eventcore.Fixed(duration(t, args[0]), atoi(t, args[1]))))
	case "strategy":
		s.option(eventcore.WithEventStrategy(parseStrategy(t, args)))
	case "filter":
		pattern, err := eventcore.ParseStreamPattern(args[0])
		require.NoError(t, err)
		s.option(eventcore.WithFilter(eventcore.Filter{Pattern: pattern}))
	case "events":
		s.parseEvents(args)
	default:
		require.True(t, slices.Contains([]string{"acquire", "load", "check", "read", "apply", "skip", "save", "sleep", "release"}, verb),
			"%q is no line of a script", verb)
		s.answers[verb] = append(s.answers[verb], args...)
	}
}

func (s *projectionScript) parseEvents(items []string) {
	versions := map[string]eventcore.Version{}
	for _, item := range items {
		stream, n, _ := strings.Cut(item, "=")
		versions[stream]++
		data := `{"n":` + n + `}`
		if n == "!" {
			data = `{"n":"x"}`
		}
		s.events = append(s.events, eventcore.Recorded{
			Stream: eventcore.MustStreamID(stream), Version: versions[stream], Type: "added",
			Data: []byte(data), Position: eventcore.NewPosition(0, uint64(len(s.events)+1)),
		})
	}
}

func parseStrategy(t *testing.T, args []string) eventcore.EventStrategy {
	t.Helper()
	switch args[0] {
	case "skip":
		return eventcore.SkipEvent()
	case "retry":
		then := eventcore.FatalEvent()
		switch args[3] {
		case "skip":
			then = eventcore.SkipEvent()
		case "retry":
			then = eventcore.RetryEvent(eventcore.NoRetry(), then)
		}
		return eventcore.RetryEvent(eventcore.Fixed(duration(t, args[1]), atoi(t, args[2])), then)
	default:
		return eventcore.FatalEvent()
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

func duration(t *testing.T, s string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(s)
	require.NoError(t, err)
	return d
}

func (s *projectionScript) say(format string, args ...any) {
	s.log.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// next takes the answer to an effect off its queue; "ok" if the script has none left.
func (s *projectionScript) next(kind eventcore.ProjectionEffectKind) string {
	queue := s.answers[kind.String()]
	if len(queue) == 0 {
		return "ok"
	}
	s.answers[kind.String()] = queue[1:]
	return queue[0]
}
