# SPDX-License-Identifier: GPL-2.0-or-later
# test: three services that never registered: warn, shed, unload, reclaim, each said with its reason
# release: 13
# timeout: 600

start_reliefd --log-level=debug # for the records of single steps; it changes no decision
for i in 1 2 3; do
	start_unit "plain-$i" -- hog --to 100M --hold infinity
done
for i in 1 2 3; do
	wait_for 30 journal_has '^done' "plain-$i.service" || fail "plain-$i does not hold"
done
start_unit hog -- hog --rate 50M --until-over-free 150M
wait_for 150 unit_done hog || fail "the hog neither ends nor dies"

rungs() { # RUNG: the reasons that reports of this rung gave
	case_journal -o json RUNG="$1" --output-fields=REASON |
		grep -o '"REASON":"[^"]*"' | cut -d'"' -f4 | sort -u | tr '\n' ' '
}
for rung in warn shed unload reclaim; do
	note "$rung: $(rungs $rung)"
done
assert_match "reasons of warn" 'level-rose' "$(rungs warn)"
assert_match "reasons of shed" 'nobody-to-ask' "$(rungs shed)"
assert_match "reasons of unload" 'nobody-to-ask' "$(rungs unload)"
assert_ge "reclaims tried" 1 "$(journal_count RUNG=reclaim MESSAGE_ID=99a7b527c9a84d06a619fa5f7d7e4a98)"
assert_journal 'reclaim' reliefd.service
note "hog: $(unit_property hog Result), kernel OOM kills: $(oom_kills)"
for i in 1 2 3; do
	assert "plain-$i was not stopped" unit_alive "plain-$i"
done
