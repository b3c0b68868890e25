# SPDX-License-Identifier: GPL-2.0-or-later
# test: PSI is on, for the host and for groups, and takes a trigger of 500 ms

grep -q '^full ' /proc/pressure/memory || fail "/proc/pressure/memory: $(cat /proc/pressure/memory 2>&1)"
grep -q '^some ' /sys/fs/cgroup/system.slice/memory.pressure || fail "system.slice has no memory.pressure"
exec 3<>/proc/pressure/memory
assert "a trigger is accepted" printf 'some 50000 500000\0' >&3
