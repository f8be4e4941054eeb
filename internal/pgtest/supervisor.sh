# Arguments: directory, initdb, postgres, arguments of postgres. See supervise.go.
dir=$1 initdb=$2 postgres=$3
shift 3
exec 3<&0 # what runs in the background has no standard input

# The watcher: when the pipe ends, whoever runs is made to quit.
(
	cat <&3 >"$dir/unread"
	: >"$dir/closing"
	while [ ! -e "$dir/ended" ]; do
		[ -s "$dir/pid" ] && kill -QUIT "$(cat "$dir/pid")" 2>>"$dir/log"
		sleep 0.05
	done
) >>"$dir/log" 2>&1 &

run() {
	[ ! -e "$dir/closing" ] || return 1
	"$@" >>"$dir/log" 2>&1 3<&- &
	echo $! >"$dir/pid"
	wait $!
}

# The server is started again where its end was asked for: see Crash.
serve() {
	while
		run "$postgres" -D "$dir/data" "$@"
		status=$?
		[ -e "$dir/again" ]
	do
		rm "$dir/again"
	done
	return "$status"
}

run "$initdb" -D "$dir/data" --auth=trust --username=postgres --encoding=UTF8 --locale=C --no-sync &&
	serve "$@"
status=$?
: >"$dir/ended" # from here on the process ID may be that of another process
trap '' PIPE    # whoever reads this may be gone
echo "it ended with exit status $status"
wait            # the log is kept until the pipe ends
cd /
tries=0
until rm -rf "$dir" 2>/dev/null || [ "$tries" -ge 100 ]; do
	tries=$((tries + 1)) # a process of the server may still write
	sleep 0.05
done
