package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

// awkwardIDs are names of streams of which no two may be taken for one another.
func awkwardIDs() []string {
	top := strings.Repeat("\U0010FFFF", eventcore.MaxStreamIDLength)
	return []string{
		"ab", "AB", "Ab", "aB", // case
		"i", "I", "ı", "İ", "ß", "ss", "ẞ", "ſ", "s", // case, as alphabets have it
		"\u00e9", "e\u0301", "e", "\u1e69", "s\u0323\u0307", "s\u0307\u0323", // normal forms, marks in either order
		"ﬁ", "fi", "①", "1", "Ⅷ", "VIII", "㎏", "kg", "K", "\u212a", // compatible with one another
		"가", "\u1100\u1161", "か\u3099", "が", "ｶ", "カ", // Hangul and kana, composed or not, half width
		"אבג", "גבא", "\u202eabc", "abc", "a\u200db", "a\u200cb", "a\u00adb", "a\ufeffb", "\ufeffab", // right to left, unseen
		"👩\u200d👩\u200d👧", "👩👩👧", "👍", "👍🏽", "🇩🇪", "🇩", "☺", "☺\ufe0f", // emoji and what they are made of
		"'", "''", `"`, `""`, "`", "``", "'; --", `a";b`, "a;b", "a;", "$1", "$$", ":a", "@a", "#a", "--", // SQL
		`\`, `\\`, `\'`, `a\`, `a\n`, "a\nb", "a\r\nb", "a\rb", "a\tb", "a\u2028b", "a\u0085b", "a\vb", "a\x01b", "a\x1bb", "a\x7fb", // escapes, controls
		`\u0041`, "A", "&amp;", "&", "%41", "%", "%%", "%25", "_", "__", "a_c", "a%c", "abbc", "a+b", "a%20b", // encodings, LIKE
		".", "..", ".a", "...", "./a", "../a", "a/", "a", "a/.", "/a", "//a", "a//", "~", "~a", "a.", "a..", "a-", "a_", "a\u3164", // paths, what is last
		"con", "nul", "NUL", "C:", "C:a", "a:b", "a<b", "a|b", "a>b", "a.db", "a.tmp", "a.lock", "-a", "-", // files
		"0", "00", "-0", "0.0", "0x0", "null", "true", "undefined", "NaN", "{}", "()", "{a,b}", // values
		"\uffff", "\ufffd", "\uffff\uffff", "\ue000", "\ud7ff", "\U0010FFFF", "\U0010FFFF\U0010FFFF", "a\U0010FFFF", "a\uffff", "\x7f", "\x01",
		top, top[4:], top[8:] + "a", top[8:] + "b", "a" + top[8:] + "b",
	}
}

func checkAwkwardIDs(ctx context.Context, s *subject) error {
	names := awkwardIDs()
	if err := s.separate(ctx, names...); err != nil {
		return err
	}
	for _, name := range names {
		events, err := s.read(ctx, id(name), 0)
		if err != nil {
			return err
		}
		if events[0].Stream != id(name) {
			return fmt.Errorf("got an event of stream %q from stream %q", events[0].Stream, name)
		}
	}
	return nil
}

// checkAllAwkwardIDs takes each name for a prefix too.
func checkAllAwkwardIDs(ctx context.Context, s *subject) error {
	names := awkwardIDs()
	for _, name := range names {
		if _, err := s.given(ctx, writes(id(name), 0, 1)); err != nil {
			return err
		}
	}
	all, err := s.everything(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		if i >= len(names) || all[i].Stream != id(names[i]) {
			return fmt.Errorf("got stream %q in place %d of the global order, want one event of each of %q", all[i].Stream, i+1, names)
		}
	}
	filters, err := prefixes(names...)
	if err != nil {
		return err
	}
	for _, f := range filters {
		want := slices.DeleteFunc(slices.Clone(all), func(e eventcore.Recorded) bool { return !f.Match(e.Stream, e.Type) })
		got, err := s.readAll(ctx, f, eventcore.Position{}, 0)
		if err = errors.Join(err, sameEvents(fmt.Sprintf("prefix %q", f.Prefix), got, want)); err != nil {
			return err
		}
	}
	return nil
}
