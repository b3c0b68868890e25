# SPDX-License-Identifier: GPL-2.0-or-later
# test: a module that never answers is late and demoted; the others are served in time
# release: 13
# timeout: 600

start_reliefd
start_cache silent --size=150M --silent
start_cache honest-1 --size=100M
start_cache honest-2 --size=100M
start_unit hog -- hog --rate 50M --until-over-free 100M
wait_for 150 unit_done hog || fail "the hog neither ends nor dies"
assert "the hog finished" unit_succeeded hog
assert_no_kill
assert_ge "the silent one was asked" 1 "$(requests_of silent | grep -c '')"
wait_for 60 journal_has 'Shortage of the host is over .*silent.service .* late' silent.service ||
	fail "nobody was called late: $(case_journal -o cat -u reliefd.service)"
assert_ge "late requests" 1 "$(manager NLate)"
assert_ge "answers of honest-1" 1 "$(requests_of honest-1 | grep -c 'freed [1-9]')"
