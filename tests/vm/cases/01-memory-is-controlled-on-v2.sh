# SPDX-License-Identifier: GPL-2.0-or-later
# test: cgroup v2 alone is mounted and controls memory

assert_eq "file system of /sys/fs/cgroup" cgroup2fs "$(stat -f -c %T /sys/fs/cgroup)"
assert_match "controllers of the root" 'memory' "$(cat /sys/fs/cgroup/cgroup.controllers)"
start_unit holder -- hog --to 30M --hold infinity
wait_for 10 journal_has '^done' holder.service || fail "the holder does not hold"
assert_ge "memory.current of a 30 MiB holder" $((30 << 20)) "$(unit_memory holder)"
assert_le "memory.current of a 30 MiB holder" $((40 << 20)) "$(unit_memory holder)"
