# SPDX-License-Identifier: GPL-2.0-or-later
# test: control: the burst that the suite is about ends in an OOM kill when nobody answers
# timeout: 120

for i in 1 2 3; do
	start_unit "cache-$i" -- hog --to 100M --hold infinity
done
for i in 1 2 3; do
	wait_for 30 journal_has '^done' "cache-$i.service" || fail "cache-$i does not hold"
done
note "available before the burst: $(($(mem_available) >> 20)) MiB"
start_unit hog -- hog --rate 50M --until-over-free 150M
wait_for 90 unit_done hog || fail "the hog neither ends nor dies: $(unit_output hog)"
note "$(unit_output hog | grep -E '^(at|done)' | tail -n1)"
note "hog: $(unit_property hog Result), kernel OOM kills: $(oom_kills)"
assert_ge "OOM kills" 1 "$(oom_kills)"
