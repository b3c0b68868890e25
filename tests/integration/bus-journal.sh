#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The journal: one record for each thing that happens, with its id, its unit and its numbers; and with
# the shipped settings a handful of lines for a shortage

. "$(dirname "$0")/bus-lib.sh"

[ "$(id -u)" = 0 ] || skip "needs root, to put a socket where journald has its own"
unshare --mount true 2>/dev/null || skip "needs mount namespaces"
make_host
write_bus_config
start_bus
mkdir "$dir/journal"
python3 "$source_root/tests/integration/bus-journald.py" "$dir/journal/socket" >"$dir/records" &
children+=($!)
wait_for "the receiver" grep -q '{}' "$dir/records"
: >"$dir/stderr"
start_in_journal() { # OPTION...: as systemd starts a service: stderr is the journal's, as $JOURNAL_STREAM says
	# shellcheck disable=SC2016 # for the inner shell
	JOURNAL_STREAM=$(stat -c '%d:%i' "$dir/stderr") unshare --mount sh -c '
		mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal &&
		mount --bind "$0/journal" /run/systemd/journal && shift && exec "$@"' "$dir" - \
		"$reliefd" --root="$dir/etc" --proc="$dir/proc" --sys="$dir/sys" \
		--cgroup-root="$dir/cgroup" --socket="$dir/relief.sock" "$@" >"$dir/stdout" 2>>"$dir/stderr" &
	reliefd_pid=$!
	children+=("$reliefd_pid")
}
start_in_journal --log-level=debug # each request, answer and rung
wait_for "reliefd on the bus" on_bus

id_of() {
	sed -n "s/#define MESSAGE_ID_$1[[:space:]]*\"\(.*\)\"/\1/p" \
		"$source_root/controller/journal/message_ids.h"
}

cat >"$dir/find-record.py" <<-'END'
	import json, re, sys
	wanted = [w.split('=', 1) for w in sys.argv[3:]] + [['MESSAGE_ID', sys.argv[2]]]
	records = map(json.loads, open(sys.argv[1]))
	sys.exit(not any(all(re.fullmatch(v, r.get(k, '')) for k, v in wanted) for r in records))
END

# record KIND FIELD=VALUE...: such a record is there, or comes; a value is a whole regular expression
record() {
	wait_for "a record $*" python3 "$dir/find-record.py" "$dir/records" "$(id_of "$1")" "${@:2}"
	ok "$*"
}

# Prints the pid of a process that the kernel killed for going over a cgroup's limit.
make_victim() {
	local cgroup limit status=0
	cgroup=/sys/fs/cgroup/memory/reliefd-journal.$$ limit=memory.limit_in_bytes
	if [ ! -d "${cgroup%/*}" ]; then
		cgroup=/sys/fs/cgroup/reliefd-journal.$$ limit=memory.max
	fi
	mkdir "$cgroup" 2>/dev/null || return
	echo 32M >"$cgroup/$limit" 2>/dev/null || status=1
	if [ $status -eq 0 ]; then
		bash -c 'echo $$ >"$0/cgroup.procs" && printf victim >/proc/$$/comm && echo $$ >&3 &&
			for ((text = 0; ; )); do text+=$text$text; done' "$cgroup" 3>&1 >/dev/null 2>&1 || true
	fi
	rmdir "$cgroup"
	return $status
}

cgroup=/system.slice/cache.service
unit="OBJECT_SYSTEMD_UNIT=cache.service"
start_agent cache $cgroup --size=100M --counter="$dir/cgroup$cgroup/memory.current"
hears cache '^registered'
id=$(get "$(module_of cache)" $name.Module Id)
manager Relieve 'stsa{sv}' $cgroup 20000000 shed 0 >/dev/null
record ACTION_STARTED CGROUP=$cgroup $unit RUNG=shed REASON=ordered "MODULE=$id" MODULE_NAME=images \
	'ASKED_BYTES=[2-9][0-9]{7}' 'ACTION_ID=[0-9]+' ORDER_ID=1 PRIORITY=7 SYSLOG_IDENTIFIER=reliefd
record ACTION_FINISHED CGROUP=$cgroup $unit RUNG=shed RESULT=done 'CLAIMED_BYTES=[2-9][0-9]{7}' \
	'MEASURED_BYTES=[2-9][0-9]{7}' 'DURATION_USEC=[0-9]+' ORDER_ID=1
record RUNG_MET CGROUP=$cgroup $unit RUNG=shed REASON=goal-met N_REQUESTS=1 N_LATE=0
record ORDER_ENDED ORDER_ID=1 'MEASURED_BYTES=[2-9][0-9]{7}' $unit PRIORITY=6 \
	'MESSAGE=Order 1 is done after .* freed, .* claimed: cache.service [0-9.]*M'
kill "${agent_pid[cache]}"
wait_for "its end" bash -c "busctl get-property $name $root_path $manager NModules | grep -q 'u 0'"

manager Relieve 'stsa{sv}' $cgroup 1000000 unload 0 >/dev/null
record RUNG_SKIPPED CGROUP=$cgroup $unit RUNG=unload REASON=nobody-to-ask

start_agent silent $cgroup --name=silent --silent
hears silent '^registered'
manager Relieve 'stsa{sv}' $cgroup 1000000 shed 0 >/dev/null
record ACTION_LATE CGROUP=$cgroup $unit RESULT=late MODULE_NAME=silent MEASURED_BYTES=0 PRIORITY=7
record RUNG_MISSED CGROUP=$cgroup RUNG=shed REASON=goal-missed N_LATE=1

manager Relieve 'stsa{sv}' $cgroup 1000000 shed 0 >/dev/null
record MODULE_DOUBTED CGROUP=$cgroup $unit MODULE_NAME=silent DOUBT=module-is-late N_LATE=2 PRIORITY=4

set_memory 1000000 30000
manager Relieve 'stsa{sv}' / 1 warn 0 >/dev/null
record LEVEL_CHANGED CGROUP=/ OLD_LEVEL=low 'LEVEL=high|critical|medium' SIGNAL=headroom ATTRIBUTION=host \
	REASON=headroom-low 'EPISODE_ID=[0-9]+' 'HEADROOM_BYTES=[0-9]+' 'PRIORITY=[45]'
set_memory 1000000 900000
record EPISODE_ENDED CGROUP=/ 'EPISODE_ID=[0-9]+' 'PEAK_LEVEL=medium|high|critical' 'DURATION_USEC=[0-9]+'
record LEVEL_CHANGED CGROUP=/ LEVEL=low REASON=recovered

# Real tasks of this very kernel: whoever is over the limit of a cgroup, v1 or v2, is killed.
if [ "$(get $root_path "$manager" GrowthClock)" = '"none"' ]; then
	echo "skipped: a real OOM kill: no eBPF here"
elif ! victim=$(make_victim); then
	echo "skipped: a real OOM kill: no memory cgroup can be made here"
else
	record OOM_KILL "OBJECT_PID=$victim" COMM=victim 'RSS_BYTES=[1-9][0-9]{6,}' 'CGROUP_ID=[0-9]+' PRIORITY=4
fi

mkdir -p "$dir/etc/etc/reliefd/profiles/default.conf.d"
printf '[Ladder]\nnonsense\n' >"$dir/etc/etc/reliefd/profiles/default.conf.d/1.conf"
manager Reload 2>/dev/null && fail "nonsense was loaded"
record CONFIG_ERROR 'PROBLEM=.*/1.conf:2: .*' PRIORITY=3
[ ! -s "$dir/stderr" ] || fail "said on stderr, too: $(cat "$dir/stderr")"

# journald stalls: reliefd does not
journald=${children[1]}
kill -STOP "$journald"
for _ in $(seq 60); do
	manager SetDryRun b true
	manager Relieve 'stsa{sv}' $cgroup 1000000 shed 0 >/dev/null
done
alive
kill -CONT "$journald"
manager SetDryRun b false # the first that is taken again brings the count of those that were not
wait_for "the count of the lost" grep -q 'did not keep up: [0-9]* messages were lost' "$dir/records"
ok "a stalled journald holds nobody up"
stop_reliefd

# A shortage of some seconds under the shipped settings: a handful of lines, and what was asked of the
# service in its own log.
kill "${agent_pid[silent]}"
set_memory 1000000 900000
start_in_journal
wait_for "reliefd on the bus" on_bus
start_agent again $cgroup --size=100M --counter="$dir/cgroup$cgroup/memory.current"
hears again '^registered'
before=$(grep -c '' "$dir/records")
set_memory 1000000 30000
# Where eBPF counts what is charged, a file that changes wakes nothing: a registration does.
start_agent third $cgroup --size=1M
sleep 4
set_memory 1000000 900000
since() { # those of the shortage
	tail -n +$((before + 1)) "$dir/records"
}
wait_for "the end of the shortage" sh -c "tail -n +$((before + 1)) '$dir/records' | grep -q 'Shortage of the host is over'"
since | python3 -c 'import json, sys
for line in sys.stdin: print("   ", json.loads(line)["MESSAGE"])'
lines=$(since | grep -c '')
[ "$lines" -le 8 ] || fail "a shortage writes $lines lines"
ok "a shortage writes $lines lines"
[ "$(since | grep -c "cache.service")" -ge 1 ] || fail "nothing is said of the service that was asked"
record EPISODE_ENDED CGROUP=/ $unit 'N_REQUESTS=[1-9][0-9]*' \
	'MESSAGE=Shortage of the host is over after .*: at worst critical; .* requests? gave .*: cache.service .*'
stop_reliefd
