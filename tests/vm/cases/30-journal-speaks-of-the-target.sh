# SPDX-License-Identifier: GPL-2.0-or-later
# test: journalctl -u of a service shows what was asked of it; -x explains the record with its values
# release: 13
# timeout: 120

start_reliefd
start_cache cache --size=50M
start_cache other --size=10M
assert "relieve" reliefctl relieve --bytes=20M --max-rung=shed cache.service
told() {
	case_journal -u cache.service "$@"
}
asked() {
	told -o cat | grep -q 'Order .* freed, .* claimed: cache.service [12]'
}
wait_for 5 asked || fail "journalctl -u cache.service does not say what was asked: $(told -o cat)"
note "$(told -o cat | grep 'Order' | head -n 1)"
! case_journal -o cat -u other.service | grep Order || fail "other.service was not asked"
told -x >"$scratch/explained"
assert "an explanation" grep -q 'Defined-By: reliefd' "$scratch/explained"
note "$(grep -A1 'It took' "$scratch/explained" | tr '\n' ' ')"
assert "the values stand in it: $(cat "$scratch/explained")" \
	grep -qE 'It took [0-9.]+m?s: [0-9]+ requests asked for 2[0-9.]*M' "$scratch/explained"
