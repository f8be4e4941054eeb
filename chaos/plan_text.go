package chaos

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// none is the text of the plan without faults. Empty text is refused: it is more
// often a variable that was not set than a wish.
const none = "none"

// ParsePlan is the inverse of [Plan.String]. Its items are separated by commas,
// white space or both:
//
//	fail-after=5%        that kind, on 5 % of the calls it can hit
//	delay=10%~20ms       a delay of up to 20 ms; without ~ up to [DefaultDelay]
//	decode-error@c2.5+3  a single fault, see [Fault]
//	none                 no faults; the only item
//
// An error names the item, what is wrong with it and what is allowed.
func ParsePlan(text string) (Plan, error) {
	items := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(items) == 0 {
		return Plan{}, errors.New("chaos: the plan is empty; write none for no faults")
	}
	if len(items) == 1 && items[0] == none {
		return Plan{}, nil
	}
	var plan Plan
	for _, item := range items {
		if err := plan.add(item); err != nil {
			return Plan{}, fmt.Errorf("chaos: plan item %q: %w", item, err)
		}
	}
	if err := plan.Validate(); err != nil {
		return Plan{}, err
	}
	return plan, nil
}

func (p *Plan) add(item string) error {
	switch {
	case item == none:
		return errors.New("none is no plan beside other items; leave it or them out")
	case strings.Contains(item, "@"):
		fault, err := parseFault(item)
		p.Faults = append(p.Faults, fault)
		return err
	case strings.Contains(item, "="):
		rate, err := parseRate(item)
		p.Rates = append(p.Rates, rate)
		return err
	default:
		return errors.New("it is neither a rate such as fail-after=5% nor a fault such as fail-after@c0.3")
	}
}

func parseRate(item string) (Rate, error) {
	text, delay, hasDelay := strings.Cut(item, "~")
	name, percent, _ := strings.Cut(text, "=")
	kind, err := ParseKind(name)
	if err != nil {
		return Rate{}, err
	}
	rate := Rate{Kind: kind}
	if rate.Delay, err = parseDelay(kind, delay, hasDelay); err != nil {
		return Rate{}, err
	}
	rate.P, err = parsePercent(percent)
	return rate, err
}

// parsePercent leaves the division to the decimal exponent: 0.07 is what is asked
// for by 7%, and 7.0/100 is another number.
func parsePercent(text string) (float64, error) {
	digits, isPercent := strings.CutSuffix(text, "%")
	p, err := strconv.ParseFloat(digits+"e-2", 64)
	if !isPercent || err != nil || strings.Trim(digits, "0123456789.") != "" {
		return 0, fmt.Errorf("the rate is %q; it is a percentage such as 5%% or 0.5%%", text)
	}
	return p, nil
}

// formatPercent moves the decimal point two places in the shortest decimal that
// stands for p, so that [parsePercent] finds exactly p again.
func formatPercent(p float64) string {
	whole, fraction, _ := strings.Cut(strconv.FormatFloat(p, 'f', -1, 64), ".")
	for len(fraction) < 2 {
		fraction += "0"
	}
	digits := strings.TrimLeft(whole+fraction[:2], "0")
	if digits == "" {
		digits = "0"
	}
	if rest := fraction[2:]; rest != "" {
		digits += "." + rest
	}
	return digits + "%"
}

// String returns the rate as an item of a plan.
func (r Rate) String() string {
	text := r.Kind.String() + "=" + formatPercent(r.P)
	if r.Delay != 0 {
		text += "~" + r.Delay.String()
	}
	return text
}

// MarshalText implements [encoding.TextMarshaler].
func (p Plan) MarshalText() ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return []byte(p.String()), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler] with the rules of [ParsePlan].
func (p *Plan) UnmarshalText(text []byte) error {
	parsed, err := ParsePlan(string(text))
	if err != nil {
		return err
	}
	*p = parsed
	return nil
}
