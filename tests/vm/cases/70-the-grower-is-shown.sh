# SPDX-License-Identifier: GPL-2.0-or-later
# test: a unit without a limit that grows is the first row of top, with its use and growth, in every look
# release: 12
# timeout: 240

start_reliefd
start_unit calm -- hog --rate 200M --to 80M --hold infinity
start_unit hog -- hog --rate 20M --to 480M --hold infinity

has_grown() {
	[ "$(unit_memory hog)" -gt 20000000 ]
}
wait_for 30 has_grown || fail "the hog does not grow: $(unit_output hog)"

# near WHAT TRUTH SEEN PERCENT
near() {
	local off=$((100 * ($3 - $2) / $2))
	[ ${off#-} -le "$4" ] || fail "$1: $3, and $2 is right"
}

reliefctl list --json=short >/dev/null # a first look: growth is the difference of two
sleep 1
for i in 1 2 3 4 5 6 7 8 9 10; do
	from=$(unit_memory hog) from_ms=$(now_ms)
	if [ $((i % 2)) -eq 0 ]; then
		said=$(reliefctl top --json=short)
		assert_eq "the first row of top" hog.service "$(jq -r '.[0].Unit' <<<"$said")"
	else
		said=$(reliefctl list --json=short)
	fi
	to=$(unit_memory hog) to_ms=$(now_ms)
	used=$(jq '.[] | select(.Unit == "hog.service").MemoryCurrent' <<<"$said")
	growth=$(jq '.[] | select(.Unit == "hog.service").GrowthBytesPerSecond' <<<"$said")
	[ "$to" -lt 480000000 ] || fail "the hog was done before look $i"
	# read at some time between: the truth is between, too
	[ "$used" -ge $((from * 9 / 10)) ] && [ "$used" -le $((to * 11 / 10)) ] ||
		fail "look $i: USED $used, and it went from $from to $to"
	near "look $i: GROWTH" $((20 << 20)) "$growth" 30
	note "look $i: used $((used >> 20)) MiB ($((from >> 20)) to $((to >> 20)) within" \
		"$((to_ms - from_ms)) ms), growth $((growth >> 20)) MiB/s"
done
said=$(COLUMNS=60 reliefctl top)
note "$(sed -n '1,4p' <<<"$said")"
assert_match "the first line of top" '^hog\.service ' "$(sed -n 3p <<<"$said")"
[ "$(wc -L <<<"$said")" -le 60 ] || fail "top needs more than 60 columns: $said"
