# SPDX-License-Identifier: GPL-2.0-or-later
# test: what reliefd costs on an idle host, with 3 and with 1,000 groups
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

# sample: of all threads of reliefd: voluntary switches, cpu in usec
sample() {
	echo "$(awk '/^voluntary/ { n += $2 } END { print n }' /proc/"$pid"/task/*/status)" \
		"$(awk '$1 == "usage_usec" { print $2 }' /sys/fs/cgroup/reliefd.slice/reliefd.service/cpu.stat)"
}

# smaps NAME: its sum in KiB
smaps() {
	awk -v name="$1" '$1 ~ "^(" name "):" { n += $2 } END { print n }' "/proc/$pid/smaps_rollup"
}

# measure GROUPS
measure() {
	local switches cpu switches2 cpu2 pss uss fds timer_ms

	start_reliefd
	pid=$(unit_property reliefd MainPID)
	sleep 20
	# the timer sleeps as long as the fastest writer (FillRate=1G) takes to use what is left above medium
	timer_ms=$((($(mem_available) - $(mem_total) / 5) * 1000 >> 30))
	read -r switches cpu < <(sample)
	sleep "$seconds"
	read -r switches2 cpu2 < <(sample)
	pss=$(smaps Pss) uss=$(smaps 'Private_Clean|Private_Dirty')
	fds=$(find "/proc/$pid/fd" -mindepth 1 | grep -c '')
	note "$(printf '%6d %8d %9d %8d %8d %8d %8d %12d' "$1" "$seconds" $((switches2 - switches)) \
		$((seconds * 1000 / timer_ms)) $(((cpu2 - cpu) / 1000)) "$pss" "$uss" "$fds")"
	[ "$1" != 3 ] || pss_of_3=$pss
	[ "$fds" -le 64 ] || note "       descriptors: aim is at most 64"
	[ "$pss" -le $((2560 + ($1 - 3) * 2)) ] ||
		note "       PSS: aim is at most 2560 KiB with 3 groups, and 2 KiB more a group"
	[ "$1" = 3 ] || note "       PSS a group: $(((pss - pss_of_3) * 1024 / ($1 - 3))) bytes"
	stop_reliefd
}

have_reliefd || skip "reliefd is not installed"
mkdir -p /run/reliefd/profiles/default.conf.d
printf '[Groups]\nUnits=\nPaths=/bench.slice/*\n' >/run/reliefd/profiles/default.conf.d/bench.conf
start_unit bench-anchor --slice=bench.slice -- sleep infinity
cleanup_fn remove_groups

note "groups  seconds  switches  timer's   cpu ms  PSS KiB  USS KiB  descriptors"
add_groups 1 3
measure 3
add_groups 4 1000
measure 1000
