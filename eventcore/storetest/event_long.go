package storetest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// megabyte returns a JSON value that is a little longer than a megabyte and that no
// other seed has.
func megabyte(seed string) json.RawMessage {
	return json.RawMessage(`{"` + seed + `":"` + strings.Repeat(seed+"é🙂0123456789", (1<<20)/(len(seed)+16)+1) + `"}`)
}

func checkLongMetadata(ctx context.Context, s *subject) error {
	events := []eventcore.Proposed{s.event(`1`), s.event(`{}`), s.event(`{}`), s.event(`2`)}
	events[1].Metadata = megabyte("metadata")
	events[2].Data, events[2].Metadata = megabyte("both-data"), megabyte("both-metadata")
	got, err := s.roundTrip(ctx, events...)
	if err != nil {
		return err
	}
	if s.all != nil {
		all, err := s.everything(ctx)
		if err != nil {
			return err
		}
		if got = append(got, all...); len(all) != len(events) {
			return fmt.Errorf("global order: got %d events, want %d", len(all), len(events))
		}
	}
	for i := range got {
		want := &events[i%len(events)]
		if !bytes.Equal(got[i].Data, want.Data) || !bytes.Equal(got[i].Metadata, want.Metadata) {
			return fmt.Errorf("event %d: got %d bytes of data and %d of metadata, want the %d and %d bytes that were appended",
				got[i].Version, len(got[i].Data), len(got[i].Metadata), len(want.Data), len(want.Metadata))
		}
	}
	return nil
}
