#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Names that the kernel allows for a cgroup: one of them must not take the others along

. "$(dirname "$0")/bus-lib.sh"

reliefctl=$RELIEFCTL
bad=$'bad\xff.service' shown='bad\xff.service'
odd=$'odd \t"%s\'[1]*?\x1b.service'
long=$(printf 'x%.0s' {1..247}).service

make_host
make_group "/system.slice/$bad" 100000000
make_group "/system.slice/$odd" 100000000
make_group "/system.slice/$long" 100000000
echo 200000000 >"$dir/cgroup/system.slice/$bad/memory.max"
write_bus_config
start_bus
start_reliefd
wait_for "reliefd on the bus" on_bus

managed=$(busctl call "$name" "$root_path" org.freedesktop.DBus.ObjectManager GetManagedObjects) ||
	fail "GetManagedObjects"
grep -Fq 'cache.service' <<<"$managed" || fail "the others are not in GetManagedObjects"
grep -Fq 'bad\\xff.service' <<<"$managed" || grep -Fq "$shown" <<<"$managed" ||
	fail "$shown is not in GetManagedObjects"
ok "GetManagedObjects shows $shown beside the others"

for verb in status list metrics "top --once" "tasks" suggestions "status --json=short" "list --json=short"; do
	# shellcheck disable=SC2086 # words
	said=$("$reliefctl" $verb 2>&1) || fail "reliefctl $verb: $said"
	iconv -f UTF-8 -t UTF-8 <<<"$said" >/dev/null || fail "reliefctl $verb is no UTF-8"
	! LC_ALL=C grep -q $'\x1b\\[1\|\xff' <<<"$said" || fail "reliefctl $verb shows it as it is"
done
ok "status, list, metrics, top, tasks, suggestions, in text and JSON"

shows() { # PATTERN VERB...: one of the lines that reliefctl prints
	said=$("$reliefctl" "${@:2}" 2>&1) || fail "reliefctl ${*:2}: $said"
	grep -Eq -- "$1" <<<"$said" || fail "reliefctl ${*:2} shows no '$1': $said"
}

shows '^relief_group_level\{.*bad\\\\xff\.service.*\} 0$' metrics
shows 'bad\\xff\.service' status "/system.slice/$shown"
"$reliefctl" status --json=short | python3 -c 'import json, sys; json.load(sys.stdin)' || fail "JSON"
ok "it is found by the name that is shown"

alive
stop_reliefd
