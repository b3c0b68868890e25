# SPDX-License-Identifier: GPL-2.0-or-later
# test: a runaway is held until the cache beside it gave way: nobody is killed
# repeat: 2
# timeout: 240

# Inside the cache's own service the cgroup is throttled, so that the cache can answer; as a service
# of its own in the same slice the hog is frozen. Both at 100 MB/s and at 1 GB/s or what the
# machine makes of it, which a cache that takes two seconds to answer is too slow for.

judge() { # NAME
	wait_for 60 unit_done "$1" || fail "$1 neither ends nor dies: $(unit_output "$1")"
	assert_no_kill
	assert "$1 got what it wanted" unit_succeeded "$1"
	note "$1: $(unit_output "$1" | grep '^done' | cut -d' ' -f3) ms in all"
	case_journal -o cat MESSAGE_ID="$BRAKE_ON" + \
		MESSAGE_ID="$BRAKE_OFF" | grep -F "/$1.service" | cut -c1-150 | sed 's/^/# /'
	stop_unit "$1"
	[ ! -d "/sys/fs/cgroup/$1.slice" ] || stop_unit "$1cache"
}

profile_settings <<<$'[Brake]\nMode=auto\n[Ladder]\nShedDeadline=4s'
place_runaway inside insideslow 100M
place_runaway inside insidefast 1G
place_runaway beside besideslow 100M
place_runaway beside besidefast 1G
start_reliefd --log-level=debug
wait_for 30 manager_is NModules 4 || fail "the caches do not register"
sleep 3
for name in insideslow insidefast besideslow besidefast; do
	touch "$scratch/go-$name"
	judge "$name"
done
note "a hold took (us): $(case_journal -o cat \
	--unit=reliefd.service | sed -n 's/^brake: \([a-z]*\) of .* took \([0-9]*\) us$/\1 \2/p' | tr '\n' ' ')"
assert_ge "throttled" 1 "$(journal_count MESSAGE_ID="$BRAKE_ON" BRAKE=throttle)"
assert_ge "frozen" 1 "$(journal_count MESSAGE_ID="$BRAKE_ON" BRAKE=freeze)"
assert_eq "let go as often as held" "$(journal_count MESSAGE_ID="$BRAKE_ON")" \
	"$(journal_count MESSAGE_ID="$BRAKE_OFF")"
