# SPDX-License-Identifier: GPL-2.0-or-later
# test: control: the burst that the suite is about gets nowhere when nobody answers
# timeout: 480

# Alone the kernel either kills the hog (mostly after 12 to 20 s), or first evicts every program's
# text for a minute or two while nothing moves, this case included. Both are the harm; the burst
# itself takes 14 s. The kernel's own guard against the second, where it has one, saves us the wait:
# it kills when what was used within the last second cannot be kept.
lru=/sys/kernel/mm/lru_gen
if [ -w "$lru/min_ttl_ms" ]; then
	cleanup_fn sh -c "echo $(cat $lru/enabled) >$lru/enabled; echo 0 >$lru/min_ttl_ms"
	echo y >"$lru/enabled"
	echo 1000 >"$lru/min_ttl_ms"
fi
for i in 1 2 3; do
	start_unit "cache-$i" -- hog --to 100M --hold infinity
done
for i in 1 2 3; do
	wait_for 30 journal_has '^done' "cache-$i.service" || fail "cache-$i does not hold"
done
note "available before the burst: $(($(mem_available) >> 20)) MiB"
began=$(now_ms)
start_unit hog -- hog --rate 50M --until-over-free 150M
if wait_for 60 unit_done hog; then
	note "hog: $(unit_property hog Result) after $(($(now_ms) - began)) ms, kernel OOM kills: $(oom_kills)"
	assert_ge "OOM kills" 1 "$(oom_kills)"
else
	note "hog: stuck for $(($(now_ms) - began)) ms, kernel OOM kills: $(oom_kills)"
fi
note "$(unit_output hog | grep -E '^(at|done)' | tail -n1)"
! journal_has '^done' hog.service || fail "the burst fits: $(unit_output hog)"
