# SPDX-License-Identifier: GPL-2.0-or-later
# test: without a bus reliefd works on; when the bus is back, so are its name and its objects
# release: 13
# timeout: 240

start_reliefd
start_cache cache-1 --size=50M
pid=$(unit_property reliefd MainPID)
# They stay off the bus when it comes back, and later cases need sessions and passwords.
cleanup_fn systemctl try-restart systemd-logind polkit
cleanup_fn systemctl start dbus.socket dbus.service
systemctl stop dbus.socket dbus.service
sleep 2
assert "reliefd lives without a bus" test -d "/proc/$pid"
# a channel needs no bus: registered while there is none
start_unit cache-2 -- example-cache --name=cache-2 --size=50M
sleep 3
systemctl start dbus.socket dbus.service
wait_for 30 manager_is NModules 2 || fail "not back on the bus: $(busctl list | grep -i relief)"
assert_eq "the same process" "$pid" "$(unit_property reliefd MainPID)"
assert_ge "objects" 4 "$(busctl tree --list org.reliefd.Relief1 | grep -c '')"
