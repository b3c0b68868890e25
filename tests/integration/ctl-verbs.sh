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
ctl 2 simulate
ctl 0 --version
says '^reliefctl [0-9]'
ctl 0 --help
says '^  doctor '
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
ctl 0 show -j
json 'd["NModules"] == 1 and d["TimeLeftUSec"] is None'
ok "groups and modules"

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
wait_for "LevelChanged" grep -Eq '/: low -> (medium|high|critical)' "$dir/monitor.out"
ok "a short host"

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
