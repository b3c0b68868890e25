#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Relieve: from the call to the module to what was measured, and what the world is told

. "$(dirname "$0")/bus-lib.sh"

start_all
cache_cgroup=/system.slice/cache.service
cache_group=$root_path/group/system_2eslice_2fcache_2eservice
cache_counter=$dir/cgroup$cache_cgroup/memory.current
MIB=1048576

relieve() { # CGROUP BYTES MAX_RUNG: "FREED CLAIMED"
	manager Relieve 'stsa{sv}' "$@" 0 | cut -d' ' -f2-
}

# --- arguments
refused InvalidArgument '0 bytes' manager Relieve 'stsa{sv}' / 0 '' 0
refused InvalidArgument "rung 'push'.*shed, unload" manager Relieve 'stsa{sv}' / 1 push 0
refused InvalidArgument "option 'Soon'" manager Relieve 'stsa{sv}' / 1 '' 1 Soon b true
refused NoSuchGroup "'/nowhere'" manager Relieve 'stsa{sv}' /nowhere 1 '' 0
refused InvalidArgument "rung 'kill'" call "$cache_group" $name.Group Relieve ts 1 kill

# --- nobody to ask: an answer, not an error
[ "$(relieve $cache_cgroup $MIB shed)" = "0 0" ] || fail "freed without anybody"
ok "nobody to ask frees nothing"

# --- a module that does what it is asked
listen "$dir/signals"
start_agent cache $cache_cgroup --size=150M --counter="$cache_counter"
hears cache '^registered'
module=$(module_of cache)
before=$(<"$cache_counter")
read -r freed claimed < <(relieve $cache_cgroup $((50 * MIB)) shed)
after=$(<"$cache_counter")
[ "$freed" -ge $((50 * MIB)) ] || fail "freed $freed of $((50 * MIB))"
[ "$freed" = $((before - after)) ] || fail "freed $freed, but the counter fell by $((before - after))"
[ "$claimed" = "$freed" ] || fail "claimed $claimed, freed $freed"
hears cache '^request images shed medium [0-9]+ [0-9]+ [0-9]+ ordered$'
ok "$freed bytes freed, measured on the cgroup"
wait_for "ActionStarted" grep -q "ActionStarted.*\"shed\".*\"$cache_cgroup\".*\"$module\".*\"ordered\"" "$dir/signals"
wait_for "ActionFinished" grep -q "ActionFinished.*\"shed\".*\"$cache_cgroup\",\"done\",$freed,$freed," "$dir/signals"
ok "ActionStarted, ActionFinished"
[ "$(get "$module" $name.Module NRequests)" = 1 ] || fail "NRequests"
[ "$(get "$module" $name.Module FreedBytes)" = "$freed" ] || fail "Module.FreedBytes"
[ "$(get $root_path $manager FreedBytes)" = "$freed" ] || fail "Manager.FreedBytes"
said "cache \"images\" of cache.service: shed .* within .*Somebody asked" || fail "the log lacks the start"
said "cache \"images\" of cache.service: shed done after .* freed" || fail "the log lacks the end"
ok "totals, and sentences in the log"

# --- the same by the group's own method
read -r _ freed claimed < <(call "$cache_group" $name.Group Relieve ts $((10 * MIB)) shed)
[ "$freed" -ge $((10 * MIB)) ] || fail "Group.Relieve freed $freed"
ok "Group.Relieve"
kill "${agent_pid[cache]}"

# --- a liar: claims what it does not free
start_agent liar $cache_cgroup --name=liar --size=150M --claim=90M --free=0
hears liar '^registered'
read -r freed claimed < <(relieve $cache_cgroup $((50 * MIB)) shed)
[ "$freed" = 0 ] || fail "a liar freed $freed"
[ "$claimed" = $((90 * MIB)) ] || fail "claimed $claimed"
suggests() { # PATTERN
	manager GetSuggestions | grep -Eq -- "$1" || fail "no '$1' in: $(manager GetSuggestions)"
}
suggests '"module-frees-less" "warning" "[^"]*cache\.service" "[^"]*/module/m[0-9]+" "Module \\"liar\\" of cache\.service says it gave back 90M, and 0B was measured'
ok "a lie is kept apart from what was measured, and suggestions name the liar"
kill "${agent_pid[liar]}"

# --- one that dies in the middle, one that never answers
start_agent dying $cache_cgroup --name=dying --die
hears dying '^registered'
[ "$(relieve $cache_cgroup $MIB shed)" = "0 0" ] || fail "a dead module freed something"
wait_for "gone" grep -q 'ActionFinished.*"gone"' "$dir/signals"
ok "a module that dies mid-request is gone"

start_agent silent $cache_cgroup --name=silent --silent
hears silent '^registered'
silent=$(module_of silent)
start=$SECONDS
relieve $cache_cgroup $MIB shed >"$dir/relieved" &
waits=$!
wait_for "late" grep -q 'ActionFinished.*"late"' "$dir/signals"
[ "$(get "$silent" $name.Module NLate)" = 1 ] || fail "NLate"
[ "$(get "$silent" $name.Module Demoted)" = true ] || fail "not demoted"
[ "$(relieve $cache_cgroup $MIB shed)" = "0 0" ] || fail "a silent module freed something"
[ "$(get "$silent" $name.Module NLate)" = 1 ] || fail "asked while it owes an answer"
wait $waits
[ "$(<"$dir/relieved")" = "0 0" ] || fail "a silent module freed something"
[ $((SECONDS - start)) -ge 4 ] || fail "Relieve waited for a late answer for $((SECONDS - start)) s only"
[ $((SECONDS - start)) -lt 15 ] || fail "a silent module held Relieve up for $((SECONDS - start)) s"
late_again() { # its answer is waited for as long as Hold= says
	relieve $cache_cgroup $MIB shed >/dev/null
	[ "$(get "$silent" $name.Module NLate)" = 2 ]
}
wait_for "the next request" late_again
suggests '"module-is-late" .*Module \\"silent\\" of cache\.service was late 2 of 2 times'
ok "a module that never answers is late, demoted, and suggestions name it"

# --- the caller goes first
in_cgroup / timeout 0.3 busctl call $name $root_path $manager Relieve 'stsa{sv}' $cache_cgroup $MIB shed 0 ||
	true
alive
kill "${agent_pid[silent]}"
wait_for "the end of the modules" bash -c "busctl get-property $name $root_path $manager NModules | grep -q 'u 0'"
[ "$(relieve $cache_cgroup $MIB shed)" = "0 0" ] || fail "reliefd does not answer any more"
ok "a caller that does not wait leaves nothing behind"

# --- a shortage of the host: levels, properties, the agent's level, the episode
start_agent cache2 $cache_cgroup --size=150M --counter="$cache_counter"
hears cache2 '^registered'
set_memory 1000000 60000
relieve / 1 warn >/dev/null # makes it look
wait_for "LevelChanged" grep -q 'LevelChanged.*"/","low","[a-z]*","host"' "$dir/signals"
wait_for "PropertiesChanged of the host" grep -q "PropertiesChanged.*Relief1.Manager.*\"Level\"" "$dir/signals"
wait_for "PropertiesChanged of its group" grep -q "group/_\".*PropertiesChanged.*Relief1.Group.*\"Level\"" "$dir/signals"
[ "$(get $root_path $manager Level)" != '"low"' ] || fail "Level is low"
hears cache2 '^request images shed (medium|high|critical) '
hears cache2 '^level (medium|high|critical)'
set_memory 1000000 900000
wait_for "EpisodeEnded" grep -q 'EpisodeEnded.*"/"' "$dir/signals"
[ "$(get $root_path $manager Level)" = '"low"' ] || fail "Level is not low again"
hears cache2 '^level low'
ok "a shortage and its end are told"
stop_reliefd
