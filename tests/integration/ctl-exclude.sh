#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is excluded gives nothing, whoever asks, and everything says which setting it is

. "$(dirname "$0")/bus-lib.sh"

# --- reliefctl and the words it says
ctl() { # STATUS ARGUMENT...: reliefctl exits so; its words are in $said
	local wanted=$1 status=0
	shift
	said=$("$RELIEFCTL" "$@" 2>&1) || status=$?
	[ $status -eq "$wanted" ] || fail "reliefctl $*: status $status, not $wanted: $said"
}

says() { # PATTERN
	grep -Eq -- "$1" <<<"$said" || fail "no '$1' in: $said"
}

MIB=1048576
db_group=$root_path/group/system_2eslice_2fdb_2eservice
drop_ins=$dir/etc/etc/reliefd/profiles/default.conf.d
units=$dir/etc/etc/systemd/system
mkdir -p "$drop_ins" "$units"

profile() { # the drop-in becomes standard input, and is in force
	cat >"$drop_ins/50-test.conf"
	ctl 0 reload
}

make_host
write_bus_config
start_bus
start_reliefd
wait_for "reliefd on the bus" on_bus
start_agent db /system.slice/db.service --name=db-cache --size=100M \
	--counter="$dir/cgroup/system.slice/db.service/memory.current"
hears db '^registered'
start_agent cache /system.slice/cache.service --name=web-cache --size=100M \
	--counter="$dir/cgroup/system.slice/cache.service/memory.current"
hears cache '^registered'

asked() { # TAG: how many requests it got
	grep -c '^request' "$dir/$1.out" || true
}

# Everything that can be had, and then what the database gave.
relieve_all_but_db() {
	local db_before db_asked
	db_before=$(<"$dir/cgroup/system.slice/db.service/memory.current")
	db_asked=$(asked db)
	ctl 0 relieve --bytes=1G --max-rung=unload
	[ "$(asked db)" = "$db_asked" ] || fail "the database was asked: $(tail -n 1 "$dir/db.out")"
	[ "$(<"$dir/cgroup/system.slice/db.service/memory.current")" = "$db_before" ] ||
		fail "the database gave something"
	! : >"$dir/cgroup/system.slice/db.service/memory.reclaim" || true
}

# --- when nothing is left that could be asked, a suggestion says so
profile <<<$'[Groups]\nExclude=db.service'
ctl 0 suggestions
! grep 'modules are excluded' <<<"$said" || fail "one of two is excluded"
profile <<<$'[Groups]\nExclude=db.service cache.service'
all_excluded() {
	"$RELIEFCTL" suggestions | grep -q 'All 2 modules are excluded, so no service can be asked'
}
wait_for "the suggestion" all_excluded

# --- protected is not excluded: the screen says which is which
profile <<<$'[Groups]\nProtectedUnits=db.service'
ctl 0 status db.service
says '^ *Gives.* what its modules give; protected from reclaim and brake$'
ctl 0 relieve --bytes=1M --max-rung=shed db.service
[ "$(asked db)" = 1 ] || fail "a protected unit's module was not asked"
[ "$(get "$db_group" $name.Group Excluded)" = false ] || fail "protected is excluded"
ok "ProtectedUnits= leaves the modules to be asked, and says so"

# --- by the profile
profile <<<$'[Groups]\nExclude=db.service'
[ "$(get "$db_group" $name.Group Excluded)" = true ] || fail "not excluded"
[ "$(get "$db_group" $name.Group ExcludedBy)" = '"Exclude=db.service in [Groups] of profile default"' ] ||
	fail "ExcludedBy is $(get "$db_group" $name.Group ExcludedBy)"
refused Excluded "/system.slice/db.service.*Exclude=db.service in \[Groups\] of profile default.*reliefctl reload" \
	manager Relieve 'stsa{sv}' /system.slice/db.service $MIB '' 0
refused Excluded "Exclude=db.service" call "$db_group" $name.Group Relieve ts $MIB shed
ctl 1 relieve --bytes=1M db.service
says 'excluded by Exclude=db.service in \[Groups\] of profile default'
ctl 0 relieve --bytes=1M --max-rung=warn db.service # which takes nothing
relieve_all_but_db
says '^100M measured'
tell cache report 0 0
ctl 0 relieve --bytes=1M --max-rung=shed
says '^0B measured'
said 'Rung shed for the host: Nothing is taken, because all that qualifies is excluded' ||
	fail "the log does not say that the rest is excluded"
ctl 0 status db.service
says '^ *Gives.* nothing is taken: excluded by Exclude=db.service'
ctl 0 list
says 'db.service.*excluded'
ctl 1 mask m99
says 'There is no module m99; reliefctl list modules'
ctl 0 list modules
says 'db-cache.*excluded'
says 'web-cache.* -$'
ok "an order takes nothing from what Exclude= names, and fails when it names it"

# --- a shortage of the host takes nothing either, but the level is told
set_memory 1000000 60000
ctl 0 relieve --bytes=1 --max-rung=warn # makes it look
hears db '^level (medium|high|critical)'
relieve_all_but_db
set_memory 1000000 900000
ctl 0 relieve --bytes=1 --max-rung=warn
hears db '^level low'
ok "a shortage takes nothing, and is told"

# --- a path, and what lies below
profile <<<$'[Groups]\nExclude=\nExclude=/system.slice/d*'
relieve_all_but_db
[ "$(get "$db_group" $name.Group ExcludedBy)" = '"Exclude=/system.slice/d* in [Groups] of profile default"' ] ||
	fail "ExcludedBy is $(get "$db_group" $name.Group ExcludedBy)"
ok "by a pattern of paths"

# --- in the unit's own files
profile <<<$'[Groups]\nExclude='
[ "$(get "$db_group" $name.Group Excluded)" = false ] || fail "still excluded"
mkdir -p "$units/db.service.d"
printf '[Service]\nNice=5\n[X-Relief]\nExclude=perhaps\nExclude=yes\nPriority=7\n' >"$units/db.service.d/relief.conf"
ctl 0 reload
said "$units/db.service.d/relief.conf:4: Exclude=perhaps is not yes or no; the line is left out" ||
	fail "the bad line is not named"
[ "$(get "$db_group" $name.Group ExcludedBy)" = "\"$units/db.service.d/relief.conf:5\"" ] ||
	fail "ExcludedBy is $(get "$db_group" $name.Group ExcludedBy)"
[ "$(get "$db_group" $name.Group Priority)" = 7 ] || fail "Priority is not 7"
refused Excluded "$units/db.service.d/relief.conf:5" manager Relieve 'stsa{sv}' /system.slice/db.service $MIB '' 0
relieve_all_but_db
ctl 0 status db.service
says "^ *Priority.* 7, by $units/db.service.d/relief.conf:6"
ok "by [X-Relief] in a drop-in of the unit"

# A unit that starts is looked up then.
mkdir -p "$units/late.service.d"
printf '[X-Relief]\nExclude=yes\n' >"$units/late.service.d/relief.conf"
make_group /system.slice/late.service 1000000
wait_for "the late one" get $root_path/group/system_2eslice_2flate_2eservice $name.Group Excluded
[ "$(get $root_path/group/system_2eslice_2flate_2eservice $name.Group Excluded)" = true ] ||
	fail "a unit that starts is not looked up"
ok "and at its start, without a reload"

# --- who gives first
rm -r "$units/db.service.d"
profile <<<$'[Groups]\nPriority=db.service:10 *.service:-5 db.service:20'
[ "$(get "$db_group" $name.Group Priority)" = 20 ] || fail "Priority is $(get "$db_group" $name.Group Priority)"
[ "$(get "$db_group" $name.Group PriorityBy)" = '"Priority=db.service in [Groups] of profile default"' ] ||
	fail "PriorityBy is $(get "$db_group" $name.Group PriorityBy)"
# The cache gave nothing the last time, which counts before any rank: another one is asked.
start_agent fresh /system.slice/cache.service --name=fresh --size=100M \
	--counter="$dir/cgroup/system.slice/cache.service/memory.current"
hears fresh '^registered'
before=$(asked db)
ctl 0 relieve --bytes=20M --max-rung=shed
[ "$(asked db)" = "$before" ] || fail "the one that ranks last was asked while the first sufficed"
[ "$(asked fresh)" = 1 ] || fail "the one that ranks first was not asked"
ok "the one that ranks last is spared"

# --- a module is masked by its id, as list modules has it
ctl 0 mask "$(module_of fresh | sed 's|.*/||')"
says '^Masked fresh of /system.slice/cache.service'
ctl 0 list masked
says '/system.slice/cache.service +fresh$'
ctl 0 unmask cache.service fresh
ok "a module is masked by its id"

# --- what is wrong is refused, and the old setting stays
for line in Priority=db.service Priority=db.service:high Priority=db.service:101 Priority=:5 "Exclude='db'"; do
	printf '[Groups]\n%s\n' "$line" >"$drop_ins/50-test.conf"
	ctl 1 reload
	says "50-test.conf:2: .*(PATTERN:NUMBER|-100 to 100|quote)"
done
[ "$(get "$db_group" $name.Group Priority)" = 20 ] || fail "the old priority is gone"
ok "a bad line is named, and the old setting stays"
stop_reliefd
