#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The objects: tree, introspection as documented, properties with the values of the host

. "$(dirname "$0")/bus-lib.sh"

# Whoever runs the test may look at its own clients, which the system bus would not let it.
# shellcheck disable=SC2034 # for start_all
more_policy='<policy context="default">
  <allow send_interface="org.freedesktop.DBus.Introspectable"/></policy>'
start_all
group=$root_path/group/system_2eslice_2fcache_2eservice

tree=$(busctl tree --list "$name")
for path in "$root_path" "$root_path/group/_" "$root_path/group/system_2eslice" "$group"; do
	grep -qx "$path" <<<"$tree" || fail "the tree lacks $path: $tree"
done
ok "tree"

start_agent cache /system.slice/cache.service
hears cache '^registered'
module=$(module_of cache)
for interface in Manager:$root_path "Group:$group" "Module:$module"; do
	busctl introspect --xml-interface "$name" "${interface#*:}" >"$dir/live.xml"
	python3 "$source_root/tests/integration/bus-same-interface.py" "$name.${interface%%:*}" \
		"$source_root/packaging/dbus/$name.${interface%%:*}.xml" "$dir/live.xml"
	ok "$name.${interface%%:*} is what its XML says"
done
pid=${agent_pid[cache]}
client=$(busctl list --no-legend | awk -v pid="$pid" '$2 == pid { print $1 }')
busctl introspect --xml-interface "$client" /agent >"$dir/live.xml"
python3 "$source_root/tests/integration/bus-same-interface.py" "$name.Agent" \
	"$source_root/packaging/dbus/$name.Agent.xml" "$dir/live.xml"
ok "$name.Agent is what its XML says"

expect() { # PATH INTERFACE PROPERTY VALUE
	local value
	value=$(get "$1" "$name.$2" "$3")
	[ "$value" = "$4" ] || fail "$2.$3 is $value, not $4"
	ok "$2.$3 = $4"
}
expect $root_path Manager Level '"low"'
expect $root_path Manager Rung '"none"'
expect $root_path Manager Profile '"default"'
expect $root_path Manager DryRun false
expect $root_path Manager NModules 1
expect $root_path Manager MemoryTotal 1024000000
expect "$group" Group ControlGroup '"/system.slice/cache.service"'
expect "$group" Group Unit '"cache.service"'
expect "$group" Group MemoryCurrent 200000000
expect "$group" Group MemoryMax 18446744073709551615
expect "$group" Group NModules 1
expect $root_path/group/_ Group ControlGroup '"/"'
expect "$module" Module Name '"images"'
expect "$module" Module Kind '"cache"'
expect "$module" Module Unit '"cache.service"'
expect "$module" Module Group "\"$group\""
expect "$module" Module PID "$pid"
expect "$module" Module UID "$(id -u)"
expect "$module" Module Size 67108864
expect "$module" Module CanShed true
expect "$module" Module CanUnload false
expect "$module" Module Transport '"agent"'

# Live: the next reading is another one, without a step in between.
echo 123456789 >"$dir/cgroup/system.slice/cache.service/memory.current"
expect "$group" Group MemoryCurrent 123456789

call "$group" org.freedesktop.DBus.Properties GetAll s "$name.Group" | grep 123456789 >/dev/null ||
	fail "GetAll"
objects=$(call $root_path org.freedesktop.DBus.ObjectManager GetManagedObjects)
for path in "$group" "$module" $root_path/group/_; do
	grep -q "\"$path\"" <<<"$objects" || fail "GetManagedObjects lacks $path"
done
ok "GetAll, GetManagedObjects"

[ "$(manager GetGroupByUnit s cache.service)" = "o \"$group\"" ] || fail "GetGroupByUnit"
[ "$(manager GetGroupByControlGroup s /system.slice/cache.service)" = "o \"$group\"" ] ||
	fail "GetGroupByControlGroup"
[ "$(manager GetGroupByControlGroup s '')" = "o \"$root_path/group/_\"" ] || fail "the host"
ok "groups are found by unit and by path"
refused NoSuchGroup "'nobody.service'.*Units=" manager GetGroupByUnit s nobody.service
refused NoSuchGroup "'/no/such'" manager GetGroupByControlGroup s /no/such
refused org.freedesktop.DBus.Error.UnknownObject 'Unknown object' get $root_path/group/no_2fsuch $name.Group Level
refused org.freedesktop.DBus.Error.UnknownObject 'Unknown object' get $root_path/group/_73ystem_2eslice $name.Group Level
refused org.freedesktop.DBus.Error.UnknownObject 'Unknown object' get $root_path/module/m007 $name.Module Name

# Births and deaths are told.
listen "$dir/signals"
make_group /system.slice/late.service 1000000
wait_for "InterfacesAdded" grep -q 'InterfacesAdded.*late_2eservice' "$dir/signals"
rm -r "$dir/cgroup/system.slice/late.service"
wait_for "InterfacesRemoved" grep -q 'InterfacesRemoved.*late_2eservice.*Relief1.Group' "$dir/signals"
ok "InterfacesAdded, InterfacesRemoved"
stop_reliefd
