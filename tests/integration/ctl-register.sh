#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# reliefctl register: a command as a module of another unit

. "$(dirname "$0")/bus-lib.sh"

ctl=$RELIEFCTL
start_all

n_is() { # N
	[ "$(get $root_path $manager NModules)" = "$1" ]
}
usage() { # PATTERN ARGUMENT...
	local pattern=$1 said status=0
	shift
	said=$("$ctl" register "$@" 2>&1) || status=$?
	[ "$status" = 2 ] || fail "register $* ended with status $status: $said"
	grep -Eq -- "$pattern" <<<"$said" || fail "register $*: '$said' does not say '$pattern'"
}
usage 'say what to call it and what to run'
usage 'say what to call it and what to run' cache
usage "--kind=shoe: use cache" cache --exec=true --kind=shoe
ok "what is missing is said"

# The command takes what it is asked for off the counter of db.service, as a kernel would.
counter=$dir/cgroup/system.slice/db.service/memory.current
cat >"$dir/drop" <<END
#!/bin/sh
echo "\$RELIEF_MODULE \$RELIEF_RUNG \$RELIEF_LEVEL \$RELIEF_BYTES \$RELIEF_RATIO_BP \$RELIEF_REASON" >>"$dir/runs"
echo "\$((\$(cat "$counter") - RELIEF_BYTES))" >"$counter.new"
cat "$counter.new" >"$counter"
END
chmod +x "$dir/drop"

start_helper() { # OPTION...: in a unit of its own
	in_cgroup /system.slice/helper.service "$ctl" register "$@" >>"$dir/helper.out" 2>&1 &
	job=$!
	children+=("$job")
}

stop_helper() { # the process itself: the job is a shell that waits for it
	kill "$(pgrep -P "$job")"
	wait "$job" || fail "the helper ended with status $?"
	wait_for "its end" n_is 0
}
start_helper pages --unit=db.service --exec="$dir/drop"
wait_for "the module" n_is 1
module=$(busctl tree --list $name | grep /module/m)
[ "$(get "$module" $name.Module Unit)" = '"db.service"' ] || fail "unit $(get "$module" $name.Module Unit)"
[ "$(get "$module" $name.Module Size)" = 200000000 ] || fail "size $(get "$module" $name.Module Size)"
before=$(cat "$counter")
manager Relieve 'stsa{sv}' /system.slice/db.service 8000000 shed 0 >"$dir/relieved"
grep -Eq '^pages shed medium [0-9]+ [0-9]+ ordered$' "$dir/runs" || fail "runs: $(cat "$dir/runs")"
taken=$((before - $(cat "$counter")))
[ "$taken" -ge 8000000 ] || fail "only $taken taken"
[ "$(cut -d' ' -f2 "$dir/relieved")" = "$taken" ] || fail "measured $(cat "$dir/relieved"), taken $taken"
ok "the command frees the other unit's memory, and that is measured"

# --- reliefd restarts; the command fails, is busy, hangs
stop_reliefd
start_reliefd
wait_for "the module again" n_is 1
stop_helper
ok "it is registered while the command runs, over a restart of reliefd"

asked() { # RESULT EXEC [OPTION...]
	local result=$1 exec=$2
	shift 2
	start_helper pages --unit=db.service --exec="$exec" "$@"
	wait_for "the module" n_is 1
	listen "$dir/signals-$result.out"
	manager Relieve 'stsa{sv}' /system.slice/db.service 8000000 shed 0 >/dev/null
	wait_for "result $result" grep -q "ActionFinished.*\"$result\"" "$dir/signals-$result.out"
	[ -z "${says:-}" ] || wait_for "'$says'" grep -q -- "$says" "$dir/helper.out"
	stop_helper
}
asked failed 'exit 1'
asked failed 'no-such-program'
asked busy 'exit 75'
asked nothing true
says='takes longer than --timeout=' asked late 'sleep 20' --timeout=1s
ok "how the command ends is told"

# --- for others: root alone, and only what is under control
start_helper pages --unit=nosuch.service --exec=true
! wait "$job" || fail "an unknown unit is accepted"
refused NoSuchGroup '' manager Register 'ssoa{sv}' pages cache /agent 1 ControlGroup s /nosuch.slice
stop_reliefd
