package sqlstep

import (
	"runtime"
	"strings"
)

// byConn is the function of database/sql that takes a connection out of the pool for good,
// until its [sql.Conn] is closed.
const byConn = "database/sql.(*DB).Conn"

// isPinned says whether a connection is being taken out of the pool for an [sql.Conn]. A
// driver is not told, so it looks at who calls.
func isPinned() bool {
	var callers [16]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	for {
		frame, more := frames.Next()
		if frame.Function == byConn || strings.HasPrefix(frame.Function, byConn+".") {
			return true
		}
		if !more {
			return false
		}
	}
}
