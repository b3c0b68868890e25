# SPDX-License-Identifier: GPL-2.0-or-later
# test: after SIGKILL the service is started again and its clients register themselves again
# timeout: 180

start_reliefd
start_cache cache-1 --size=50M
start_cache cache-2 --size=50M
pid=$(unit_property reliefd MainPID)
kill -KILL "$pid"
back() {
	[ "$(unit_property reliefd MainPID)" != "$pid" ] && manager_is NModules 2
}
wait_for 30 back || fail "the caches are not back: $(manager NModules) modules"
freed=$(reliefctl relieve --bytes=20M --max-rung=shed --json=short) || fail "relieve: $freed"
note "relieve says: $freed"
assert_ge "answers" 1 "$( (requests_of cache-1; requests_of cache-2) | grep -c freed)"
