#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What people reported to other projects as odd and true, and what reliefd makes of it: kernel text
# with nonsense in it, swap by other names, pools of memory, names, what runs out, containers

. "$(dirname "$0")/bus-lib.sh"

fixtures=$source_root/tests/fixtures/kernel/field

# fresh [PROFILE_LINE...]: a host of its own, with these lines in a drop-in of the default profile
fresh() {
	rm -rf "${dir:?}"/{proc,sys,cgroup,etc,reliefd.out}
	make_host
	mkdir -p "$dir/etc/etc/reliefd/profiles/default.conf.d"
	printf '[Daemon]\nGrowthClock=none\n' >"$dir/etc/etc/reliefd/reliefd.conf"
	[ $# -eq 0 ] || printf '%s\n' "$@" >"$dir/etc/etc/reliefd/profiles/default.conf.d/t.conf"
}

meminfo() { # FIXTURE
	cat "$fixtures/$1" >"$dir/proc/meminfo"
}

run() {
	: >"$dir/reliefd.out"
	start_reliefd --dry-run
	wait_for "the first look" said 'Profile default,'
}

says() { # PATTERN
	wait_for "'$1'" said "$1"
}

says_not() { # PATTERN
	! said "$1" || fail "it says '$1'"
}

path_of() { # CGROUP: the object of a group that is followed
	manager GetGroupByControlGroup s "$1" | cut -d'"' -f2
}

end() { # WHAT HOLDS
	kill -TERM "$reliefd_pid"
	wait "$reliefd_pid" || fail "reliefd ended with status $?"
	ok "$1"
}

# --- text with nonsense in it
fresh
meminfo meminfo-lxcfs-swapfree
run
says 'the host is critical'
says 'Cannot read or understand all of /proc/meminfo'
end "a host with 3 % left is critical, whatever lxcfs says of its swap"

fresh
meminfo meminfo-nearly-full
sed -i '/MemAvailable/d' "$dir/proc/meminfo"
run
says 'the host is critical'
says 'estimated-memory'
end "a host without MemAvailable has a level, and the estimate is named"

fresh
: >"$dir/proc/meminfo"
run
says 'no-memory-reading'
meminfo meminfo-nearly-full
says 'the host is critical'
end "a host that could not be read is looked at again within seconds"

fresh
make_group /system.slice/neg.service 1287651328
echo 1287651328 >"$dir/cgroup/system.slice/neg.service/memory.max"
sed -i 's/^file_writeback .*/file_writeback -4096/' "$dir/cgroup/system.slice/neg.service/memory.stat"
run
says 'system.slice/neg.service is critical'
end "a counter below zero does not blind its group"

fresh
make_group /system.slice/odd.service 1287651328
echo 1287651328 >"$dir/cgroup/system.slice/odd.service/memory.max"
echo lots >"$dir/cgroup/system.slice/odd.service/memory.swap.max"
run
says 'Cannot read or understand all of memory.swap.max of /system.slice/odd.service'
says 'system.slice/odd.service is critical'
end "nonsense about a group's swap costs that value only"

fresh
printf '30 1 0:1 /../.. /now\\0407here rw - cgroup2 none rw\n\0\n31 1 0:1 / %s/cgroup rw - cgroup2 none rw\n 0 - -' "$dir" \
	>"$dir/proc/self/mountinfo"
"$reliefd" --root="$dir/etc" --proc="$dir/proc" --sys="$dir/sys" --socket="$dir/relief.sock" \
	--state="$dir/state" --dry-run >>"$dir/reliefd.out" 2>&1 &
reliefd_pid=$!
children+=("$reliefd_pid")
says 'Profile default, 4 groups, cgroups pure'
end "a mountinfo with nonsense in it costs these lines only"

# --- swap that takes nothing
for swaps in swaps-zramd swaps-android; do
	fresh
	meminfo meminfo-zram-full
	cat "$fixtures/$swaps" >"$dir/proc/swaps"
	sed -i '/nvme/d' "$dir/proc/swaps"
	for i in 0 1; do
		mkdir -p "$dir/sys/block/zram$i"
		cat "$fixtures/mm_stat-incompressible" >"$dir/sys/block/zram$i/mm_stat"
	done
	run
	says 'the host is (high|critical)'
	end "incompressible zram saves next to nothing, whatever it is called ($swaps)"
done

# --- pools of memory
fresh
meminfo meminfo-huge-pages
run
sleep 1
says_not 'the host is'
end "a host whose huge pages are most of it is judged by the rest"

fresh
meminfo meminfo-zfs
mkdir -p "$dir/proc/spl/kstat/zfs"
cat "$fixtures/arcstats" >"$dir/proc/spl/kstat/zfs/arcstats"
run
sleep 1
says_not 'the host is'
end "what ZFS would give back counts as available"

# --- what cannot be given back
fresh
make_group /system.slice/app.service 1287651328
echo 1287651328 >"$dir/cgroup/system.slice/app.service/memory.max"
cat "$fixtures/memory.stat-mapped-and-tmpfs" >"$dir/cgroup/system.slice/app.service/memory.stat"
run
says 'system.slice/app.service is critical'
end "mapped files beside a tmpfs that nobody maps leave nothing to give back"

# --- names
unit='app-gnome-firefox\x2dw-2504.scope'
fresh '[Groups]' "ProtectedUnits=$unit"
make_group "/system.slice/$unit" 100000000
write_bus_config
start_bus
run
wait_for "reliefd on the bus" on_bus
[ "$(get "$(path_of "/system.slice/$unit")" $name.Group Protected)" = true ] ||
	fail "$unit is not protected"
end "a unit is protected by its name as systemctl prints it"

# --- what runs out
# A program in a user namespace in which there is no inotify instance.
starved=$dir/starved
# shellcheck disable=SC2016 # for the inner shells
printf '%s\n' '#!/bin/sh' 'exec unshare --user --map-root-user sh -c '"'"'
	echo 0 >/proc/sys/user/max_inotify_instances && exec "$@"'"'"' - "$@"' >"$starved"
chmod +x "$starved"

if "$starved" true 2>/dev/null; then
	fresh
	: >"$dir/reliefd.out"
	start_starved() {
		"$starved" "$reliefd" --root="$dir/etc" --proc="$dir/proc" --sys="$dir/sys" \
			--cgroup-root="$dir/cgroup" --socket="$dir/relief.sock" >>"$dir/reliefd.out" 2>&1 &
		reliefd_pid=$!
		children+=("$reliefd_pid")
	}
	start_starved
	says 'no-inotify'
	make_group /system.slice/late.service 100000000
	wait_for "reliefd on the bus" on_bus
	wait_for "a birth" path_of /system.slice/late.service
	nsenter --user --target "$reliefd_pid" --preserve-credentials \
		bash -c 'echo 128 >/proc/sys/user/max_inotify_instances'
	says 'no-inotify is over'
	end "without an inotify instance births are found late, and at once when there is one again"
else
	echo "skipped: no user namespace"
fi

# --- containers
fresh
make_group /lxc 100000000
make_group /lxc/392 100000000
run
wait_for "reliefd on the bus" on_bus
path_of /lxc/392 >/dev/null || fail "/lxc/392 is not followed"
end "containers of Proxmox are followed"

fresh
rm -rf "$dir/cgroup/system.slice"
make_group /elsewhere 100000000
make_group /elsewhere/1 100000000
run
says 'no-groups'
end "that no group is followed is said"
