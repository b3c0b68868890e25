# SPDX-License-Identifier: GPL-2.0-or-later
# test: journalctl -u of a service shows what was asked of it; -x explains the record
# timeout: 60

start_reliefd
start_cache cache --size=50M
assert "relieve" reliefctl relieve --bytes=20M --max-rung=shed
told() {
	case_journal -u cache.service "$@"
}
asked() {
	told -o cat | grep -q 'shed .* within'
}
wait_for 5 asked || fail "journalctl -u cache.service does not say what was asked: $(told -o cat)"
note "$(told -o cat | grep 'shed .* within' | head -n 1)"
assert_ge "explanations" 1 "$(told -x | grep -c 'Defined-By: reliefd')"
