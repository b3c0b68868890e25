# SPDX-License-Identifier: GPL-2.0-or-later
# test: 1,000 registrations of one uid and 10,000 malformed messages: refused clearly, others served
# release: 12
# timeout: 360

start_reliefd
pid=$(unit_property reliefd MainPID)
start_cache cache --size=50M
start_unit flood -- setpriv --reuid=65534 --regid=65534 --clear-groups flood --registrations 1000 --malformed 10000 --hold 5s
wait_for 20 journal_has '^registered' flood.service || fail "the flood does not begin: $(unit_output flood)"
freed=$(reliefctl relieve --bytes=10M --max-rung=shed --json=short) || fail "relieve during the flood: $freed"
wait_for 90 unit_done flood || fail "the flood does not end: $(unit_output flood)"
note "$(unit_output flood | tail -n 3 | tr '\n' ';')"
assert "the flood saw what it expects" unit_succeeded flood
assert_eq "the same process" "$pid" "$(unit_property reliefd MainPID)"
wait_for 10 manager_is NModules 1 || fail "modules of the flood are left: $(manager NModules)"
assert_ge "answers of the cache" 1 "$(requests_of cache | grep -c 'freed [1-9]')"
