# SPDX-License-Identifier: GPL-2.0-or-later
# test: under the server profile a runaway is held until the cache gave way: nobody is killed
# timeout: 800

# With the server profile as it is shipped. Inside the cache's own service the cgroup is throttled, so
# that the cache can answer; as a service of its own in the same slice the hog is frozen. These are
# some of the grid of speeds and delays that 42 runs whole. The log level is for the time that
# holding took, which only that level tells; it makes reliefd slower, if anything.

start_reliefd server --log-level=debug
failed=0
while read -r place rate delay_ms; do
	survive_runaway "$place" "$rate" "$delay_ms" || failed=$((failed + 1))
	note "$verdict"
done <<-EOF
	inside 60M 2000
	inside 300M 500
	inside max 100
	beside 100M 2000
	beside max 2000
EOF
note "a hold took (us): $(case_journal -o cat \
	--unit=reliefd.service | sed -n 's/^brake: \([a-z]*\) of .* took \([0-9]*\) us$/\1 \2/p' | tr '\n' ' ')"
assert_eq "runaways that were not saved" 0 "$failed"
assert_ge "throttled" 1 "$(journal_count MESSAGE_ID="$BRAKE_ON" BRAKE=throttle)"
assert_ge "frozen" 1 "$(journal_count MESSAGE_ID="$BRAKE_ON" BRAKE=freeze)"
assert_eq "let go as often as held" "$(journal_count MESSAGE_ID="$BRAKE_ON")" \
	"$(journal_count MESSAGE_ID="$BRAKE_OFF")"
assert_no_kill
