package pgstep

import (
	"bytes"
	"context"
	"net"
	"os"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/eventcore-go/eventcore-sim/chaos"
	"github.com/eventcore-go/eventcore-sim/sim/yield"
)

// pooledKey is the key of the fault that the connection is to suffer which a pool makes: its
// value is a *chaos.RequestFault, nil for none.
type pooledKey struct{}

// refusalOf returns the fault that a connection is to suffer which is being made, nil for none.
// That of a pool is drawn when a task asks the pool for one, whether it makes one or not.
func refusalOf(ctx context.Context) *chaos.RequestFault {
	if fault, pooled := ctx.Value(pooledKey{}).(*chaos.RequestFault); pooled {
		return fault
	}
	return refusal(ctx)
}

// refusal draws the fault of a connection.
func refusal(ctx context.Context) *chaos.RequestFault {
	task, ok := yield.From(ctx).(networked)
	if !ok || task.Stopping() {
		return nil
	}
	if fault := task.Connect(); fault != nil && fault.Fire(ctx) {
		return fault
	}
	return nil
}

var errRefused = &net.OpError{Op: "dial", Net: "simulated", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

// refuse has the attempt to connect fail.
func refuse(cfg *pgx.ConnConfig, fault *chaos.RequestFault) {
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if fault.After == chaos.RefusedByHost {
			return nil, errRefused
		}
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if fault.After == chaos.RefusedByCut {
			return &refused{Conn: conn}, nil
		}
		return &refused{conn, bytes.NewReader(startingUp())}, nil
	}
}

// refused is a connection over which no session begins.
type refused struct {
	net.Conn
	// answer is what arrives, nil for nothing.
	answer *bytes.Reader
}

// Read implements [net.Conn].
func (r *refused) Read(b []byte) (int, error) {
	if r.answer == nil {
		return 0, errReset
	}
	return r.answer.Read(b)
}

// Write implements [net.Conn]: the server itself is not to begin a session.
func (*refused) Write(b []byte) (int, error) { return len(b), nil }

// startingUp is what a server answers that has not recovered yet.
func startingUp() []byte {
	says := pgproto3.ErrorResponse{Severity: "FATAL", SeverityUnlocalized: "FATAL", Code: "57P03", Message: "the database system is starting up"}
	answer, err := says.Encode(nil)
	if err != nil {
		panic(err) // it is too long, and is not
	}
	return answer
}
