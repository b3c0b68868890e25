# SPDX-License-Identifier: GPL-2.0-or-later
# test: a service that drops its cache on a signal takes part by the unit file of the examples
# release: 13
# timeout: 240

# A file in /dev/shm is charged to the unit that wrote it, as a cache in memory would be.
start_reliefd
cleanup_fn rm -f /dev/shm/keeper /etc/systemd/system/signal-relief@.service
start_unit keeper -- bash -c 'trap "rm -f /dev/shm/keeper; echo dropped" USR1
	head -c 60M /dev/zero >/dev/shm/keeper; echo filled; while :; do sleep 1000 & wait; done'
wait_for 30 eval 'unit_output keeper | grep -q filled' || fail "the keeper does not fill"
cp "/usr/share/doc/reliefd/examples/signal-relief@.service" /etc/systemd/system/ || fail "no example"
systemctl daemon-reload
echo signal-relief@keeper.service >>"$scratch/units"
systemctl start signal-relief@keeper.service || fail "$(systemctl status signal-relief@keeper.service)"
wait_for 10 manager_is NModules 1 || fail "not registered"
assert_match "the module" 'caches .*keeper.service' "$(reliefctl list modules --no-pager --full)"
freed=$(reliefctl relieve --bytes=20M --max-rung=shed --json=short keeper.service) || fail "relieve: $freed"
note "relieve says: $freed"
assert_match "the command ran" dropped "$(unit_output keeper)"
# starting systemctl may take longer than ShedDeadline= here; a late answer is booked as well
gave() {
	[ "$(reliefctl list modules --json=short | jq '.[0].FreedBytes')" -ge 50000000 ]
}
wait_for 10 gave || fail "measured: $(reliefctl list modules --json=short)"

# it goes with its unit
systemctl stop keeper.service
wait_for 20 manager_is NModules 0 || fail "still registered"
