# SPDX-License-Identifier: GPL-2.0-or-later
# test: groups are followed: 200 services come and go, descriptors stay flat
# timeout: 300

start_reliefd
pid=$(unit_property reliefd MainPID)
before=$(manager NGroups)
fds=$(find "/proc/$pid/fd" -mindepth 1 | grep -c '')
for round in 1 2; do
	for i in $(seq 100); do
		mkdir -p "/sys/fs/cgroup/system.slice/crowd-$i.service"
	done
	wait_for 10 manager_is NGroups $((before + 100)) || fail "round $round: $(manager NGroups) groups, not $before + 100"
	assert_le "descriptors" $((fds + 2)) "$(find "/proc/$pid/fd" -mindepth 1 | grep -c '')"
	rmdir /sys/fs/cgroup/system.slice/crowd-*.service
	wait_for 10 manager_is NGroups "$before" || fail "round $round: $(manager NGroups) groups are left, not $before"
done
