#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Growth as it is told: time left of a slice and of what is in it, suggestions, metrics, doctor, the brake

. "$(dirname "$0")/bus-lib.sh"

reliefctl=$RELIEFCTL
slice=/app.slice service=/app.slice/app.service

# In a subshell for wait_for, which asks again: fail ends that only.
says() ( # PATTERN COMMAND...
	said=$("${@:2}" 2>&1) || fail "${*:2}: status $?: $said"
	grep -Eq -- "$1" <<<"$said" || fail "${*:2}: no '$1' in: $said"
)

doctor_says() { # PATTERN: whatever this very host fails
	local said
	said=$("$reliefctl" doctor --root="$dir/etc" 2>&1) || true
	grep -Eq -- "$1" <<<"$said" || fail "no '$1' in: $said"
}

# in place, and all are of nine digits: a reader never sees half of it
set_file() { # FILE NUMBER
	echo "$2" 1<>"$dir/cgroup$1"
}

object_of() { # CGROUP
	manager GetGroupByControlGroup s "$1" | cut -d'"' -f2
}

of_group() { # CGROUP PROPERTY
	get "$(object_of "$1")" "$name.Group" "$2"
}

# One look: an order that frees nothing reads the groups under limits that hold modules.
look() {
	manager Relieve 'stsa{sv}' $service 1 warn 0 >/dev/null
}

# The slice takes 100 MB of its 400, 10 MB at a time.
grow() {
	for i in $(seq 10); do
		set_file $slice/memory.current $((200000000 + i * 10000000))
		set_file $service/memory.current $((150000000 + i * 10000000))
		look
	done
}

# A growth that has stopped is not shown, so this one goes on while it is asked about: 2 MB a second
# of the clock, whatever else the machine does, until stop_growing. reliefd looks by itself then.
grow_on() {
	(
		start=${EPOCHREALTIME/./} grown=0
		while [ "$grown" -lt 90000000 ]; do
			grown=$(((${EPOCHREALTIME/./} - start) * 2))
			set_file $slice/memory.current $((300000000 + grown))
			set_file $service/memory.current $((250000000 + grown))
			sleep 0.02
		done
	) &
	grower=$!
	children+=("$grower")
	sleep 0.5
}

stop_growing() {
	kill "$grower" || fail "the growth ended before it was asked about"
	wait "$grower" || true
}

# The growth is seen at most 200 ms long, so these are asked again until they are so.
has_time_left() { # CGROUP
	local left sure

	left=$(of_group "$1" TimeLeftUSec) && sure=$(of_group "$1" TimeLeftConfidence) || return
	[ "$left" -gt 0 ] && [ ${#left} -le 8 ] && [ "$left" -lt 60000000 ] &&
		[ "$sure" -ge 2000 ] && [ "$sure" -le 10000 ] &&
		[ "$(of_group "$1" GrowthBytesPerSecond)" -gt 1000000 ]
}

suggestion_as_json() {
	"$reliefctl" suggestions --json=short | python3 -c '
import json, sys
(s,) = [s for s in json.load(sys.stdin) if s["Kind"] == "time-left"]
assert s["Severity"] == ("critical" if s["TimeLeftUSec"] < 60e6 else "warning") and s["ControlGroup"] == "/app.slice", s
assert s["Object"].endswith("/group/app_2eslice") and s["Limit"] == 400000000, s
assert 10e6 < s["Headroom"] < 100e6 and s["TimeLeftConfidence"] >= 2000 and s["Kills"] == 0, s'
}

metrics_are() { # EXPRESSION...
	"$reliefctl" metrics | python3 "$source_root/tests/integration/ctl-metrics.py" "$@"
}

# To the last megabytes, faster than anybody could answer.
run_out() {
	for i in $(seq 30); do
		set_file $slice/memory.current $((300000000 + i * 3200000))
		set_file $service/memory.current $((250000000 + i * 3200000))
		sleep 0.01
	done
	look
}

shrink() {
	set_file $slice/memory.current 120000000
	set_file $service/memory.current 110000000
	look
}

make_host
make_group $slice 200000000
make_group $service 150000000
make_group '/system.slice/odd\x2d"name.service' 1000000
echo 400000000 >"$dir/cgroup$slice/memory.max"
for group in $slice $service; do
	echo 0 | tee "$dir/cgroup$group/cgroup.freeze" >/dev/null
done
mkdir -p "$dir/etc/etc/reliefd/profiles/default.conf.d"
write_bus_config
start_bus
start_reliefd
wait_for "reliefd on the bus" on_bus
start_agent app $service --name=buffers --silent # who never answers is waited for
hears app '^registered'

# --- calm
look
[ "$(of_group $slice TimeLeftUSec)" = 18446744073709551615 ] || fail "a calm slice runs out"
[ "$(of_group $slice Headroom)" = 200000000 ] || fail "headroom of the slice"
[ "$(of_group $service Headroom)" = 200000000 ] || fail "a service has more left than its slice"
says '^Nothing to suggest\.$' "$reliefctl" suggestions
says '^\[\]$' "$reliefctl" suggestions --json=short
ok "calm"

# --- growth
grow
grow_on
wait_for "time left of the slice" has_time_left $slice
wait_for "time left of the service" has_time_left $service
[ "$(of_group /system.slice/db.service TimeLeftUSec)" = 18446744073709551615 ] || fail "db runs out"
[ "$(get $root_path "$manager" TimeLeftUSec)" = 18446744073709551615 ] || fail "the host runs out"
wait_for "growth in status" says 'Headroom: [1-9][0-9.]+M, growing by [0-9.]+[KMG] a second, lasts [0-9a-z. ]+ \(([2-9][0-9]|100) % sure\)' \
	"$reliefctl" status $slice
wait_for "time left of what is in it" says 'Headroom: [1-9][0-9.]+M.* lasts ' "$reliefctl" status app.service
says '^Brake: off$' bash -c "'$reliefctl' status app.service | grep -o 'Brake.*'"
ok "time left of a slice, and of what is in it"

wait_for "a suggestion" says '^(critical|warning): At its present growth of .* a second app\.slice reaches its limit of 381\.4M in .*MemoryMax=' \
	"$reliefctl" suggestions
wait_for "a suggestion as JSON" suggestion_as_json
ok "a suggestion"

# --- metrics
db=$dir/cgroup/system.slice/db.service
sed -i 's/^oom_kill 0/oom_kill 3/' "$db/memory.events"
printf 'some avg10=0.00 avg60=0.00 avg300=0.00 total=12345678\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n' \
	>"$db/memory.pressure"
wait_for "metrics of a growth" metrics_are \
	'0 < value("relief_group_time_left_seconds", cgroup="/app.slice") < 3600' \
	'value("relief_group_time_left_seconds", cgroup="/") == float("inf")' \
	'0 < value("relief_group_time_left_confidence_ratio", cgroup="/app.slice") <= 1' \
	'10e6 < value("relief_group_headroom_bytes", unit="app.service") < 100e6' \
	'value("relief_group_growth_bytes_per_second", unit="app.slice") > 1000000' \
	'value("relief_group_level", unit="db.service") == 0' \
	'value("relief_brake_held", unit="app.service") == 0' \
	'value("relief_brakes_total", unit="app.service") == 0' \
	'value("relief_lost_kernel_events_total") >= 0' \
	"value('relief_growth_clock_info', clock='$(get $root_path "$manager" GrowthClock | tr -d '"')') == 1" \
	'value("relief_group_level", cgroup="/system.slice/odd\\x2d\"name.service") == 0' \
	'300e6 < value("relief_group_memory_bytes", cgroup="/app.slice") < 400e6' \
	'value("relief_group_memory_limit_bytes", cgroup="/app.slice") == 400000000' \
	'not any(n == "relief_group_memory_limit_bytes" and ("unit", "db.service") in ls for n, ls in samples)' \
	'value("relief_group_memory_bytes", cgroup="/") == 102400000' \
	'value("relief_group_pressure_some_seconds_total", unit="db.service") == 12.345678' \
	'value("relief_group_pressure_full_seconds_total", unit="db.service") == 1.5' \
	'value("relief_group_oom_kills_total", unit="db.service") == 3' \
	'value("relief_memory_total_bytes") == 1024000000' \
	'value("relief_memory_available_bytes") == 921600000' \
	'value("relief_pressure_some_seconds_total") == 0' \
	'value("relief_module_size_bytes", module="buffers", unit="app.service", kind="cache") > 0' \
	'value("relief_module_requests_total", module="buffers") >= 0' \
	'value("relief_module_yield_ratio", module="buffers") == 1' \
	'{dict(ls)["result"] for n, ls in samples if n == "relief_finished_requests_total"} >= {"done", "late", "gone"}' \
	'value("relief_finished_requests_total", result="late") == value("relief_late_requests_total")' \
	'all(n.endswith(("_bytes", "_seconds", "_ratio", "_per_second")) or types[n] == "counter" or n in {"relief_group_level", "relief_group_modules", "relief_groups", "relief_modules", "relief_brake_held", "relief_dry_run", "relief_module_unloaded", "relief_module_demoted", "relief_growth_clock_info"} for n in types)' \
	'types["relief_brakes_total"] == "counter"'
"$reliefctl" metrics -j 2>/dev/null && fail "metrics as JSON"
ok "metrics"

# --- a kill without a brake
stop_growing
run_out
sed -i 's/^oom_kill 0/oom_kill 1/' "$dir/cgroup$slice/memory.events"
look
shrink
says '^warning: The kernel killed in app\.slice .*Mode=auto in \[Brake\]' "$reliefctl" suggestions
says '^warning: The kernel killed 1 process in app\.slice below its limit of 381\.4M, [0-9a-z ]+ ago .*MemoryMax=' \
	"$reliefctl" suggestions
doctor_says '^brake +ok +off: nobody'
ok "a kill that a brake could have prevented"

# --- the brake
printf '[Brake]\nMode=freeze\nTimeLeft=30s\nHold=2s\nRest=1min\n' \
	>"$dir/etc/etc/reliefd/profiles/default.conf.d/brake.conf"
manager Reload
[ "$(get $root_path "$manager" BrakeMode)" = '"freeze"' ] || fail "BrakeMode"
listen "$dir/signals"
"$reliefctl" monitor >"$dir/monitor.out" 2>&1 &
children+=($!)
"$reliefctl" monitor --json=short >"$dir/monitor-json.out" 2>&1 &
children+=($!)
sleep 0.5
wait_for "calm again" bash -c "'$reliefctl' is-ok app.slice"
grow
wait_for "BrakeChanged" grep -q '"Event":"BrakeChanged".*"ControlGroup":"/app.slice/app.service","Brake":"freeze","Reason":"runaway"' \
	"$dir/monitor-json.out"
[ "$(of_group $service Brakes)" = 1 ] || fail "Brakes is $(of_group $service Brakes)"
wait_for "its property" grep -q 'app_2eservice".*PropertiesChanged.*"Brake":{"type":"s","data":"freeze"}' "$dir/signals"
wait_for "whom it is for" grep -Eq '/app\.service: held still \(freeze\) for [0-9.]+m?s at most, /app\.slice has .* left for .*\(runaway\)' \
	"$dir/monitor.out"
wait_for "the sentence" said 'Brake on for app.slice/app.service: freeze, as app.slice has .* left, gone in '
wait_for "letting go" grep -q '"Brake":"off"' "$dir/monitor-json.out"
wait_for "the sentence" said 'Brake off for app.slice/app.service after .*Let go, because'
[ "$(of_group $service Brake)" = '"off"' ] || fail "still held"
[ "$(of_group $service BrakeUntilUSec)" = 0 ] || fail "BrakeUntilUSec of nobody held"
of_group $service BrakeReason | grep -Eq '"(held-long|no-help|relieved)"' || fail "$(of_group $service BrakeReason)"
[ "$(get $root_path "$manager" NHeld)" = 0 ] || fail "NHeld"
says 'Brake: off, held 1 times \((held-long|no-help|relieved)\)' "$reliefctl" status app.service
"$reliefctl" metrics | python3 "$source_root/tests/integration/ctl-metrics.py" \
	'value("relief_brakes_total", unit="app.service") == 1' \
	'value("relief_brake_held", unit="app.service") == 0' || fail "metrics of the brake"
"$reliefctl" suggestions | grep -q Mode=auto && fail "the brake is on and still suggested"
doctor_says '^brake +ok +freeze: who runs away'
ok "the brake"
stop_reliefd

# --- the clock is a setting, and a degradation when it is not the best
printf '[Daemon]\nGrowthClock=none\n' >"$dir/etc/etc/reliefd/reliefd.conf"
start_reliefd
wait_for "reliefd on the bus" on_bus
[ "$(get $root_path "$manager" GrowthClock)" = '"none"' ] || fail "GrowthClock"
get $root_path "$manager" DegradedReasons | grep -q '"bpf-off"' || fail "DegradedReasons"
says 'Growth: measured by none' "$reliefctl" status
doctor_says '^growth +warn +none \(bpf-off\): no eBPF: '
doctor_says '-> set GrowthClock=auto in reliefd.conf'
"$reliefctl" metrics | python3 "$source_root/tests/integration/ctl-metrics.py" \
	'value("relief_growth_clock_info", clock="none") == 1' || fail "the clock as a metric"
ok "GrowthClock=none"
stop_reliefd
