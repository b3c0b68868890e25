#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Settings: every key takes effect, at start and by reload; faults are named and end

. "$(dirname "$0")/bus-lib.sh"

reliefctl=$RELIEFCTL
settings_of=$(dirname "$0")/settings-of.py
conf=$dir/etc/etc/reliefd/reliefd.conf
drop_ins=$dir/etc/etc/reliefd/profiles/default.conf.d
state=$dir/state
cgroup=/system.slice/cache.service

# ctl STATUS ARGUMENT...: runs reliefctl, which must exit with STATUS; its words are in $said
ctl() {
	local wanted=$1 status=0
	shift
	said=$("$reliefctl" --root="$dir/etc" "$@" 2>&1) || status=$?
	[ $status -eq "$wanted" ] || fail "reliefctl $*: status $status, not $wanted: $said"
}

says() { # PATTERN
	grep -Eq -- "$1" <<<"$said" || fail "no '$1' in: $said"
}

says_not() { # PATTERN
	! grep -Eq -- "$1" <<<"$said" || fail "'$1' in: $said"
}

# Without the level that the other tests have on the command line: here the file's counts.
start() { # MORE_OPTIONS...
	"$reliefd" --root="$dir/etc" --proc="$dir/proc" --sys="$dir/sys" \
		--cgroup-root="$dir/cgroup" --socket="$dir/relief.sock" --state="$state" "$@" \
		>>"$dir/reliefd.out" 2>&1 &
	reliefd_pid=$!
	children+=("$reliefd_pid")
	wait_for "reliefd on the bus" on_bus
}

restart() {
	kill -TERM "$reliefd_pid"
	wait "$reliefd_pid" || fail "reliefd ended with status $?"
	start "$@"
}

# in_force SECTION KEY: "VALUE ORIGIN"
in_force() {
	"$reliefctl" settings -j | python3 "$settings_of" value "$1" "$2"
}

expect_in_force() { # SECTION KEY VALUE ORIGIN_PATTERN
	local got
	got=$(in_force "$1" "$2")
	[[ $got == "$3 "* ]] || fail "$2= is $got, not $3"
	grep -Eq -- "$4" <<<"$got" || fail "$2= is from '$got', not '$4'"
}

make_host
write_bus_config
start_bus
mkdir -p "$drop_ins"
sed -i 's/^inactive_file .*/inactive_file 100000000/' "$dir/cgroup$cgroup/memory.stat"
start
manager Relieve 'stsa{sv}' $cgroup 1048576 reclaim 0 >/dev/null
wait_for "the kernel to be asked" test -s "$dir/cgroup$cgroup/memory.reclaim"
"$reliefctl" settings -j >"$dir/settings.json"
mapfile -t daemon_keys < <(python3 "$settings_of" keys Daemon <"$dir/settings.json")
[ ${#daemon_keys[@]} -gt 3 ] || fail "the settings name too few keys: ${daemon_keys[*]}"

# --- each key of reliefd.conf: a function that sets nothing and looks at what the key does

effect_Profile() { # of Profile=server
	[ "$(get $root_path $manager Profile)" = '"server"' ] || fail "Profile="
	expect_in_force Brake Mode auto '/usr/lib/reliefd/profiles/server\.conf:[0-9]+$'
}
reclaim_file=$dir/cgroup$cgroup/memory.reclaim
effect_DryRun() { # of DryRun=yes: the kernel is not asked
	: >"$reclaim_file"
	manager Relieve 'stsa{sv}' $cgroup 1048576 reclaim 0 >/dev/null
	[ ! -s "$reclaim_file" ] || fail "DryRun="
	[ "$(get $root_path $manager DryRun)" = true ] || fail "DryRun= is not published"
}
effect_LogLevel() { # of LogLevel=err: not even the lines of level info
	local before
	before=$(wc -l <"$dir/reliefd.out")
	manager SetDryRun b true >/dev/null
	sleep 0.2
	[ "$(wc -l <"$dir/reliefd.out")" -eq "$before" ] || fail "LogLevel="
}
effect_GrowthClock() { # of GrowthClock=none
	[ "$(get $root_path $manager GrowthClock)" = '"none"' ] || fail "GrowthClock="
}
effect_Record() { # of Record=yes
	wait_for "the record" test -s "$state/record"
	wait_for "a step in it" grep -q '^> next' "$state/record"
	[ "$(stat -c %a "$state/record")" = 600 ] || fail "the record is not private"
	ctl 0 simulate "$state/record"
	says 'recorded decisions, 0 are different'
}
effect_RecordMax() { # of RecordMax=2M, below Record=yes
	expect_in_force Daemon RecordMax 2M 'reliefd\.conf'
	wait_for "the record" test -s "$state/record"
}
declare -A example=([Profile]=server [DryRun]=yes [LogLevel]=err [GrowthClock]=none [Record]=yes
	[RecordMax]=2M)

for key in "${daemon_keys[@]}"; do
	declare -F "effect_$key" >/dev/null || fail "$key= has no test here: add effect_$key"
	printf '[Daemon]\n%s=%s\n' "$key" "${example[$key]}" >"$conf"
	[ "$key" != RecordMax ] || echo Record=yes >>"$conf"
	ctl 0 reload
	if grep -q "^$key=.*takes effect at the next start" <<<"$said"; then
		ok "$key= by reload: $(grep "^$key=" <<<"$said")"
		ctl 0 status
		says "Files: $key=${example[$key]} \\(.*reliefd\\.conf:2\\) is not in force.*next start"
	else
		expect_in_force Daemon "$key" "${example[$key]}" 'reliefd\.conf:2$'
		"effect_$key"
		ok "$key= by reload"
	fi
	rm -rf "$state"/record* "$conf"
	ctl 0 reload
done
echo '[Daemon]' >"$conf"
for key in "${daemon_keys[@]}"; do
	echo "$key=${example[$key]}" >>"$conf"
done
restart
for key in "${daemon_keys[@]}"; do
	expect_in_force Daemon "$key" "${example[$key]}" 'reliefd\.conf:[0-9]+$'
	"effect_$key"
	ok "$key= at start"
done
rm -rf "$state"/record* "$conf"
restart

# --- each key of a profile: all at once, since their values must fit each other
python3 "$settings_of" change "$dir/settings.json" >"$drop_ins/50-all.conf"
for way in "by reload" "at start"; do
	if [ "$way" = "by reload" ]; then ctl 0 reload; else restart; fi
	"$reliefctl" settings -j >"$dir/now.json"
	python3 "$settings_of" compare "$dir/settings.json" "$dir/now.json" "$drop_ins/50-all.conf"
	ok "every key of a profile $way"
done
ctl 0 status
says_not 'Files:'
rm "$drop_ins/50-all.conf"

# --- what the disk says, and what is in force
printf '[Headroom]\nMedium=25%%\n' >"$drop_ins/50-mine.conf"
ctl 0 status
says 'Files: .*; reliefctl reload takes the files over'
ctl 0 reload
ctl 0 status
says_not 'Files:'
printf '[Headroom]\nMedium=85%%\n' >"$drop_ins/50-mine.conf"
ctl 1 reload
says "$drop_ins/50-mine\\.conf:2: Medium=85% in \\[Headroom\\] does not fit Headroom=30% in \\[Stall\\]"
says "^reliefctl: The old settings stay: $drop_ins/50-mine"
expect_in_force Headroom Medium 25% '50-mine\.conf:2$'
ctl 0 status
says 'settings: .*50-mine\.conf:2: .*what was in force before stays.* ago\)'
says 'Degraded: .*settings'
ok "a refused reload is blamed on the drop-in, and settings say what is in force"

# --- a typo and a restart
restart
said 'Configuration not loaded: .*50-mine\.conf:2: .*the last good settings are in force' ||
	fail "the log does not say what is in force"
expect_in_force Headroom Medium 25% 'last-good\.conf:[0-9]+$'
get $root_path $manager DegradedReasons | grep -q '"settings"' || fail "not degraded by settings"
[ "$(get $root_path $manager Degraded)" = true ] || fail "Degraded"
ctl 0 status
says 'the last good settings are in force'
ctl 1 doctor
says '50-mine\.conf:2'
printf '[Headroom]\nMedium=24%%\n' >"$drop_ins/50-mine.conf"
ctl 1 doctor
says 'found them faulty and has not loaded them'
ctl 0 reload
expect_in_force Headroom Medium 24% '50-mine\.conf:2$'
get $root_path $manager DegradedReasons | grep -q '"settings"' && fail "still degraded"
ok "a typo and a restart leave the last good settings in force; a reload ends it"

# --- files that are not read
touch "$drop_ins/60-late" "$drop_ins/50-mine.conf~"
mkdir -p "$dir/etc/etc/reliefd/profiles/sever.conf.d"
for verb in reload verify; do
	ctl 0 $verb
	says '60-late is not read: its name must end in \.conf'
	says '50-mine\.conf~ is not read'
	says 'sever\.conf\.d is not read: there is no profile sever; did you mean server\.conf\.d\?'
done
restart
said '60-late is not read' || fail "the log at the start does not name it"
rm -r "$drop_ins/60-late" "$drop_ins/50-mine.conf~" "$dir/etc/etc/reliefd/profiles/sever.conf.d"
ok "files that are not read are named"

# --- dry-run
ctl 0 dry-run
says '^off$'
ctl 0 dry-run on
says 'until the next reload or start'
ctl 0 dry-run
says '^on$'
expect_in_force Daemon DryRun yes 'SetDryRun$'
ctl 0 relieve --bytes=1M
says '^0B measured, 0B claimed \(dry run: nothing was asked\)$'
ctl 0 dry-run -j
says '"DryRun": ?true'
ctl 0 reload
says '^DryRun=no \(built-in\) is in force again'
ctl 0 dry-run
says '^off$'
ctl 2 dry-run maybe
says 'use on or off'
restart --dry-run
ctl 0 dry-run off
ctl 0 reload
ctl 0 dry-run
says '^on$'
expect_in_force Daemon DryRun yes 'command line$'
ok "dry-run"

# --- a record that cannot be written is named, and the daemon is there
restart --record=/proc/nowhere/record
get $root_path $manager DegradedReasons | grep -q '"record"' || fail "not degraded by record"
ctl 0 status
says 'record: /proc/nowhere/record cannot be written: .*Record=yes records in the state directory'
alive
printf '[Daemon]\nRecord=/dev/full\n' >"$conf"
restart
wait_for "the full disk" said '/dev/full cannot be written: No space left on device'
alive
printf '[Daemon]\nRecord=no\n' >"$conf"
ctl 0 reload
get $root_path $manager DegradedReasons | grep -q '"record"' && fail "still degraded by record"
ok "a record that cannot be written"
ctl 0 settings
says '^SECTION +SETTING +VALUE +ORIGIN$'
says '^Daemon +Record +no +.*reliefd\.conf:2$'
stop_reliefd
