# SPDX-License-Identifier: GPL-2.0-or-later
# test: under the server profile nobody is killed, whatever the speed and the delay of the answer
# timeout: 900
# by-name: five minutes; 40 has some of this grid

# With the server profile as it is shipped, like 40: each speed with each delay in both places.

start_reliefd server
failed=0
for place in inside beside; do
	for rate in 60M 100M 300M max; do
		for delay_ms in 100 500 2000; do
			survive_runaway "$place" "$rate" "$delay_ms" || failed=$((failed + 1))
			note "$verdict" | tee /dev/ttyS1
		done
	done
done
assert_eq "runaways that were not saved" 0 "$failed"
assert_eq "let go as often as held" "$(journal_count MESSAGE_ID="$BRAKE_ON")" \
	"$(journal_count MESSAGE_ID="$BRAKE_OFF")"
assert_no_kill
