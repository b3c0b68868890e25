# SPDX-License-Identifier: GPL-2.0-or-later
# test: Record=yes records a shortage under the shipped unit, privately, and it replays without a difference
# release: 13
# timeout: 360

cleanup_fn sh -c 'rm -f /var/lib/reliefd/record*'
rm -f /var/lib/reliefd/record*
# Record= is what the case is about; all that decides is as shipped.
printf '[Daemon]\nRecord=yes\nRecordMax=1M\n' | daemon_settings
start_reliefd
start_cache cache --size=200M
start_unit hog -- hog --rate 50M --to 520M
wait_for 60 unit_done hog
record=/var/lib/reliefd/record
assert "the record is there" test -s "$record"
assert_eq "who may read it" "root 600" "$(stat -c '%U %a' "$record")"
assert_eq "not recorded" "" "$(manager DegradedReasons | grep -ow record)"
stop_reliefd
for file in "$record" "$record.old"; do
	[ -e "$file" ] || continue
	note "$file: $(stat -c %s "$file") bytes"
	assert_le "its size" $((600 << 10)) "$(stat -c %s "$file")"
	assert "it replays" reliefctl simulate "$file" >"$scratch/replay"
	note "$(tail -n 1 "$scratch/replay")"
done
first=$record
[ ! -e "$record.old" ] || first=$record.old
reliefctl simulate "$first" >"$scratch/replay"
assert_match "the replay" ' 0 are different' "$(tail -n 1 "$scratch/replay")"
assert "the shortage is in it" grep -q medium "$scratch/replay"

# A place that the unit may not write: reliefd runs, and says what to do.
printf '[Daemon]\nRecord=/var/log/reliefd.trace\n' | daemon_settings
start_reliefd
assert_match "degraded by name" 'record' "$(manager DegradedReasons)"
assert_match "the fix" 'record: /var/log/reliefd.trace cannot be written: Read-only file system.*Record=yes records in' \
	"$(reliefctl status)"
assert "reliefd is active" systemctl -q is-active reliefd
