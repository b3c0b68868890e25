# SPDX-License-Identifier: GPL-2.0-or-later
# test: what reliefd costs on an idle host, with 3 and with 1,000 groups, and when it notices a hog
# timeout: 3000
#
# Runs in the guest like a case of tests/vm; tests/bench/idle brings it there and says for how long.

seconds=$(cat /run/vm/idle-seconds)
slice=/sys/fs/cgroup/bench.slice

# add_groups FIRST LAST: one sleeping process each, in cgroups named as services are
add_groups() {
	local i

	for ((i = $1; i <= $2; i++)); do
		mkdir "$slice/bench-$i.service" || return
		busybox sleep 1000000 &
		echo $! >"$slice/bench-$i.service/cgroup.procs" || return
	done
}

remove_groups() {
	echo 1 >"$slice/cgroup.kill"
	sleep 1
	rmdir "$slice"/bench-*.service
	systemctl stop bench.slice
	rm -rf /run/reliefd/profiles
}

# sample: voluntary switches of the main thread and of the others; time on a processor in usec.
# Nothing that asks reliefd itself: that would wake it.
sample() {
	local main

	main=$(awk '/^voluntary/ { print $2 }' "/proc/$pid/status")
	echo "$main" "$(awk -v main="$main" '/^voluntary/ { n += $2 } END { print n - main }' \
		/proc/"$pid"/task/*/status)" \
		"$(awk '{ n += $1 } END { printf "%d", n / 1000 }' /proc/"$pid"/task/*/schedstat)"
}

# smaps NAME: its sum in KiB
smaps() {
	awk -v name="$1" '$1 ~ "^(" name "):" { n += $2 } END { print n }' "/proc/$pid/smaps_rollup"
}

# tripwires: spent budgets of the host since the case began, one a line: USEC of the clock, MiB charged
tripwires() {
	case_journal -o json -u reliefd |
		jq -r 'select(.MESSAGE | test("^tripwire: /: ")) |
			[(.__MONOTONIC_TIMESTAMP | tonumber) - (.__REALTIME_TIMESTAMP | tonumber) +
			(._SOURCE_REALTIME_TIMESTAMP // .__REALTIME_TIMESTAMP | tonumber),
			(.MESSAGE | split(" ")[2])] | @tsv' |
		awk '{ unit = substr($2, length($2)); n = $2 + 0
			n *= unit == "G" ? 1024 : unit == "M" ? 1 : unit == "K" ? 1 / 1024 : 1 / 1048576; print $1, n }'
}

# measure GROUPS: a line of the first table
measure() {
	local main others cpu wakes main2 others2 cpu2 pss uss fds

	start_reliefd --log-level=debug
	pid=$(unit_property reliefd MainPID)
	wait_for 30 manager_is Level low
	sleep 30
	wakes=$(tripwires | grep -c '')
	read -r main others cpu < <(sample)
	sleep "$seconds"
	read -r main2 others2 cpu2 < <(sample)
	wakes=$(($(tripwires | grep -c '') - wakes))
	pss=$(smaps Pss) uss=$(smaps 'Private_Clean|Private_Dirty')
	fds=$(find "/proc/$pid/fd" -mindepth 1 | grep -c '')
	note "$(printf '%6d %8d %9s %8s %7s %10d %8d %8d %12d' "$1" "$seconds" "$(per_minute $((main2 - main)))" \
		"$(per_minute "$wakes")" "$(per_minute $((others2 - others)))" \
		$(((cpu2 - cpu) * 60 / seconds)) "$pss" "$uss" "$fds")"
	[ "$1" != 3 ] || pss_of_3=$pss
	[ "$fds" -le 64 ] || note "       descriptors: aim is at most 64"
	[ "$pss" -le $((2560 + ($1 - 3) * 2)) ] ||
		note "       PSS: aim is at most 2560 KiB with 3 groups, and 2 KiB more a group"
	[ "$1" = 3 ] || note "       PSS a group: $(((pss - pss_of_3) * 1024 / ($1 - 3))) bytes"
}

per_minute() { # COUNT: with a tenth
	local tenths=$(($1 * 600 / seconds))

	echo "$((tenths / 10)).$((tenths % 10))"
}

# notice [RATE]: a line of the second table: how much of what was available a hog had when reliefd
# was woken for the first and for the second time (from two looks on it knows the pace)
notice() {
	local available began name=hog-${1:-fast}

	available=$(($(mem_available) >> 20))
	start_unit "$name" -- hog --to 250M ${1:+--rate "$1"}
	wait_for 60 unit_done "$name" || fail "the hog does not end"
	sleep 1
	began=$(unit_output "$name" | awk '$1 == "clock" { print $2 }')
	note "$(tripwires | awk -v began="$began" -v available="$available" -v rate="${1:-max}" '
		$1 >= began { n++; sum += $2; if (n <= 2) at[n] = sprintf("%6d ms, %4.1f %%",
			($1 - began) / 1000, sum * 100 / available) }
		END { printf "%5s  %18s  %18s", rate,
			(n > 0) ? at[1] : "never", (n > 1) ? at[2] : "never" }')"
}

have_reliefd || skip "reliefd is not installed"
mkdir -p /run/reliefd/profiles/default.conf.d
printf '[Groups]\nUnits=\nPaths=/bench.slice/*\n' >/run/reliefd/profiles/default.conf.d/bench.conf
start_unit bench-anchor --slice=bench.slice -- sleep infinity
cleanup_fn remove_groups

note "        seconds   a minute: main thread's  others'"
note "groups watched    wake-ups tripwire switches  cpu usec  PSS KiB  USS KiB  descriptors"
add_groups 1 3
measure 3
note "clock $(manager GrowthClock); aims: 2 wake-ups and 1000 us a minute (systemd-oomd 219 to 240 wake-ups, earlyoom 483)"
note "a hog on the host that was idle until then; aim: less than 10 % of what was available is gone"
note "MB/s   first look            second look"
notice 20M
sleep 10
notice
stop_reliefd
add_groups 4 1000
measure 1000
stop_reliefd
