# SPDX-License-Identifier: GPL-2.0-or-later
# test: after an OOM kill suggestions and metrics say where and how often, though the unit is gone
# release: 12
# timeout: 240

start_reliefd
before=$(reliefctl suggestions)
start_unit die --property=MemoryMax=60M --property=MemorySwapMax=0 -- hog --rate 100M --to 200M
wait_for 30 unit_done die || fail "the hog lives: $(unit_output die)"
unit_succeeded die && fail "the hog was not killed"
killed() {
	reliefctl suggestions | grep -q 'The kernel killed'
}
wait_for 20 killed || fail "before: $before; after the kill: $(reliefctl suggestions)"
sleep 1 # the kernel tells it twice, in either order: it is one kill
said=$(reliefctl suggestions)
note "$said"
assert_match "suggestions" 'warning: The kernel killed 1 process in (die\.service|system\.slice)' "$said"
assert_match "metrics" 'relief_group_oom_kills_total\{cgroup="/system\.slice",[^}]*\} [1-9]' "$(reliefctl metrics)"
