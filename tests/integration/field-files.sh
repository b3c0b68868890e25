#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Files that reliefd keeps and that cannot be written or read for a while: it goes on without, says
# so once by a name and with the fix, tries again, and the degradation ends by itself

# What is mounted here ends with the test.
if [ "$(id -u)" = 0 ] && [ -z "${OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	OWN_MOUNTS=yes exec unshare -m "$0"
fi

. "$(dirname "$0")/field-lib.sh"

settings() { # LINE...: of [Daemon]
	printf '%s\n' '[Daemon]' GrowthClock=none "$@" >"$dir/etc/etc/reliefd/reliefd.conf"
}

is_recorded() { # FILE
	grep -q '^observation\|^step\|^machine' "$1"
}

replays() { # FILE
	"$reliefctl" simulate "$1" | grep -Eq 'Of [1-9][0-9]* recorded decisions'
}

may_mount() {
	[ -n "${OWN_MOUNTS:-}" ]
}

write_bus_config
start_bus

# --- the last good settings
fresh
rm -r "$dir/state"
: >"$dir/state"
run
wait_for "the name" lacks state
wait_for "the fix" problem state 'last-good.conf cannot be written: Not a directory; .*make'
wait_for "doctor" shown '^state +warn +.*last-good.conf cannot be written' doctor
sleep 3
is_said_once 'last-good.conf cannot be written'
rm "$dir/state"
wait_for "the end" lacks_not state
[ -s "$dir/state/last-good.conf" ] || fail "nothing is kept"
is_said_once 'The problem "state" is over'
end "a state directory that is not there is made when it can be, and the settings are kept"

if may_mount; then
	fresh
	mount -t tmpfs -o size=64k,mode=700 none "$dir/state"
	mount -o remount,ro "$dir/state"
	run
	wait_for "the name" problem state 'Read-only file system'
	mount -o remount,rw "$dir/state"
	wait_for "the end" lacks_not state
	end "a state directory that is read-only for a while gets the settings"
	umount "$dir/state"
fi

# --- the record
fresh
settings "Record=$dir/disk/record"
run
wait_for "the name" lacks record
wait_for "the fix" problem record 'No such file or directory; nothing is recorded until it can; .*ReadWritePaths='
mkdir "$dir/disk"
wait_for "the end" lacks_not record
wait_for "a step" is_recorded "$dir/disk/record"
end "a record whose directory is missing begins when it is there"
replays "$dir/disk/record" || fail "the record cannot be replayed"

if may_mount; then
	fresh
	mkdir "$dir/disk"
	mount -t tmpfs -o size=8m none "$dir/disk"
	settings "Record=$dir/disk/record"
	run
	wait_for "a step" is_recorded "$dir/disk/record"
	head -c 16M /dev/zero >"$dir/disk/else" 2>/dev/null || true
	n=0
	until lacks record; do # pages that the file has are filled first
		set_memory 1000000 $((500000 + ++n % 2 * 300000))
		manager Relieve 'stsa{sv}' /system.slice/cache.service 1 shed 0 >/dev/null 2>&1 || true
		[ $n -lt 100 ] || fail "the full disk is not noticed"
	done
	wait_for "the fix" problem record 'No space left on device; .*make room'
	sleep 3
	is_said_once 'record cannot be written'
	rm "$dir/disk/else"
	wait_for "the end" lacks_not record
	wait_for "a step" is_recorded "$dir/disk/record"
	end "a record on a full disk goes on in the next file when there is room"
	replays "$dir/disk/record" || fail "the record cannot be replayed"
	replays "$dir/disk/record.old" || fail "the record of before cannot be replayed"
	umount "$dir/disk"
else
	echo "skipped: nothing can be mounted"
fi

# --- the registrations of the reliefd before
has_modules() { # N
	[ "$(get $root_path $manager NModules)" = "$1" ]
}

fresh
mkdir "$dir/agents.new"
: >"$dir/agents.new/in-the-way"
run
start_agent cache /system.slice/cache.service
hears cache '^registered'
wait_for "the name" lacks agents
wait_for "the fix" problem agents 'would not survive a restart of reliefd until it can; make room'
wait_for "doctor" shown '^state +warn +Cannot write .*agents: Is a directory' doctor
sleep 3
is_said_once 'Cannot write .*agents:'
rm -r "$dir/agents.new"
wait_for "the end" lacks_not agents
grep -q images "$dir/agents" || fail "the module is not in the file"
end "registrations that could not be written down are when they can be"

# What one reliefd wrote, the next one cannot read at first.
mv "$dir/agents" "$dir/agents.kept"
mkdir "$dir/agents"
: >"$dir/reliefd.out"
run
wait_for "the name" lacks agents
wait_for "the fix" problem agents 'Cannot read .*agents: Is a directory; .*or until they register again'
has_modules 0 || fail "modules from nowhere"
rmdir "$dir/agents"
mv "$dir/agents.kept" "$dir/agents"
wait_for "the end" lacks_not agents
wait_for "the module" has_modules 1
end "registrations that could not be read are taken over when they can be"
