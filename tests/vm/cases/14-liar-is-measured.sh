# SPDX-License-Identifier: GPL-2.0-or-later
# test: a module that lies is found out by its own cgroup; an honest one makes up for it
# release: 12
# timeout: 600

start_reliefd --log-level=debug # for the records of single steps; it changes no decision
start_cache liar --size=150M --lie
start_cache honest-1 --size=100M
start_cache honest-2 --size=100M
start_unit hog -- hog --rate 50M --until-over-free 100M
wait_for 150 unit_done hog || fail "the hog neither ends nor dies"
assert "the hog finished" unit_succeeded hog
assert_no_kill
note "claimed $(($(manager ClaimedBytes) >> 20)) MiB, measured $(($(manager FreedBytes) >> 20)) MiB"
assert_ge "the liar was asked" 1 "$(requests_of liar | grep -c '')"
measured=$(case_journal -o cat MODULE_NAME=liar \
	MESSAGE_ID=6d47ef25f10b4098a2ef30cf35e81b81 --output-fields=MEASURED_BYTES | awk '{ s += $1 } END { print s + 0 }')
claimed=$(case_journal -o cat MODULE_NAME=liar \
	MESSAGE_ID=6d47ef25f10b4098a2ef30cf35e81b81 --output-fields=CLAIMED_BYTES | awk '{ s += $1 } END { print s + 0 }')
note "the liar claimed $((claimed >> 20)) MiB, of which $((measured >> 20)) MiB were seen"
assert_ge "what the liar claimed" $((1 << 20)) "$claimed"
assert_le "what was measured of it" $((claimed / 4)) "$measured"
wait_for 30 journal_has 'cache "liar" of liar.service says it gave back' liar.service ||
	fail "the liar's own journal does not say so"
