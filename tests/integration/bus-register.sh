#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Registering: who may, what is refused and how, who goes when

. "$(dirname "$0")/bus-lib.sh"

start_all
n_modules() {
	get $root_path $manager NModules
}

# --- what is said must make sense
register() { # NAME KIND AGENT OPTIONS...
	manager Register 'ssoa{sv}' "$@"
}
refused InvalidArgument "kind 'shoe'.*cache, model" register images shoe /agent 0
refused InvalidArgument "option 'Colour'.*Size" register images cache /agent 1 Colour s red
refused InvalidArgument "Size has type 's'.*'t'" register images cache /agent 1 Size s big
refused InvalidArgument 'at most 63' register "$(printf '%064d' 0)" cache /agent 0
refused InvalidArgument '1 to 63 bytes' register '' cache /agent 0
refused InvalidArgument 'printable' register $'two\tparts' cache /agent 0
refused InvalidArgument 'shed or to unload' register images other /agent 0
refused InvalidArgument 'shed or to unload' register images cache /agent 1 CanShed b false
refused InvalidArgument '2\^60' register images cache /agent 1 Size t 18446744073709551615
refused org.freedesktop.DBus.Error.InvalidArgs '' manager Register s images
[ "$(n_modules)" = 0 ] || fail "something was registered"

# --- options
start_agent model /system.slice/db.service --name=model --kind=model --size=1M
hears model '^registered'
module=$(module_of model)
[ "$(get "$module" $name.Module CanUnload)" = true ] || fail "a model can be unloaded"
[ "$(get "$module" $name.Module CanShed)" = false ] || fail "a model sheds nothing by default"
ok "what is not said follows from the kind"

# --- the owner alone speaks for a module
refused NotOwner "only that one" call "$module" $name.Module Touch
refused NotOwner "'model'" call "$module" $name.Module Report tb 5 false
listen "$dir/signals"
tell model report 0 1
hears model '^Report ok'
[ "$(get "$module" $name.Module Unloaded)" = true ] || fail "Unloaded"
wait_for "PropertiesChanged" grep -q 'PropertiesChanged.*Unloaded' "$dir/signals"
tell model touch
hears model '^Touch ok'
[ "$(get "$module" $name.Module IdleUSec)" -lt 5000000 ] || fail "touched, but idle"
tell model unregister
hears model '^Unregister ok'
[ "$(n_modules)" = 0 ] || fail "still there after Unregister"
wait_for "InterfacesRemoved" grep -q 'InterfacesRemoved.*Relief1.Module' "$dir/signals"
refused NoSuchModule "$module" manager Unregister o "$module"
refused NoSuchModule "/nowhere" manager Unregister o /nowhere
ok "Report, Touch, Unregister"

# --- the owner goes, the module goes
start_agent cache /system.slice/cache.service
hears cache '^registered'
module=$(module_of cache)
kill -KILL "${agent_pid[cache]}"
wait_for "the end of the module" bash -c "busctl get-property $name $root_path $manager NModules | grep -q 'u 0'"
refused org.freedesktop.DBus.Error.UnknownObject '' call "$module" $name.Module Touch
ok "a killed owner takes its module along"

# busctl leaves at once, and its module with it.
manager RegisterFD 'ssa{sv}' buffers pool 2 Size t 5 Keep b true | grep -q '^oh' || fail "RegisterFD"
wait_for "the end of the channel" bash -c "busctl get-property $name $root_path $manager NModules | grep -q 'u 0'"
ok "RegisterFD gives a descriptor; closing it unregisters"

# --- root may unregister what is not its own
start_agent cache2 /system.slice/cache.service
hears cache2 '^registered'
manager Unregister o "$(module_of cache2)"
[ "$(n_modules)" = 0 ] || fail "still there"
ok "root may unregister for others"

# --- a thousand of them
start_agent many /system.slice/cache.service --name=part --count=1000
hears many '^registered [0-9]+ modules'
grep -q '^registered 64 modules' "$dir/many.out" || fail "the quota of a unit is 64: $(cat "$dir/many.out")"
grep -q "^refused part64 $name.Error.TooManyModules .*quota" "$dir/many.out" || fail "no TooManyModules"
start_agent other /system.slice/db.service
hears other '^registered'
ok "one unit's thousand modules are 64, others go on"
# No unit, so the quota of the user: the rest of its 256, the others' 65 counted.
start_agent user / --name=part --count=1000
hears user '^registered [0-9]+ modules'
grep -q '^registered 191 modules' "$dir/user.out" || fail "the quota of a user is 256: $(cat "$dir/user.out")"
[ "$(n_modules)" = 256 ] || fail "$(n_modules) modules"
call $root_path org.freedesktop.DBus.ObjectManager GetManagedObjects >"$dir/objects"
[ "$(grep -o 'module/m[0-9]*"' "$dir/objects" | sort -u | wc -l)" -ge 256 ] || fail "not all are listed"
ok "one user's thousand modules are 256"
kill "${agent_pid[user]}" "${agent_pid[many]}"
wait_for "the end of all but one" bash -c "busctl get-property $name $root_path $manager NModules | grep -q 'u 1'"
alive

# --- ten thousand malformed calls; others are served meanwhile
rss() {
	awk '/^VmRSS/ { print $2 }' "/proc/$reliefd_pid/status"
}
before=$(rss)
start_agent mad /system.slice/cache.service --flood=10000
start_agent calm /system.slice/cache.service --name=calm
hears calm '^registered'
hears mad '^flooded'
grep -q '^flooded 10000 10000 0' "$dir/mad.out" || fail "not all were refused: $(cat "$dir/mad.out")"
alive
after=$(rss)
# What one burst queues may stay with the allocator; what leaks with each call would not stop there.
# A sanitizer keeps what was freed, and names what leaked at the end.
start_agent mad2 /system.slice/cache.service --flood=10000
hears mad2 '^flooded 10000 10000 0'
again=$(rss)
[[ $(ldd "$reliefd") == *libasan* ]] || [ $((again - after)) -lt 1024 ] || fail "grows with malformed calls: $before, $after, $again kB"
ok "20000 malformed calls are refused: $before, then $after, then $again kB"
stop_reliefd
