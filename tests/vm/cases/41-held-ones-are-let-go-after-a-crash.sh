# SPDX-License-Identifier: GPL-2.0-or-later
# test: whoever is held when reliefd is killed, stopped or switched is let go
# release: 13
# timeout: 480

# Settings: nothing is claimed of a profile here. Mode= names the kind, to try both; Hold=1min, so
# that it is the kill or the stop that lets go, and not the end of the hold. For so long the cache,
# which never answers, is waited for. And TimeLeft=3s, since on a slow host the hog is slow as well.

files=/sys/fs/cgroup/system.slice

is_held() { # NAME
	[ "$(cat "$files/$1.service/cgroup.freeze")" = 1 ] ||
		[ "$(cat "$files/$1.service/memory.high")" != max ]
}

is_free() { # NAME
	! is_held "$1"
}

hold() { # NAME freeze|throttle: grows until it is held
	profile_settings <<-EOF
		[Brake]
		Mode=$2
		Hold=1min
		TimeLeft=3s
	EOF
	start_reliefd
	start_unit "$1" --property=MemoryMax=192M --property=MemorySwapMax=0 -- bash -c \
		"example-cache --name=$1 --size=16M --silent & until [ -e $scratch/go ]; do sleep 0.1; done
		rm $scratch/go; exec hog --to 150M --chunk 256K --compressible 90 --hold infinity"
	wait_for 30 manager_is NModules 1 || fail "$1 does not register: $(unit_output "$1")"
	touch "$scratch/go"
	wait_for 20 is_held "$1" || fail "$1 is not held: $(unit_output "$1")"
	profile_settings <<<$'[Brake]\nMode=off' # for the next one, who would hold it again
	[ "$2" = throttle ] || assert_eq "events of $1" "frozen 1" "$(grep frozen "$files/$1.service/cgroup.events")"
}

end() { # NAME WHAT: it is free, and gets what it wanted
	wait_for 10 is_free "$1" || fail "$1 stays held after $2"
	wait_for 20 journal_has '^done' "$1.service" || fail "$1 does not go on after $2: $(unit_output "$1")"
	stop_unit "$1"
	stop_reliefd
	assert_no_kill
}

for kind in freeze throttle; do
	hold "$kind-kill" "$kind"
	systemctl kill --signal=KILL reliefd.service
	end "$kind-kill" "kill -9"
	assert_journal "Let go of /system.slice/$kind-kill.service, which an earlier reliefd held" reliefd

	hold "$kind-stop" "$kind"
	stop_reliefd
	end "$kind-stop" "a stop"

	hold "$kind-dry" "$kind"
	busctl call org.reliefd.Relief1 /org/reliefd/Relief1 \
		org.reliefd.Relief1.Manager SetDryRun b true
	end "$kind-dry" "a dry run"
done

# without ExecStopPost=: the next start does it
mkdir -p /run/systemd/system/reliefd.service.d
printf '[Service]\nExecStopPost=\nRestart=no\n' >/run/systemd/system/reliefd.service.d/91-case.conf
cleanup_fn systemctl daemon-reload
cleanup_fn rm -f /run/systemd/system/reliefd.service.d/91-case.conf
systemctl daemon-reload
hold next-start freeze
systemctl kill --signal=KILL reliefd.service
sleep 2
assert "nobody has let go of it yet" is_held next-start
systemctl reset-failed reliefd.service
start_reliefd
end next-start "the next start"

# and by hand
hold by-hand freeze
systemctl kill --signal=KILL reliefd.service
sleep 1
assert "nobody has let go of it yet" is_held by-hand
assert "reliefd --let-go" "$(systemctl cat reliefd.service | sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' | head -n1)" --let-go
end by-hand "--let-go"
