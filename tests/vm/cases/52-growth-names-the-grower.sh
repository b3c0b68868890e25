# SPDX-License-Identifier: GPL-2.0-or-later
# test: whoever grows is named with unit and pace; six who only churn are not
# release: 13
# timeout: 480

# The kernel's events as they come, told to one program: 6 churners, 1 grower of 200 MiB, every event
# attributed. The clock that this kernel gets, and the one it would get without fexit.
fallback=rss-stat-sampled
[ "$(uname -r | cut -d. -f1,2)" != 6.1 ] || fallback=rss-stat
for clock in charge $fallback; do
	native-growth --clock="$clock" >"$scratch/native-growth" 2>&1 ||
		fail "native-growth: $(tail -n 30 "$scratch/native-growth")"
	note "$(grep 'events for the grower' "$scratch/native-growth" | sed 's/^# //')"
done

# The same through the daemon, as units.
start_reliefd
assert_eq "growth clock" charge "$(manager GrowthClock)"
for i in 1 2 3 4 5 6; do
	start_unit "churn-$i" -- churn --size 1M --every 20ms
done
start_unit hog -- hog --rate 20M --to 200M --hold infinity
wait_for 30 journal_has '^at 1[0-9]{8}' hog.service || fail "the hog does not grow: $(unit_output hog)"
tasks=$(reliefctl tasks --json=short)
wait_for 30 journal_has '^done' hog.service || fail "the hog does not finish: $(unit_output hog)"
first() { # FIELD
	jq -r ".[0].$1" <<<"$tasks"
}
churned=$(jq '[.[] | select(.Comm == "churn") | .GrowthBytesPerSecond] | max' <<<"$tasks")
note "first: $(first Comm) of $(first Unit), $(($(first GrowthBytesPerSecond) >> 20)) MiB/s," \
	"RSS $(($(first RSS) >> 20)) MiB; the fastest churner: $((churned >> 10)) KiB/s"
assert_eq "the first task" "hog hog.service" "$(first Comm) $(first Unit)"
assert_ge "its pace" $((10 << 20)) "$(first GrowthBytesPerSecond)"
assert_le "its pace" $((30 << 20)) "$(first GrowthBytesPerSecond)"
# a look may fall into the middle of a round: 1 MiB within the quarter of a second it counts for
assert_le "the pace of a churner" $((4 << 20)) "$churned"
