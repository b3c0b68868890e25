#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Modules on D-Bus outlive reliefd: a restart, a crash, a lost connection

. "$(dirname "$0")/bus-lib.sh"

start_all
n_modules() {
	get $root_path $manager NModules
}

has_modules() { # N
	[ "$(n_modules)" = "$1" ]
}

has_object() { # PATH
	get "$1" $name.Module Name >/dev/null
}

start_agent cache /system.slice/cache.service --size=64M
hears cache '^registered'
cache=$(module_of cache)
start_agent model /system.slice/db.service --name='large model' --kind=model --size=1M
hears model '^registered'
model=$(module_of model)
tell cache report 12345678 0
hears cache '^Report ok'

# --- a clean restart: the same objects, and the sizes reported last
stop_reliefd
start_reliefd
wait_for "both modules again" has_modules 2
[ "$(get "$cache" $name.Module Size)" = 12345678 ] || fail "size $(get "$cache" $name.Module Size)"
[ "$(get "$model" $name.Module Name)" = '"large model"' ] || fail "the name of the model"
[ "$(get "$model" $name.Module Unit)" = '"db.service"' ] || fail "the unit of the model"
[ "$(get "$model" $name.Module CanUnload)" = true ] || fail "a model can be unloaded"
ok "a restart loses no module"
manager Relieve 'stsa{sv}' /system.slice/cache.service 1000000 shed 0 >/dev/null
hears cache '^request images shed'
tell cache touch
hears cache '^Touch ok'
ok "the next reliefd asks, and the client still speaks for its module"

# --- a crash
kill -KILL "$reliefd_pid"
wait "$reliefd_pid" || true
start_reliefd
wait_for "both modules after a crash" has_modules 2
has_object "$cache" || fail "$cache is gone"
ok "a crash loses no module"

# --- a client that leaves while reliefd is away does not come back
stop_reliefd
kill "${agent_pid[model]}"
wait_for "the end of the client" bash -c "! kill -0 ${agent_pid[model]}"
start_reliefd
wait_for "the refusal" said 'large model.*is not registered again: its client has left the bus'
wait_for "the other" has_modules 1
! has_object "$model" 2>/dev/null || fail "$model is there"
ok "a client that left is not taken over"

# --- new modules do not get the number of one that was taken over
start_agent late /system.slice/db.service
hears late '^registered'
[ "$(module_of late)" != "$cache" ] || fail "the same object twice"
has_modules 2 || fail "$(n_modules) modules"

# --- a client that sees reliefd come back registers anew: the same object, once
stop_reliefd
start_reliefd
wait_for "both modules" has_modules 2
tell late register 5000000
hears late '^re-registered'
[ "$(sed -n 's/^re-registered //p' "$dir/late.out")" = "$(module_of late)" ] || fail "another object"
[ "$(get "$(module_of late)" $name.Module Size)" = 5000000 ] || fail "the new size is not taken"
has_modules 2 || fail "$(n_modules) modules"
ok "registering anew replaces what was taken over"
tell late register 5000000
hears late '^refused.*already have a module'
ok "and is refused the next time"

# --- another bus: names mean others there
stop_reliefd
stop_bus
start_bus
start_reliefd
wait_for "reliefd on the bus" on_bus
sleep 0.5
has_modules 0 || fail "a name of another bus was taken over"
ok "a new bus begins without modules"

# --- a damaged file costs the modules in it, no more
stop_reliefd
printf 'bus \0\377 nonsense\n' >"$dir/agents"
start_reliefd
wait_for "the complaint" said 'must register again: cannot read'
start_agent new /system.slice/cache.service
hears new '^registered'
stop_reliefd
start_reliefd
wait_for "the module" has_modules 1
stop_reliefd
ok "a damaged file is replaced"
