#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Masks: what an administrator unregisters stays out until that is lifted

. "$(dirname "$0")/bus-lib.sh"

start_all
has_modules() { # N
	[ "$(get $root_path $manager NModules)" = "$1" ]
}
cgroup=/system.slice/cache.service

start_agent new $cgroup
hears new '^registered'
manager Unregister o "$(module_of new)"
has_modules 0 || fail "still there"
[[ $(get $root_path $manager Masked) == *"\"$cgroup\" \"images\""* ]] || fail "not in the list"
wait_for "the record" said 'masked module "images" of cache.service'
start_agent again $cgroup
hears again "^refused images $name.Error.Masked .*reliefctl unmask"
start_agent other $cgroup --name=fonts
hears other '^registered'
kill "${agent_pid[other]}"
stop_reliefd
start_reliefd
wait_for "reliefd on the bus" on_bus
start_agent third $cgroup
hears third "^refused images $name.Error.Masked"
ok "what an administrator unregistered stays out, over a restart"

refused NoSuchModule 'no mask for fonts' manager Unmask ss $cgroup fonts
refused InvalidArgument "no control group" manager Mask ss cache.service images
refused InvalidArgument 'printable' manager Mask ss $cgroup $'two\tparts'
refused InvalidArgument 'masked already' manager Mask ss $cgroup images
manager Unmask ss $cgroup images
start_agent fourth $cgroup
hears fourth '^registered'
ok "until the mask is lifted"
manager Mask ss $cgroup ''
has_modules 0 || fail "masking all modules leaves some"
ok "all modules of a unit can be masked"
rm -r "$dir/state"
refused NotSupported 'cannot be written.*nothing was changed' manager Mask ss /system.slice/db.service ''
stop_reliefd
