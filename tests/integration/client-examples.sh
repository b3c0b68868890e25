#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# librelief's examples and the real reliefd: they register, give back, load again, misbehave, and
# outlive a restart

. "$(dirname "$0")/bus-lib.sh"

cache_cgroup=/system.slice/cache.service
MIB=1048576

# start_example TAG PROGRAM OPTIONS...: its words in $dir/TAG.out
start_example() {
	local tag=$1 program=$2
	shift 2
	# shellcheck disable=SC2016 # for the inner shell, whose pid the example inherits
	RELIEF_SOCKET=$dir/relief.sock bash -c 'mkdir "$0/proc/$$" && echo "0::$1" >"$0/proc/$$/cgroup" &&
		shift && exec "$@"' "$dir" $cache_cgroup "$EXAMPLES/$program" --name="$tag" "$@" \
		>"$dir/$tag.out" 2>&1 &
	children+=($!)
	example_pid=$!
	hears "$tag" "^$tag: ready"
}

stop_example() { # TAG
	kill "$example_pid"
	wait "$example_pid" || fail "$1 ended with status $?"
}

modules_are() { # NUMBER
	[ "$(get $root_path $manager NModules)" = "$1" ]
}

module_named() { # NAME: its object
	local module
	for module in $(busctl tree --list $name | grep '/module/m'); do
		[ "$(get "$module" $name.Module Name)" != "\"$1\"" ] || echo "$module"
	done
}

relieve() { # BYTES MAX_RUNG: "FREED CLAIMED"
	manager Relieve 'stsa{sv}' $cache_cgroup "$@" 0 | cut -d' ' -f2-
}

# --- before reliefd: works on, and registers as soon as it comes
make_host
write_bus_config
start_bus
start_example early example-cache --size=8M
start_reliefd
wait_for "reliefd on the bus" on_bus
wait_for "the module of who was first" modules_are 1
ok "a service that started first registers when reliefd comes"
stop_example early
wait_for "its end" modules_are 0

# --- orders: what was asked for, within a tenth or a block of the module, though no counter falls here
orders_get() { # TAG BLOCK_MIB MIB...: what left it, by its own words
	local tag=$1 block=$2 mib before after slack
	shift 2
	for mib in "$@"; do
		before=$(freed_by "$tag")
		relieve $((mib * MIB)) shed >/dev/null
		after=$(freed_by "$tag")
		slack=$((mib * MIB / 10 > block * MIB ? mib * MIB / 10 : block * MIB))
		[ $((after - before)) -ge $((mib * MIB - slack)) ] &&
			[ $((after - before)) -le $((mib * MIB + slack)) ] ||
			fail "$tag gave $((after - before)) bytes to an order of ${mib}M"
	done
}

freed_by() { # TAG
	awk '/ request / { for (i = 1; i < NF; i++) if ($i == "freed") sum += $(i + 1) } END { print sum + 0 }' \
		"$dir/$1.out"
}

start_example fine example-cache --size=40M --rate=0
wait_for "the fine one" modules_are 1
orders_get fine 1 1 5 20
ok "small orders get what they ask for"
stop_example fine
wait_for "its end" modules_are 0
for block in 4 26; do
	start_example "blocks$block" example-cache --size=$((block * 3))M --rate=0 --block="${block}M"
	wait_for "the coarse one" modules_are 1
	orders_get "blocks$block" $block 1 10
	ok "an order ends within a block of ${block}M"
	stop_example "blocks$block"
	wait_for "its end" modules_are 0
done

# --- a cache
start_example cache example-cache --size=32M --rate=0
wait_for "the cache" modules_are 1
cache=$(module_named cache)
[ "$(get "$cache" $name.Module Size)" = $((32 * MIB)) ] || fail "Size is $(get "$cache" $name.Module Size)"
read -r freed claimed < <(relieve $((10 * MIB)) shed)
[ "$claimed" -ge $((10 * MIB)) ] && [ "$claimed" -le $((11 * MIB)) ] || fail "claimed $claimed"
[ "$freed" = 0 ] || fail "measured $freed on counters that did not move"
hears cache "^cache: request [0-9]+ level 1 \(ordered\): asked [0-9]+ freed $claimed left $((32 * MIB - claimed)) ms"
wait_for "the new size" bash -c "busctl get-property $name $cache $name.Module Size | grep -q 't $((32 * MIB - claimed))'"
ok "a cache sheds what is asked: $claimed claimed, its size is told"

# --- reliefd comes again
stop_reliefd
: >"$dir/reliefd.out"
start_reliefd
wait_for "reliefd on the bus" on_bus
wait_for "the cache, again" modules_are 1
cache=$(module_named cache)
[ "$(get "$cache" $name.Module Size)" = $((32 * MIB - claimed)) ] || fail "the size was forgotten"
ok "after a restart it is there again, with its size"

# --- the administrator takes it away
busctl call $name $root_path $manager Unregister o "$cache" || fail "cannot unregister"
sleep 0.3
modules_are 0 || fail "still registered"
kill -0 "$example_pid" || fail "the service is gone"
stop_example cache
ok "an administrator may unregister it"

# --- a model
start_example model example-model --size=16M --uses=2 --interval=200 --idle-limit=1
hears model '^model: use 2 '
wait_for "the model" modules_are 1
model=$(module_named model)
[ "$(get "$model" $name.Module Size)" = $((16 * MIB)) ] || fail "Size"
[ "$(get "$model" $name.Module ReloadCostUSec)" -gt 0 ] || fail "the reload cost was not told"
sleep 1
read -r _ claimed < <(relieve $((16 * MIB)) unload)
[ "$claimed" = $((16 * MIB)) ] || fail "unload claimed $claimed"
hears model "^model: request [0-9]+ .*unloaded, freed $((16 * MIB)) ms"
wait_for "unloaded" bash -c "busctl get-property $name $model $name.Module Unloaded | grep -q true"
stop_example model
ok "an idle model is unloaded; what loading it took is known"

# --- those who misbehave
start_example liar example-cache --size=16M --rate=0 --lie
wait_for "the liar" modules_are 1
read -r freed claimed < <(relieve $((4 * MIB)) shed)
[ "$freed" = 0 ] && [ "$claimed" -ge $((4 * MIB)) ] || fail "a liar freed $freed, claimed $claimed"
stop_example liar
ok "--lie is seen through"

start_example slow example-cache --size=16M --rate=0 --reply-delay=200
wait_for "the slow one" modules_are 1
read -r _ claimed < <(relieve $((4 * MIB)) shed)
[ "$claimed" -ge $((4 * MIB)) ] || fail "a slow answer within the deadline claimed $claimed"
stop_example slow
ok "--reply-delay within the deadline counts"

start_example silent example-cache --size=16M --rate=0 --silent
wait_for "the silent one" modules_are 1
[ "$(relieve $((4 * MIB)) shed)" = "0 0" ] || fail "a silent module freed something"
[ "$(get "$(module_named silent)" $name.Module NLate)" = 1 ] || fail "NLate"
stop_example silent
ok "--silent is late"

start_example dying example-cache --size=16M --rate=0 --die-on-request
wait_for "the dying one" modules_are 1
[ "$(relieve $((4 * MIB)) shed)" = "0 0" ] || fail "a dead module freed something"
wait_for "its end" modules_are 0
wait "$example_pid" && fail "it lives"
ok "--die-on-request is gone"

stop_reliefd
