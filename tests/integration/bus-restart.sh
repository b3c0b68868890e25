#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Living without a bus: late, lost, hung, and with the name taken by another

. "$(dirname "$0")/bus-lib.sh"

# Makes reliefd look, by way of the cgroup tree and not of the bus.
nudge() {
	make_group /system.slice/nudge.service 1
	rm -r "$dir/cgroup/system.slice/nudge.service"
}

# --- no bus yet
make_host
mkdir -p "$dir/etc/etc/reliefd/profiles/default.conf.d"
printf '[Dwell]\nTime=500ms\n' >"$dir/etc/etc/reliefd/profiles/default.conf.d/10-test.conf"
write_bus_config
start_reliefd
wait_for "the start" said 'Profile default'
sleep 0.5
alive
set_memory 1000000 60000
nudge
wait_for "a level without a bus" said 'Memory of the host is (medium|high|critical)'
set_memory 1000000 900000
nudge
wait_for "calm" said 'Memory of the host is low'
ok "works without a bus"
start=$(date +%s%N)
start_bus
wait_for "reliefd on the bus" on_bus
ok "on the bus $((($(date +%s%N) - start) / 1000000)) ms after it appeared"

# --- the bus restarts
start_agent cache /system.slice/cache.service
hears cache '^registered'
stop_bus
wait_for "the loss" said 'Lost the bus'
sleep 1
alive
start=$(date +%s%N)
start_bus
wait_for "reliefd on the bus again" on_bus
ok "back $((($(date +%s%N) - start) / 1000000)) ms after the bus"
[ "$(get $root_path $manager NModules)" = 0 ] || fail "an agent outlived its bus"
[ "$(grep -c 'Lost the bus' "$dir/reliefd.out")" = 1 ] || fail "said more than once"
start_agent cache2 /system.slice/cache.service
hears cache2 '^registered'
ok "agents can register again"

# --- the bus hangs: nothing of reliefd waits for it
kill -STOP "$bus_pid"
for n in 1 2 3; do
	set_memory 1000000 60000
	nudge
	wait_for "level $n with a hung bus" bash -c "[ \$(grep -c 'Memory of the host is [mhc]' '$dir/reliefd.out') -gt $n ]"
	set_memory 1000000 900000
	nudge
	wait_for "calm $n with a hung bus" bash -c "[ \$(grep -c 'Memory of the host is low' '$dir/reliefd.out') -gt $n ]"
done
ok "three shortages while the bus hung"
kill -CONT "$bus_pid"
hears cache2 '^request images shed'
[ "$(get $root_path $manager NModules)" = 1 ] || fail "the module is lost"
ok "what was queued arrives"

# --- somebody else has the name
first=$reliefd_pid
start_reliefd --socket="$dir/second.sock"
wait_for "the complaint" said "Another process owns $name"
kill -TERM "$first"
wait "$first" || fail "the first reliefd ended with status $?"
wait_for "the second takes over" on_bus
[ "$(busctl status $name | sed -n 's/^PID=//p')" = "$reliefd_pid" ] || fail "the name is not the second's"
ok "the name is handed on"
stop_reliefd
