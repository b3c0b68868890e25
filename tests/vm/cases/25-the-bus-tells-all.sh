# SPDX-License-Identifier: GPL-2.0-or-later
# test: tree, introspection and managed objects; groups and modules come and go with their signals
# release: 12
# timeout: 180

start_reliefd
assert "introspection" busctl introspect org.reliefd.Relief1 /org/reliefd/Relief1
busctl monitor --json=short --match="type='signal',sender='org.reliefd.Relief1'" >"$scratch/signals" 2>/dev/null &
monitor=$!
sleep 2
start_cache cache --size=10M
tree=$(busctl tree --list org.reliefd.Relief1)
assert_match "the cache's group" '/group/' "$tree"
assert_match "the module" '/module/' "$tree"
stop_unit cache
wait_for 10 manager_is NModules 0 || fail "the module stays after its owner"
sleep 2
kill "$monitor"
assert_ge "InterfacesAdded" 2 "$(grep -c InterfacesAdded "$scratch/signals")"
assert_ge "InterfacesRemoved" 2 "$(grep -c InterfacesRemoved "$scratch/signals")"
objects=$(busctl call --json=short org.reliefd.Relief1 /org/reliefd/Relief1 org.freedesktop.DBus.ObjectManager GetManagedObjects)
assert_match "managed objects" 'org.reliefd.Relief1.Group' "$objects"
