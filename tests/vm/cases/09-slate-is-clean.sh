# SPDX-License-Identifier: GPL-2.0-or-later
# test: the next case finds no swap, no unit and no memory use of the ones before

assert_eq "swaps" 1 "$(grep -c '' /proc/swaps)"
for unit in holder reader cache-1 cache-2 cache-3 hog; do
	assert_eq "$unit.service" inactive "$(systemctl is-active $unit.service)"
done
assert_eq "failed units" "" "$(systemctl --failed --no-legend --plain)"
assert_ge "available" $(($(mem_total) * 3 / 4)) "$(mem_available)"
