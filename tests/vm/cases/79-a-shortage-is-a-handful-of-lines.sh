# SPDX-License-Identifier: GPL-2.0-or-later
# test: with shipped settings a shortage is a handful of lines; the caches' own journals have the sum
# release: 12
# timeout: 600

start_reliefd
for i in 1 2 3; do
	start_cache "cache-$i" --size=100M
done
start_unit watcher -- reliefctl monitor
sync_journal
before=$(journal_count _SYSTEMD_UNIT=reliefd.service)
burst
wait_for 60 journal_has 'Shortage of the host is over' reliefd.service || fail "the shortage does not end"
sync_journal
said=$(case_journal -o cat _SYSTEMD_UNIT=reliefd.service | tail -n +$((before + 1)))
while read -r line; do
	note "$line"
done <<<"$said"
lines=$(grep -c '' <<<"$said") shortages=$(grep -c '^Shortage of .* is over after' <<<"$said")
note "$lines lines of $shortages shortages, $(manager NRequests) requests"
assert_le "lines of a shortage" 8 $((lines / shortages))
assert_match "the group that grew" 'Memory of the host .* hog\.service grows by [0-9.]+M a second' "$said"
for i in 1 2 3; do
	assert_journal "^Shortage of the host .*cache-$i.service [1-9]" "cache-$i.service"
done
assert_journal '^Shortage of the host .*hog.service grew by' hog.service
wait_for 10 journal_has 'episode [0-9]+ over .*, hog.service grew by up to [0-9.]+M a second' watcher.service ||
	fail "the bus does not name the group that grew: $(unit_output watcher | grep -v Properties | tail)"
assert_journal '/: (low|medium) -> .*, hog.service grows by' watcher.service
