# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# bus-lib.sh: a host of files, a bus of its own, and reliefd between them; for the tests named bus-*
#
#   $dir/proc   meminfo, pressure, and the cgroup of every client    $dir/sys, $dir/cgroup   the rest
#   $dir/bus    the socket of a dbus-daemon with the rules of the system bus and our policy file
#
# Tests print one line a check and fail at the first that does not hold.

set -euo pipefail

reliefd=$RELIEFD agent=$BUS_AGENT source_root=$SOURCE_ROOT

name=org.reliefd.Relief1 root_path=/org/reliefd/Relief1
manager=$name.Manager

dir=$(mktemp -d "${TMPDIR:-/tmp}/reliefd-bus.XXXXXX")
chmod 755 "$dir" # clients of other users, too
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$dir/bus
children=() bus_pid='' reliefd_pid=''

finish() {
	local status=$?
	trap - EXIT
	kill "${children[@]}" 2>/dev/null || true
	kill -CONT "${children[@]}" 2>/dev/null || true # those that a test had stopped
	wait 2>/dev/null || true
	if [ $status -ne 0 ] && [ $status -ne 77 ]; then
		for file in "$dir"/*.out; do
			echo "--- ${file##*/}"
			tail -n 40 "$file"
		done
	fi
	rm -rf "$dir"
	exit $status
}
trap finish EXIT

fail() {
	echo "FAILED: $*"
	exit 1
}

ok() {
	echo "ok: $*"
}

skip() {
	echo "skipped: $*"
	exit 77
}

# wait_for WHAT COMMAND...: until the command succeeds, at most 10 s
wait_for() {
	local what=$1
	shift
	for _ in $(seq 200); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.05
	done
	fail "$what did not come"
}

# --- the host

set_memory() { # TOTAL_KB AVAILABLE_KB
	printf 'MemTotal: %8d kB\nMemFree: %8d kB\nMemAvailable: %8d kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n' \
		"$1" "$2" "$2" >"$dir/proc/meminfo.new"
	cat "$dir/proc/meminfo.new" >"$dir/proc/meminfo" # in place: it is kept open
}

make_group() { # PATH CURRENT
	local group=$dir/cgroup$1
	mkdir -p "$group"
	echo memory >"$group/cgroup.controllers"
	echo memory >"$group/cgroup.subtree_control"
	echo "$2" >"$group/memory.current"
	echo max | tee "$group/memory.max" "$group/memory.high" >/dev/null
	echo 0 >"$group/memory.swap.current"
	printf '%s 0\n' anon shmem file_mapped file_dirty file_writeback inactive_file active_file \
		slab_reclaimable >"$group/memory.stat"
	printf 'low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n' >"$group/memory.events"
	printf 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n' \
		>"$group/memory.pressure"
	: >"$group/cgroup.procs"
	: >"$group/memory.reclaim"
}

make_host() {
	mkdir -p "$dir/state" "$dir/proc/pressure" "$dir/proc/self" "$dir/sys" "$dir/cgroup" \
		"$dir/etc/usr/lib/reliefd/profiles" "$dir/etc/etc/reliefd/profiles"
	echo 'Filename Type Size Used Priority' >"$dir/proc/swaps"
	cp /proc/self/mountinfo "$dir/proc/self/"
	echo '0::/system.slice/reliefd.service' >"$dir/proc/self/cgroup"
	printf 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n' \
		>"$dir/proc/pressure/memory"
	: >"$dir/proc/meminfo"
	set_memory 1000000 900000
	echo memory >"$dir/cgroup/cgroup.controllers"
	echo memory >"$dir/cgroup/cgroup.subtree_control"
	make_group /system.slice 400000000
	make_group /system.slice/cache.service 200000000
	make_group /system.slice/db.service 200000000
	cp "$source_root"/policies/profiles/*.conf "$dir/etc/usr/lib/reliefd/profiles/"
}

# --- the bus

# The rules of Debian's system bus, and our policy file; "root" is whoever runs the test.
write_bus_config() {
	sed "s/user=\"root\"/user=\"$(id -un)\"/" \
		"$source_root/packaging/dbus/$name.conf" >"$dir/policy.conf"
	cat >"$dir/bus.conf" <<-END
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig>
		  <type>system</type>
		  <listen>unix:path=$dir/bus</listen>
		  <auth>EXTERNAL</auth>
		  <policy context="default">
		    <allow user="*"/>
		    <deny own="*"/>
		    <deny send_type="method_call"/>
		    <allow send_type="signal"/>
		    <allow send_requested_reply="true" send_type="method_return"/>
		    <allow send_requested_reply="true" send_type="error"/>
		    <allow receive_type="method_call"/>
		    <allow receive_type="method_return"/>
		    <allow receive_type="error"/>
		    <allow receive_type="signal"/>
		    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
		    <allow send_destination="org.freedesktop.DBus"
		           send_interface="org.freedesktop.DBus.Introspectable"/>
		    <allow send_destination="org.freedesktop.DBus"
		           send_interface="org.freedesktop.DBus.Properties"/>
		  </policy>
		  <policy user="$(id -un)">
		    <allow send_destination="org.freedesktop.DBus"
		           send_interface="org.freedesktop.DBus.Monitoring"/>
		  </policy>
		  <include>$dir/policy.conf</include>
		  ${more_policy:-}
		</busconfig>
	END
}

start_bus() {
	rm -f "$dir/bus"
	dbus-daemon --config-file="$dir/bus.conf" --nofork --nosyslog 2>"$dir/bus.out" &
	bus_pid=$!
	children+=("$bus_pid")
	wait_for "the bus" test -S "$dir/bus"
}

stop_bus() {
	kill "$bus_pid"
	wait "$bus_pid" || true
}

# --- reliefd

on_bus() {
	busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus NameHasOwner s \
		"$name" | grep -q true
}

# shellcheck disable=SC2120 # most tests have none
start_reliefd() { # MORE_OPTIONS...
	"$reliefd" --root="$dir/etc" --proc="$dir/proc" --sys="$dir/sys" --cgroup-root="$dir/cgroup" \
		--socket="$dir/relief.sock" --state="$dir/state" --log-level=debug "$@" >>"$dir/reliefd.out" 2>&1 &
	reliefd_pid=$!
	children+=("$reliefd_pid")
}

start_all() {
	make_host
	write_bus_config
	start_bus
	start_reliefd
	wait_for "reliefd on the bus" on_bus
}

alive() {
	kill -0 "$reliefd_pid" 2>/dev/null || fail "reliefd is gone"
}

# reliefd ends as it should: sanitizers say then what was left behind
stop_reliefd() {
	kill -TERM "$reliefd_pid"
	wait "$reliefd_pid" || fail "reliefd ended with status $?"
	ok "reliefd ends well"
}

said() { # PATTERN: in reliefd's log
	grep -Eq -- "$1" "$dir/reliefd.out"
}

# --- calls

# in_cgroup PATH COMMAND...: our proc says that this command runs there
in_cgroup() {
	# shellcheck disable=SC2016 # for the inner shell, whose pid the command inherits
	bash -c 'mkdir "$0/proc/$$" && echo "0::$1" >"$0/proc/$$/cgroup" && shift && exec "$@"' \
		"$dir" "$@"
}

call() { # PATH INTERFACE METHOD [SIGNATURE ARGUMENT...]
	in_cgroup /system.slice/db.service busctl --timeout=20 call "$name" "$@"
}

manager() { # METHOD [SIGNATURE ARGUMENT...]
	call "$root_path" "$manager" "$@"
}

get() { # PATH INTERFACE PROPERTY: its value
	busctl get-property "$name" "$@" | cut -d' ' -f2-
}

# refused ERROR PATTERN COMMAND...: the call fails with this error and says something like this
refused() {
	local error=$1 pattern=$2 said
	shift 2
	[[ $error == *.* ]] || error=$name.Error.$error
	# at this level sd-bus says the error's name, too
	if said=$(SYSTEMD_LOG_LEVEL=debug "$@" 2>&1); then
		fail "$* was not refused but answered: $said"
	fi
	grep -Fq "error-name=$error " <<<"$said" || fail "$*: no $error in: $said"
	said=$(sed -n 's/.* error-name=org\.[^ ]* error-message=//p' <<<"$said")
	grep -Eq -- "$pattern" <<<"$said" || fail "$*: '$said' does not say '$pattern'"
	ok "${error##*.}: $said"
}

# --- clients

# start_agent TAG CGROUP OPTIONS...: its words in $dir/TAG.out, its stdin on a descriptor of $in
declare -A in=() agent_pid=()
start_agent() {
	local tag=$1 cgroup=$2 fd pid
	shift 2
	mkfifo "$dir/$tag.in"
	: >"$dir/$tag.out"
	chmod 666 "$dir/$tag.in" "$dir/$tag.out"
	${as_user:-} "$agent" "$@" <"$dir/$tag.in" >"$dir/$tag.out" 2>&1 &
	children+=($!)
	exec {fd}>"$dir/$tag.in"
	in[$tag]=$fd
	wait_for "client $tag" grep -q '^pid' "$dir/$tag.out"
	pid=$(sed -n 's/^pid //p' "$dir/$tag.out")
	# shellcheck disable=SC2034 # for the tests
	agent_pid[$tag]=$pid
	mkdir -p "$dir/proc/$pid"
	echo "0::$cgroup" >"$dir/proc/$pid/cgroup"
	tell "$tag" go
}

tell() { # TAG WORD...
	echo "${@:2}" >&"${in[$1]}"
}

hears() { # TAG PATTERN: it has printed that, or will
	wait_for "'$2' from $1" grep -Eq -- "$2" "$dir/$1.out"
}

module_of() { # TAG: path of its module
	sed -n 's/^registered //p' "$dir/$1.out"
}

# signals FILE: from here on, every signal of reliefd goes there, one JSON object a line
listen() {
	busctl monitor --json=short --match="type='signal',path_namespace='$root_path'" >"$1" 2>"$1.err" &
	children+=($!)
	wait_for "the monitor" grep -q Monitoring "$1.err"
}
