# SPDX-License-Identifier: GPL-2.0-or-later
#
# functions.sh: what a case may say. Read before each case by the guest; a case needs no line for it.
#
# A case is a file that ends with status 0 (it holds), 77 (`skip`) or anything else (it does not).
# It starts on a clean slate: no unit of an earlier case, no swap, caches dropped, reliefd stopped.
# The case's own processes are safe from the OOM killer; load belongs in units (start_unit).

unset BASH_ENV # the guest's way to have this file read; not for the scripts a case may start
scratch=/run/vm-case
# MESSAGE_ID of records that cases count
# shellcheck disable=SC2034
ACTION_STARTED=99a7b527c9a84d06a619fa5f7d7e4a98
# shellcheck disable=SC2034
BRAKE_ON=72824fd86e0d46fba36412e96da464e3
# shellcheck disable=SC2034
BRAKE_OFF=1635520094f14173ac7fb881a3fcf7d7
set -u

note() { # TEXT: shown to the reader even when the case holds
	printf '# %s\n' "$*"
}

fail() { # TEXT: the case does not hold
	printf 'FAILED: %s\n' "$*"
	exit 1
}

skip() { # REASON: the case cannot be tried here
	printf '%s\n' "$*"
	exit 77
}

# --- claims ---

assert() { # TEXT COMMAND...: the command succeeds
	local what=$1

	shift
	"$@" || fail "$what (status $? of: $*)"
}

assert_eq() { # WHAT WANTED GOT
	[ "$2" = "$3" ] || fail "$1: wanted '$2', got '$3'"
}

assert_ge() { # WHAT LEAST GOT: integers
	[ "$3" -ge "$2" ] || fail "$1: wanted at least $2, got '$3'"
}

assert_le() { # WHAT MOST GOT: integers
	[ "$3" -le "$2" ] || fail "$1: wanted at most $2, got '$3'"
}

assert_match() { # WHAT REGEX GOT
	[[ $3 =~ $2 ]] || fail "$1: wanted a match of '$2', got '$3'"
}

assert_journal() { # REGEX [UNIT]: said since the case began
	journal_has "$@" || fail "the journal${2:+ of $2} has no line with '$1'"
}

assert_no_kill() { # nobody fell to the kernel's OOM killer since the case began
	assert_eq "OOM kills" 0 "$(oom_kills)"
}

# --- time ---

now_ms() {
	local up

	read -r up _ </proc/uptime
	echo "$((10#${up/./} * 10))"
}

wait_for() { # SECONDS COMMAND...: until the command succeeds; looks five times a second
	local end=$(($(now_ms) + $1 * 1000))

	shift
	until "$@"; do
		[ "$(now_ms)" -lt "$end" ] || return 1
		sleep 0.2
	done
}

# --- memory ---

mem_available() { # in bytes
	awk '$1 == "MemAvailable:" { print $2 * 1024 }' /proc/meminfo
}

mem_total() { # in bytes
	awk '$1 == "MemTotal:" { print $2 * 1024 }' /proc/meminfo
}

oom_kills() { # [all]: by the kernel since the case began (since boot)
	local kills

	kills=$(awk '$1 == "oom_kill" { print $2 }' /proc/vmstat)
	[ "${1:-}" = all ] || kills=$((kills - $(cat "$scratch/oom_kills")))
	echo "$kills"
}

zram_on() { # SIZE (512M): a swap device of that size in compressed memory
	modprobe zram num_devices=1 || return
	wait_for 5 test -b /dev/zram0 || return
	echo "$1" >/sys/block/zram0/disksize || return
	mkswap /dev/zram0 >/dev/null || return
	swapon /dev/zram0
}

zram_off() {
	swapoff -a
	[ ! -d /sys/module/zram ] || wait_for 5 modprobe -r zram
}

# --- load ---

start_unit() { # NAME [--property=K=V]... -- COMMAND...: a service in system.slice, stopped at the end
	local name=$1 options=()

	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	echo "$name.service" >>"$scratch/units"
	systemd-run --quiet --unit="$name" --slice=system.slice --property=RemainAfterExit=yes \
		--property=OOMPolicy=continue --setenv=PATH="$PATH" "${options[@]}" -- "$@"
}

stop_unit() { # NAME...
	systemctl stop "${@/%/.service}"
}

unit_property() { # NAME PROPERTY: as `systemctl show` calls it
	systemctl show --value --property="$2" "$1.service"
}

unit_done() { # NAME: its main process has ended, one way or the other
	[ "$(unit_property "$1" ExecMainExitTimestampMonotonic)" != 0 ]
}

unit_succeeded() { # NAME: its main process has ended with status 0
	unit_done "$1" && [ "$(unit_property "$1" ExecMainCode) $(unit_property "$1" ExecMainStatus)" = "1 0" ]
}

unit_alive() { # NAME: its main process runs
	local pid

	pid=$(unit_property "$1" MainPID)
	[ "${pid:-0}" != 0 ] && [ -d "/proc/$pid" ]
}

unit_memory() { # NAME [FILE]: the cgroup's memory.current, in bytes, or another of its files
	cat "/sys/fs/cgroup/system.slice/$1.service/${2:-memory.current}"
}

unit_output() { # NAME: what it wrote
	case_journal -o cat --unit="$1.service"
}

# --- the journal ---

case_journal() { # OPTION|MATCH...: of journalctl, which shows what was said since the case began
	# Not --after-cursor: beside a match it leaves out the first record that matches (systemd 252).
	journalctl -b -q --no-pager --since="$(cat "$scratch/began")" "$@"
}

journal_has() { # REGEX [UNIT]: a line since the case began
	case_journal -o cat \
		${2:+--unit="$2"} | grep -qE -- "$1"
}

journal_count() { # MATCH... (FIELD=value): records since the case began
	case_journal -o cat "$@" | grep -c ''
}

sync_journal() { # what was sent is written
	journalctl --sync
}

record_usec() { # MATCH...: when the first such record was sent since the case began, if there is one
	# The senders' clocks, since the journal may be late; kernel and journal agree on what monotonic is.
	case_journal -o json "$@" |
		jq -r '._SOURCE_MONOTONIC_TIMESTAMP // ((.__MONOTONIC_TIMESTAMP | tonumber) -
			(.__REALTIME_TIMESTAMP | tonumber) +
			(._SOURCE_REALTIME_TIMESTAMP // .__REALTIME_TIMESTAMP | tonumber))' | head -n1
}

# --- reliefd ---

have_reliefd() { # not by systemctl cat: it fails for a drop-in that a case has removed
	[ "$(unit_property reliefd LoadState)" = loaded ]
}

start_reliefd() { # [PROFILE] [OPTION]...: the installed service; both go to its command line
	local dropin=/run/systemd/system/reliefd.service.d/90-case.conf program

	[ $# = 0 ] || [[ $1 == -* ]] || set -- "--profile=$1" "${@:2}"
	if [ $# -gt 0 ]; then
		program=$(systemctl cat reliefd.service | sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' | head -n1)
		mkdir -p "${dropin%/*}"
		printf '[Service]\nExecStart=\nExecStart=%s %s\n' "$program" "$*" >"$dropin"
		systemctl daemon-reload
	fi
	systemctl start reliefd.service ||
		fail "reliefd does not start: $(systemctl status --no-pager -n 10 reliefd 2>&1)"
}

stop_reliefd() {
	systemctl stop reliefd.service
}

profile_settings() { # [PROFILE]: standard input becomes its drop-in until the case ends
	local directory=/etc/reliefd/profiles/${1:-default}.conf.d

	mkdir -p "$directory"
	cat >"$directory/90-case.conf"
}

daemon_settings() { # standard input becomes a drop-in of reliefd.conf until the case ends
	mkdir -p /etc/reliefd/reliefd.conf.d
	cat >/etc/reliefd/reliefd.conf.d/90-case.conf
}

forget_reliefd() { # stopped, and as it was installed
	timeout 20 systemctl stop reliefd.service || return
	rm -f /etc/reliefd/profiles/*.conf.d/90-case.conf /etc/reliefd/reliefd.conf.d/90-case.conf
	rm -rf /var/lib/reliefd
	if [ -e /run/systemd/system/reliefd.service.d/90-case.conf ]; then
		rm -f /run/systemd/system/reliefd.service.d/90-case.conf
		systemctl daemon-reload
	fi
}

manager() { # PROPERTY: of org.reliefd.Relief1.Manager, without its type
	busctl get-property org.reliefd.Relief1 /org/reliefd/Relief1 \
		org.reliefd.Relief1.Manager "$1" | sed -e 's/^[a-z]* //' -e 's/"//g'
}

manager_is() { # PROPERTY VALUE: for wait_for
	[ "$(manager "$1")" = "$2" ]
}

start_cache() { # NAME [OPTION]...: the example cache as a service; returns once it is registered
	local n

	n=$(manager NModules)
	start_unit "$1" -- example-cache --name="$1" "${@:2}"
	wait_for 30 journal_has 'ready,' "$1.service" || fail "$1 is not ready: $(unit_output "$1")"
	wait_for 10 manager_is NModules $((n + 1)) || fail "$1 does not register: $(unit_output "$1")"
}

module_property() { # NAME PROPERTY: of the module of that name
	busctl call --json=short org.reliefd.Relief1 /org/reliefd/Relief1 \
		org.freedesktop.DBus.ObjectManager GetManagedObjects |
		jq -r --arg name "$1" --arg property "$2" '.data[0][]["org.reliefd.Relief1.Module"] |
			select(.Name.data == $name)[$property].data'
}

requests_of() { # NAME: lines about requests that a cache or model printed
	unit_output "$1" | grep -E '^[^ ]+: request' || true
}

# Orders bytes of a unit with one module, and holds the answer against the claim: nine tenths of it are
# measured, the module is believed on, and what was asked is not more than a quarter of it or what was
# ordered. Sets measured, claimed and, since the cache goes on, by how much memory.current fell until
# the order was answered: fell.
# shellcheck disable=SC2034 # for the cases
relieve_honestly() { # UNIT MODULE BYTES (as 10M)
	local answer asked size before

	size=$(module_property "$2" Size)
	before=$(unit_memory "$1")
	answer=$(reliefctl relieve --json=short --bytes="$3" "$1.service") || fail "relieve $1: $answer"
	fell=$((before - $(unit_memory "$1")))
	measured=$(jq .FreedBytes <<<"$answer") claimed=$(jq .ClaimedBytes <<<"$answer")
	asked=$(requests_of "$2" | tail -n1 | sed -n 's/.* asked \([0-9]*\) .*/\1/p')
	note "$1: $measured measured, $claimed claimed, $asked asked of $size"
	assert_ge "what $1 claims" "$(numfmt --from=iec "$3")" "$claimed"
	assert_ge "measured of $1" $((claimed * 9 / 10)) "$measured"
	assert_ge "the yield of $1" 9000 "$(module_property "$2" YieldRatio)"
	assert_le "asked of $1" $((size / 4 + (2 << 20))) "$asked"
}

# The burst: 50 MB/s to 150 MB beyond what is free. It must finish, nobody may be killed or stopped,
# and the first request must come before 15 % of the memory is left.
burst() {
	local left

	note "available before the burst: $(($(mem_available) >> 20)) MiB"
	start_unit hog -- hog --rate 50M --until-over-free 150M
	wait_for 150 unit_done hog || fail "the hog neither ends nor dies: $(unit_output hog)"
	assert_no_kill
	assert "the hog finished" unit_succeeded hog
	for i in 1 2 3; do
		assert "cache-$i was not stopped" unit_alive "cache-$i"
	done
	left=$(available_at_first_request)
	note "$(($(manager FreedBytes) >> 20)) MiB given back ($(($(manager ClaimedBytes) >> 20)) claimed)" \
		"in $(manager NRequests) requests, the first with $((left * 1000 / $(mem_total)))/1000 of the memory left"
	assert_ge "left at the first request" $(($(mem_total) * 15 / 100)) "$left"
	assert_ge "given back, measured" $((100 << 20)) "$(manager FreedBytes)"
}

# In bytes, from below: what the hog said last before any cache was asked, less what it may have
# taken since (it speaks four times a second).
available_at_first_request() {
	case_journal -o cat \
		--unit=hog.service --unit='cache-*.service' |
		awk '/ request / { print last - 50 * 1048576 / 4; exit } / available / { last = $NF }'
}

# The runaway: a hog in a group of 128 MiB without swap, and in the same group a small cache, so that
# there is somebody to ask. Ends with the kernel's kill. Sets in milliseconds: fill_ms from the start
# to the kill, and how long before the kill came action_ms, the first word of reliefd about the group
# (action_signal tells what told it), and request_ms, the first request; empty when it never came.
# It only touches its pages: filling them is limited to 100 MB/s by the emulation.
# shellcheck disable=SC2034 # for the cases
runaway() { # NAME [RATE]
	local unit=$1.service modules kill_usec start_usec

	modules=$(manager NModules)
	start_unit "$1" --property=MemoryMax=128M --property=MemorySwapMax=0 -- bash -c \
		"example-cache --name=$1 --size=1M & until [ -e $scratch/go ]; do sleep 0.1; done
		rm $scratch/go; exec hog --to 1G --compressible 100 ${2:+--rate $2}"
	wait_for 30 manager_is NModules $((modules + 1)) || fail "$1 does not register: $(unit_output "$1")"
	sleep 2
	touch "$scratch/go"
	wait_for 60 unit_done "$1" || fail "$1 is not killed: $(unit_output "$1")"
	start_usec=$(unit_output "$1" | awk '$1 == "clock" { print $2 }')
	kill_usec=$(record_usec _TRANSPORT=kernel --grep="^oom-kill:.*oom_memcg=/system.slice/$unit,")
	assert "a kill of $1: $(unit_output "$1")" test "${start_usec:-0}" -gt 0 -a "${kill_usec:-0}" -gt 0
	fill_ms=$(((kill_usec - start_usec) / 1000))
	action_ms=$(lead_ms "$kill_usec" CGROUP="/system.slice/$unit" LEVEL=medium LEVEL=high LEVEL=critical)
	request_ms=$(lead_ms "$kill_usec" MESSAGE_ID="$ACTION_STARTED" MODULE_NAME="$1")
	action_signal=$(case_journal -o json \
		CGROUP="/system.slice/$unit" LEVEL=medium LEVEL=high LEVEL=critical |
		jq -r '.SIGNAL // empty' | head -n1)
	stop_unit "$1"
}

lead_ms() { # KILL_USEC MATCH...: how long before the kill the first such record was sent, if at all
	local at_usec

	at_usec=$(record_usec "${@:2}")
	[ -z "$at_usec" ] || echo $((($1 - at_usec) / 1000))
}

# The runaway: a hog of 150 MiB and a cache of 64 MiB in a group of 192 MiB without swap: that fits
# only when the cache gives way, for which it takes its time. inside: one service has both; beside:
# they are two services in NAME.slice. The hog waits for the file go-NAME in $scratch.
place_runaway() { # inside|beside NAME RATE|max DELAY_MS
	local cache=(example-cache --name="$2" --size=64M --reply-delay="$4") pace="--rate $3"
	local hog

	[ "$3" != max ] || pace=
	hog="until [ -e $scratch/go-$2 ]; do sleep 0.1; done; rm $scratch/go-$2
		exec hog --to 150M --huge-pages --compressible 100 $pace"
	if [ "$1" = inside ]; then
		start_unit "$2" --property=MemoryMax=192M --property=MemorySwapMax=0 -- \
			bash -c "${cache[*]} & $hog"
		wait_for 30 journal_has 'ready,' "$2.service" || fail "no cache: $(unit_output "$2")"
		return
	fi
	cleanup_fn systemctl revert "$2.slice"
	systemctl set-property --runtime "$2.slice" MemoryMax=192M MemorySwapMax=0
	start_unit "$2cache" --slice="$2.slice" -- "${cache[@]}"
	start_unit "$2" --slice="$2.slice" -- bash -c "$hog"
	wait_for 30 journal_has 'ready,' "$2cache.service" || fail "no cache: $(unit_output "$2cache")"
}

# Lets such a runaway run beside a running reliefd. It succeeds when the hog got what it wanted, the
# cache lives, nobody stays held, and no hold lasted until Hold= was over. Says in $verdict what came of
# it.
# shellcheck disable=SC2034 # for the cases
survive_runaway() { # inside|beside RATE|max DELAY_MS
	local name=$1$2x$3 kills n files=/sys/fs/cgroup/system.slice held wrong=

	kills=$(oom_kills) n=$(manager NModules)
	place_runaway "$1" "$name" "$2" "$3"
	[ "$1" = inside ] || files=/sys/fs/cgroup/$name.slice
	wait_for 10 manager_is NModules $((n + 1)) || fail "the cache of $name does not register"
	sleep 0.5
	touch "$scratch/go-$name"
	wait_for 60 unit_done "$name" || wrong+=' neither-ends-nor-dies'
	unit_succeeded "$name" || wrong+=' hog-died'
	[ "$(oom_kills)" = "$kills" ] || wrong+=' kill'
	journal_has "^$name: request .* freed [1-9]" "$name*.service" || wrong+=' cache-gave-nothing'
	sync_journal
	held=$(case_journal -o json --output-fields=REASON,DURATION_USEC MESSAGE_ID="$BRAKE_OFF" \
		CGROUP="${files#/sys/fs/cgroup}/$name.service" |
		jq -r '"\(.REASON) after \((.DURATION_USEC | tonumber) / 1000 | floor) ms"' | paste -sd,)
	[ "$(cat "$files/$name.service/cgroup.freeze" 2>/dev/null)" != 1 ] || wrong+=' stays-frozen'
	[[ $(cat "$files/$name.service/memory.high" 2>/dev/null) =~ ^(max)?$ ]] || wrong+=' stays-throttled'
	verdict="$1 ${2/max/at full speed}, answer after $3 ms:${wrong:- ok}; $(unit_output "$name" |
		awk '/^done/ { print $3 " ms" }') ${held:+(held: $held)}"
	stop_unit "$name"
	[ "$1" = inside ] || stop_unit "${name}cache"
	[ -z "$wrong" ]
}

# --- the end ---

cleanup_fn() { # COMMAND...: run at the end of the case, whatever becomes of it; last said, first done
	printf '%q ' "$@" >>"$scratch/cleanup"
	echo >>"$scratch/cleanup"
}

# case_begin, case_end: called by the guest around each run of a case
case_begin() {
	: >"$scratch/units"
	: >"$scratch/cleanup"
	oom_kills all >"$scratch/oom_kills"
	date +@%s.%6N >"$scratch/began"
}

case_end() {
	local status=0 units

	tac "$scratch/cleanup" | while read -r command; do
		eval "timeout 20 $command" || echo "cleanup failed: $command"
	done
	mapfile -t units <"$scratch/units"
	if [ ${#units[@]} -gt 0 ]; then
		timeout 20 systemctl stop "${units[@]}" 2>/dev/null || true
	fi
	if have_reliefd; then
		forget_reliefd || status=1
	fi
	zram_off || status=1
	systemctl reset-failed
	sync
	echo 3 >/proc/sys/vm/drop_caches
	return "$status"
}
