#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# reliefctl: what each verb says, in text and in JSON, and with which exit status

. "$(dirname "$0")/bus-lib.sh"

reliefctl=$RELIEFCTL

# ctl STATUS ARGUMENT...: runs reliefctl, which must exit with STATUS; its words are in $said
ctl() {
	local wanted=$1 status=0
	shift
	said=$("$reliefctl" "$@" 2>&1) || status=$?
	[ $status -eq "$wanted" ] || fail "reliefctl $*: status $status, not $wanted: $said"
}

says() { # PATTERN
	grep -Eq -- "$1" <<<"$said" || fail "no '$1' in: $said"
}

# json EXPRESSION: true of the JSON in $said, as `d`
json() {
	python3 -c 'import json, sys; d = json.loads(sys.argv[1]); assert eval(sys.argv[2]), d' "$said" \
		"$1" || fail "not so: $1"
}

# --- without a bus, without a daemon
ctl 4 status
says 'Cannot reach the system bus'
ctl 4 is-ok
make_host
write_bus_config
start_bus
ctl 3 status
says 'not running; systemctl start reliefd'
ctl 3 is-ok -q
ctl 3 relieve --bytes=1M
ctl 1 doctor
says '^reliefd +(fail|warn) ' # warn: somebody else's may run on this host
says '^bus +ok'
ok "it says what is not there"

# --- usage
ctl 2 stauts
says 'did you mean status'
ctl 2 frobnicate
says 'see reliefctl --help'
ctl 2 --frobnicate
ctl 2 --json=yaml
says 'short, pretty or off'
ctl 2 monitor now
says 'unexpected argument now'
ctl 2 relieve
says '--bytes=256M'
ctl 2 relieve --bytes=lots
says 'lots: use a size'
ctl 2 relieve --bytes=1M --max-rung=explode
says 'warn, shed, unload or reclaim'
ctl 2 relieve --bytes=1M --timeout=0
ctl 2 list fruit
ctl 2 tasks --sort=size
says 'size: use growth or rss'
for lines in 0 101 many; do
	ctl 2 top -n $lines
	says 'a number from 1 to 100'
done
ctl 2 simulate
ctl 0 --version
says '^reliefctl [0-9]'
ctl 0 --help
says '^  doctor '
help=$said
ctl 0 help
[ "$said" = "$help" ] || fail "help says something else than --help"
ctl 0 help relieve
says '^Free --bytes= now'
says '--max-rung=RUNG'
grep -q -- --once <<<"$said" && fail "an option of another verb: $said"
ctl 2 help releive
says 'did you mean relieve'
ok "a wrong command line ends with 2 and the fix"

# --- a calm host
start_reliefd
wait_for "reliefd on the bus" on_bus
ctl 0
says '^reliefd [0-9.]+, profile default$'
says 'Level: low'
ctl 0 status -j
json 'd["Manager"]["Level"] == "low" and d["GroupsUnderPressure"] == []'
ctl 0 is-ok
says '^low$'
ctl 0 is-ok -q
[ -z "$said" ] || fail "is-ok -q said: $said"
ctl 0 is-ok cache
ctl 4 is-ok nosuch
says "No group under control belongs to unit 'nosuch.service'"
ok "a calm host"

# --- groups and modules
cgroup=/system.slice/cache.service
start_agent cache $cgroup
hears cache '^registered'
ctl 0 list
says '^ *[^ ]*cache\.service +low'
ctl 0 list --json=short
json '[g for g in d if g["ControlGroup"] == "/system.slice/cache.service"][0]["MemoryMax"] is None'
json 'd[0]["ControlGroup"] == "/"'
ctl 0 list modules --no-legend
says '^ *1 images +cache +cache\.service'
[ "$(wc -l <<<"$said")" -eq 1 ] || fail "more than one line: $said"
ctl 0 list modules -j
json 'len(d) == 1 and d[0]["Unit"] == "cache.service" and d[0]["Size"] > 0'
ctl 0 status cache
says '^/system\.slice/cache\.service \(cache\.service\)$'
says 'images +cache'
ctl 0 show $cgroup
says '^MemoryMax=\[not set\]$'
ctl 0 show -p Unit -p Level --value cache
[ "$said" = $'cache.service\nlow' ] || fail "show said: $said"
ctl 0 show m1 -p Name
says '^Name=images$'
ctl 1 show m1 -p Colour
says 'no property Colour'
ctl 1 show m99
says 'There is no module m99; reliefctl list modules'
ctl 1 show /org/reliefd/Relief1/group/nosuch
says 'no such object; reliefctl list'
ctl 1 status /no/such.slice
says "There is no cgroup '/no/such\.slice'|'/no/such\.slice' is no cgroup under control"
ctl 0 show -j
json 'd["NModules"] == 1 and d["TimeLeftUSec"] is None'
ok "groups and modules"

# --- tasks: real ones where the kernel has an iterator for us, else those of our proc
make_task() { # PID NAME KIB CGROUP
	mkdir -p "$dir/proc/$1"
	echo "9999 $(($3 * 1024 / $(getconf PAGESIZE))) 1 1 0 1 0" >"$dir/proc/$1/statm"
	echo "$1 ($2) S 1 $1 $1 0 -1 0 1 0 0 0 0 0 0 0 20 0 1 0 1234 0" >"$dir/proc/$1/stat"
	printf 'Name:\t%s\nUid:\t0\t0\t0\t0\nVmSwap:\t      12 kB\n' "$2" >"$dir/proc/$1/status"
	echo "0::$4" >"$dir/proc/$1/cgroup"
}
pod=/kubepods.slice/kubepods-pod0f6b2a3c_1111_2222_3333_444455556666.slice
make_task 4000001 mapper 300000 $cgroup
make_task 4000002 $'b\e[31md' 200000 "$pod/cri-containerd-$(printf '%064d' 7).scope"
make_task 4000003 nobody 100000 /
ctl 0 tasks --sort=rss -n 3
says '^ *PID +USER +RSS +SWAP +GROWTH/s +SINCE +COMMAND +WHERE$'
[ "$(wc -l <<<"$said")" -eq 4 ] || fail "not three tasks: $said"
ctl 0 tasks -n 1 --no-legend
[ "$(wc -l <<<"$said")" -eq 1 ] || fail "more than one task: $said"
ctl 0 tasks --sort=rss -j -n 100
json 'all(a["RSS"] >= b["RSS"] for a, b in zip(d, d[1:]))'
json 'len({t["PID"] for t in d}) == len(d) > 0'
json 'set(d[0]) == {"PID", "UID", "Comm", "Unit", "ControlGroup", "PodUID", "ContainerID", "RSS", "RSSExact", "Swap", "GrowthBytesPerSecond", "GrowingSinceMonotonic"}'
ok "tasks"
refused InvalidArgument 'use growth or rss' manager GetTopTasks su size 5
refused InvalidArgument '1 to 100' manager GetTopTasks su rss 0
refused InvalidArgument '1 to 100' manager GetTopTasks su rss 101

# --- names and widths
make_group /kubepods.slice 90000000
make_group "$pod" 90000000
make_group "$pod/cri-containerd-$(printf '%064d' 7).scope" 80000000
make_group "/machine.slice/libpod-$(printf 'ab%.0s' $(seq 32)).scope" 10000000
printf 'Units=*.service *.scope *.slice\n' >"$dir/wide"
sed -i "s/^Units=.*/$(cat "$dir/wide")/" "$dir/etc/usr/lib/reliefd/profiles/default.conf"
manager Reload
wait_for "the container" bash -c "'$reliefctl' list -l | grep -q cri-containerd-0000"
for verb in list top tasks 'list modules'; do
	# shellcheck disable=SC2086 # two words
	said=$(COLUMNS=60 "$reliefctl" $verb)
	[ "$(wc -L <<<"$said")" -le 60 ] || fail "$verb needs more than 60 columns: $said"
	says '^ *(GROUP|ID NAME|PID) '
done
ctl 0 top
says '^pod 0f6b2a3c +low '
says '^pod 0f6b2a3c/000000000000 +low '
says '^libpod-abababababab\.scope +low '
ctl 0 top -l
says "^$pod/cri-containerd-0{63}7\.scope +low "
ctl 0 list
says '-pod 0f6b2a3c +low '
ctl 0 status "$pod/cri-containerd-$(printf '%064d' 7).scope"
says '^pod 0f6b2a3c/000000000000$'
mkdir -p "$dir/pods/var/log/pods/shop_web-0_0f6b2a3c-1111-2222-3333-444455556666" \
	"$dir/pods/var/log/pods/"$'evil\e[31m_x_0f6b2a3c-1111-2222-3333-444455556666'
ctl 0 top --root="$dir/pods"
says '^shop/web-0/000000000000 +low '
ok "names and widths"

# --- top
ctl 0 top
says '^reliefd: low, [0-9.]+M left'
says '^GROUP +LEVEL +USED +GROWTH/s +LEFT +TIME LEFT +SURE$'
says '^cache\.service +low +190\.7M +0B +- +- +-$' # no limit: what is left is the host's
echo 1000000000 >"$dir/cgroup$cgroup/memory.max"
echo 250000000 1<>"$dir/cgroup$cgroup/memory.current"
ctl 0 top --sort=rss
says '^cache\.service +low +238\.4M +[0-9.]+[KMB]+ +715\.2M '
echo max >"$dir/cgroup$cgroup/memory.max"
ctl 0 top --sort=rss -n 2 --no-legend
[ "$(wc -l <<<"$said")" -eq 2 ] || fail "not two groups: $said"
ctl 0 top -j
json '{g["ControlGroup"] for g in d} >= {"/", "/system.slice/cache.service"}'
ctl 0 top --tasks --once -n 1
says '^ *PID +USER'
ok "top, one round"

# keys LETTERS COMMAND...: as a terminal gets it, these keys being pressed one after the other
keys() {
	python3 - "$@" <<-'END'
		import os, pty, select, sys, time
		pid, fd = pty.fork()
		if pid == 0:
		    os.environ['TERM'] = 'xterm'
		    os.execv(sys.argv[2], sys.argv[2:])
		def read(seconds):
		    end = time.monotonic() + seconds
		    while (left := end - time.monotonic()) > 0:
		        if select.select([fd], [], [], left)[0]:
		            try:
		                sys.stdout.buffer.write(os.read(fd, 65536))
		            except OSError:
		                return
		for key in sys.argv[1]:
		    read(0.7)
		    os.write(fd, key.encode())
		read(5)
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}
said=$(keys mtgq "$reliefctl" top) || fail "top ended with $?: $said"
says 'by growth.*m by memory.*t tasks.*l long names'
says 'COMMAND' # after the second key
says $'\e\\[\\?1049l' # the terminal is given back
ok "top, live"

# --- what happens
"$reliefctl" monitor >"$dir/monitor.out" 2>&1 &
children+=($!)
"$reliefctl" monitor --json=pretty >"$dir/monitor-json.out" 2>&1 &
children+=($!)
sleep 0.5
ctl 0 relieve --bytes=1M --max-rung=shed cache
says 'measured, .*claimed'
hears cache '^request images shed'
ctl 0 relieve --bytes=1M --max-rung=shed $cgroup -j
json 'set(d) == {"FreedBytes", "ClaimedBytes"}'
wait_for "ActionFinished" grep -q '"Event":"ActionFinished"' "$dir/monitor-json.out"
wait_for "the sentence" grep -Eq 'cache\.service: shed [0-9]+ .*claimed of images \(cache\.service\)' \
	"$dir/monitor.out"
"$reliefctl" monitor >/dev/full 2>"$dir/monitor-full.out" &
full_pid=$!
sleep 0.5
ctl 0 relieve --bytes=1M cache
wait "$full_pid" && fail "monitor wrote to a full device"
grep -q 'Cannot write: No space left on device' "$dir/monitor-full.out" ||
	fail "monitor on a full device: $(cat "$dir/monitor-full.out")"
while read -r said; do
	json '"Event" in d and d["Timestamp"] > 0'
done <"$dir/monitor-json.out"
ok "relieve and monitor"

# --- settings
drop_in=$dir/etc/etc/reliefd/profiles/default.conf.d/10-test.conf
mkdir -p "${drop_in%/*}"
printf '[Headroom]\nMedium=a lot\n' >"$drop_in"
ctl 1 reload
says "10-test\\.conf:2: Medium=a lot is not a share"
ctl 1 verify "$drop_in"
says '^[^ ]*10-test\.conf:2: Medium=a lot'
ctl 1 verify --root="$dir/etc"
ctl 1 doctor --root="$dir/etc"
says '^config +fail'
printf '[Headroom]\nMedium=21%%\n' >"$drop_in"
ctl 0 verify "$drop_in" --quiet
ctl 0 verify --root="$dir/etc"
ctl 0 reload
ctl 0 cat-config --root="$dir/etc" default
says "^# $drop_in\$"
ctl 1 cat-config --root="$dir/etc" nosuch
ctl 0 verify "$source_root"/policies/profiles/*.conf "$source_root/packaging/reliefd.conf"
ok "settings"

# --- pressure
set_memory 1000000 40000
is_short() {
	! "$reliefctl" is-ok -q
}
wait_for "the level" is_short
ctl 1 is-ok
says '^(medium|high|critical)$'
ctl 0 status
says 'Level: (medium|high|critical) for .*host'
"$reliefctl" metrics | python3 "$source_root/tests/integration/ctl-metrics.py" \
	'value("relief_group_level", cgroup="/") >= 1' || fail "metrics of a short host"
wait_for "LevelChanged" grep -Eq '/: low -> (medium|high|critical)' "$dir/monitor.out"
wait_for "the warning" grep -Eq '/: warn [0-9]+ tells every module the level' "$dir/monitor.out"
grep -q 'asks for 0B' "$dir/monitor.out" && fail "somebody was asked for nothing"
ok "a short host"

# --- a shortage that is over, whose level is not; longer than a busy machine takes for five calls
printf '[Dwell]\nTime=60s\n' >"$drop_in"
ctl 0 reload
set_memory 1000000 900000
is_recovering() {
	[ "$("$reliefctl" show -p RecoveringTo --value)" = low ]
}
wait_for "the recovery" is_recovering
ctl 0 status
says 'Level: recovering, low in [0-9]+s \(was (medium|high|critical) for '
ctl 0 status -j
json 'd["Manager"]["RecoveringTo"] == "low" and d["Manager"]["RecoveringUntilUSec"] > 0'
ctl 0 top
says '^reliefd: recovering, low in [0-9]+s, [0-9.]+M left'
ctl 0 list
says '^/ +low in [0-9]+s '
ctl 1 is-ok # until it is low
printf '[Dwell]\nTime=1s\n' >"$drop_in"
ctl 0 reload
wait_for "calm" "$reliefctl" is-ok -q
ctl 0 status
says 'Level: low for [^(]*$'
ok "recovering"

# --- the way it looks
on_terminal() { # VARIABLE=VALUE: status, as a terminal gets it
	env "$1" TERM=xterm python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' \
		"$reliefctl" --no-pager status </dev/null
}
said=$(on_terminal A=a)
[[ $said == *$'\033'* ]] || fail "no colours on a terminal"
for mode in NO_COLOR=1 SYSTEMD_COLORS=0; do
	said=$(on_terminal "$mode")
	[[ $said != *$'\033'* ]] || fail "colours with $mode"
done
said=$("$reliefctl" status)
[[ $said != *$'\033'* ]] || fail "colours in a pipe"
ok "colours on a terminal only"
stop_reliefd

# --- tasks from /proc, which is ours, without eBPF
printf '[Daemon]\nGrowthClock=none\n' >"$dir/etc/etc/reliefd/reliefd.conf"
start_reliefd
wait_for "reliefd on the bus" on_bus
ctl 0 tasks --sort=rss -j
json '[(t["PID"], t["Comm"], t["Unit"], t["RSS"]) for t in d][0] == (4000001, "mapper", "cache.service", 307200000)'
json 'd[1]["Comm"] == "b\\x1b[31md" and d[1]["PodUID"].startswith("0f6b2a3c-") and d[1]["ContainerID"].endswith("07")'
json 'd[2]["Unit"] == "" and d[2]["ControlGroup"] == "/" and d[2]["Swap"] == 12288'
ctl 0 tasks --sort=rss --no-legend
says '^4000001 root ~292.9M +12K +- +- mapper +cache.service$'
says ' pod 0f6b2a3c/000000000000$'
sleep 0.3 # the look before is used again for 200 ms
make_task 4000003 nobody 110000 /
ctl 0 tasks -j -n 1
json 'd[0]["PID"] == 4000003 and d[0]["GrowthBytesPerSecond"] > 0 and d[0]["GrowingSinceMonotonic"] > 0'
ok "tasks, without eBPF"
stop_reliefd
