# SPDX-License-Identifier: GPL-2.0-or-later
# test: a 512 MiB zram swap can be set up, fills, and is taken down

zram_on 512M || fail "zram cannot be set up"
assert_match "swaps" zram0 "$(cat /proc/swaps)"
start_unit holder -- hog --to 60M --hold infinity
wait_for 10 journal_has '^done' holder.service || fail "the holder does not hold"
bash -c 'echo 30M >/sys/fs/cgroup/system.slice/holder.service/memory.reclaim' 2>/dev/null
assert_ge "swapped out" $((20 << 20)) "$(unit_memory holder memory.swap.current)"
read -r original _ used _ </sys/block/zram0/mm_stat
note "zram holds $((original >> 20)) MiB in $((used >> 20)) MiB"
assert_ge "noise does not compress: bytes used" $((original * 9 / 10)) "$used"
stop_unit holder
zram_off
assert_eq "swaps that are left" 1 "$(grep -c '' /proc/swaps)"
