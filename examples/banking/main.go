// Banking is an application on the SQLite backend: accounts are streams, a transfer is one
// atomic batch over two of them, and the balances are a projection into the same file.
//
//	go run . bank.db deposit alice 100
//	go run . bank.db transfer alice bob 60
//	go run . bank.db balances
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"

	"github.com/eventcore-go/eventcore-sim/eventcore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "banking:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("use: banking FILE deposit ACCOUNT CENTS | transfer FROM TO CENTS | balances")

func run(ctx context.Context, args []string, out, log io.Writer) (err error) {
	if len(args) < 2 {
		return errUsage
	}
	b, err := openBank(ctx, args[0], log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	switch what, rest := args[1], args[2:]; {
	case what == "deposit" && len(rest) == 2:
		account, cents, err := parse(rest[0], rest[1])
		if err != nil {
			return err
		}
		return b.deposit(ctx, account, cents)
	case what == "transfer" && len(rest) == 3:
		from, cents, err := parse(rest[0], rest[2])
		if err != nil {
			return err
		}
		to, err := eventcore.ParseStreamID(rest[1])
		if err != nil {
			return err
		}
		return b.transfer(ctx, from, to, cents)
	case what == "balances" && len(rest) == 0:
		return b.print(ctx, out)
	default:
		return errUsage
	}
}

func parse(account, amount string) (eventcore.StreamID, int64, error) {
	id, err := eventcore.ParseStreamID(account)
	if err != nil {
		return id, 0, err
	}
	cents, err := strconv.ParseInt(amount, 10, 64)
	if err != nil {
		return id, 0, fmt.Errorf("%q is no number of cents", amount)
	}
	return id, cents, nil
}

func (b *bank) print(ctx context.Context, out io.Writer) error {
	if _, err := b.project(ctx); err != nil {
		return err
	}
	all, err := b.balances(ctx)
	for _, r := range all {
		fmt.Fprintf(out, "%s %d\n", r.account, r.cents)
	}
	return err
}
