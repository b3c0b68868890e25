#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What may be missing or run out when reliefd starts: it goes on without, says so once by a name and
# with the fix, tries again, and the degradation ends by itself

. "$(dirname "$0")/field-lib.sh"

write_bus_config
start_bus

# --- the channel socket
fresh
python3 -c '
import socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1]); s.listen(); time.sleep(600)' "$dir/relief.sock" &
occupier=$!
children+=("$occupier")
wait_for "the other program" test -S "$dir/relief.sock"
run
wait_for "the name" lacks channel
wait_for "the fix" problem channel 'ss -xlp'
wait_for "status" shown 'channel' status
wait_for "doctor" shown '^channel +warn +Cannot listen on .*Address already in use' doctor
sleep 3
is_said_once 'Cannot listen on'
kill "$occupier"
wait_for "the end" lacks_not channel
wait_for "the end in the log" said 'The problem "channel" is over'
wait_for "a client" connects "$dir/relief.sock"
wait_for "doctor" shown '^channel +ok' doctor
end "a socket whose path another program has is listened on when that one leaves"

fresh
: >"$dir/blocked"
run --socket="$dir/blocked/relief.sock"
wait_for "the fix" problem channel 'RuntimeDirectory='
rm "$dir/blocked"
wait_for "the end" lacks_not channel
wait_for "a client" connects "$dir/blocked/relief.sock"
end "a socket whose directory cannot be made is listened on when it can"

fresh
"$reliefd" --socket="$dir/$(printf 'x%.0s' {1..120})" >"$dir/reliefd.out" 2>&1 &&
	fail "a path that is too long is taken"
said 'Cannot use --socket=.*the most is 107 bytes' || fail "the reason is not said"
ok "a path that no socket can have is refused with its limit"

# --- PSI
if [ -w /proc/pressure/memory ]; then
	fresh
	mv "$dir/proc/pressure" "$dir/proc/hidden"
	run
	wait_for "the name" lacks no-psi
	ln -s /proc/pressure "$dir/proc/pressure"
	wait_for "the end" lacks_not no-psi
	is_said_once 'reliefd uses: no-psi'
	is_said_once 'no-psi is over'
	end "pressure files that come late are watched"

	# A file of the kernel that takes no trigger.
	fresh
	ln -sf /proc/self/oom_score_adj "$dir/proc/pressure/memory"
	run
	wait_for "the name" lacks no-psi
	wait_for "the reason" said 'Cannot set a PSI trigger on the host: Invalid argument'
	ln -sf /proc/pressure/memory "$dir/proc/pressure/memory"
	wait_for "the end" lacks_not no-psi
	is_said_once 'Cannot set a PSI trigger'
	end "a trigger that the kernel refused is asked for again"
else
	echo "skipped: no PSI"
fi

# --- files and threads
fresh
mkdir -p "$dir/state/masks" "$dir/held"
run
wait_for "the names" problem masks 'may register until it can be read'
wait_for "the names" problem brake 'the brake holds no group'
wait_for "doctor" shown '^state +warn +Cannot (read|write)' doctor
printf 'images\t/system.slice/cache.service\n' >"$dir/masks.new"
rmdir "$dir/state/masks" "$dir/held"
mv "$dir/masks.new" "$dir/state/masks"
wait_for "the end" lacks_not masks
wait_for "the end" lacks_not brake
busctl get-property "$name" "$root_path" "$manager" Masked | grep -Fq '"/system.slice/cache.service" "images"' ||
	fail "the mask is not in force"
end "masks that could not be read are in force when they can be, and holds can be written down"

# As another user with one thread left: the main one.
run_without_threads() {
	setpriv --reuid=65533 --clear-groups prlimit --nproc=1:64 "$reliefd" --root="$dir/etc" \
		--proc="$dir/proc" --sys="$dir/sys" --cgroup-root="$dir/cgroup" \
		--socket="$dir/run/relief.sock" --state="$dir/state" >>"$dir/reliefd.out" 2>&1 &
	reliefd_pid=$!
	children+=("$reliefd_pid")
	wait_for "the first look" said 'Profile default,'
}

if [ "$(id -u)" = 0 ]; then
	fresh
	mkdir -p "$dir/run"
	chown -R 65533 "$dir/run" "$dir/state" "$dir/cgroup"
	run_without_threads
	wait_for "the reason" said 'Cannot start the thread that writes memory.reclaim: .*TasksMax='
	setpriv --reuid=65533 --clear-groups prlimit --pid "$reliefd_pid" --nproc=64:64
	wait_for "the end" said 'The problem "reclaim" is over'
	end "without a thread for memory.reclaim reliefd works, and with it as soon as there is one"
fi

# --- descriptors
limited=$dir/limited
# shellcheck disable=SC2016 # for the inner shell
printf '#!/bin/sh\nexec prlimit --nofile="$NOFILE" "%s" "$@"\n' "$reliefd" >"$limited"
chmod +x "$limited"

fresh
if NOFILE=8 "$limited" --root="$dir/etc" --proc="$dir/proc" --sys="$dir/sys" --state="$dir/state" \
	--cgroup-root="$dir/cgroup" --socket="$dir/relief.sock" >"$dir/reliefd.out" 2>&1; then
	fail "it runs with 8 descriptors"
fi
said 'raise LimitNOFILE= of its unit' || fail "the fix is not said"
ok "too few descriptors to start with end it, with the fix"

fresh
reliefd=$limited NOFILE=16:4096 run
[ "$(prlimit --pid "$reliefd_pid" --nofile --noheadings --output=SOFT | tr -d ' ')" = 2048 ] ||
	fail "the soft limit stays"
end "a low soft limit is raised to what is wanted"

# Slices come while three descriptors are left: each would take one for its trigger.
if [ -w /proc/pressure/memory ]; then
	fresh
	ln -sf /proc/pressure/memory "$dir/proc/pressure/memory"
	run
	sleep 1 # what is opened for a moment at the start is closed
	lacks_not short-of-resources || fail "it lacks something from the start"
	n_open=$(find "/proc/$reliefd_pid/fd" -type l | wc -l)
	prlimit --pid "$reliefd_pid" --nofile="$((n_open + 3)):4096"
	kill -STOP "$reliefd_pid"
	for i in 1 2 3 4 5; do
		make_group "/$i.slice" 1000000
		make_group "/$i.slice/x.service" 1000000
		ln -sf /proc/pressure/memory "$dir/cgroup/$i.slice/memory.pressure"
	done
	kill -CONT "$reliefd_pid"
	wait_for "the name" said 'reliefd uses: short-of-resources'
	prlimit --pid "$reliefd_pid" --nofile=2048:4096
	wait_for "the end" said 'short-of-resources is over'
	wait_for "the others" lacks_not no-inotify
	for i in 1 2 3 4 5; do
		wait_for "$i.slice" manager GetGroupByControlGroup s "/$i.slice"
	done
	end "triggers for which no descriptor was left are set when there are some"
fi

# --- the cgroup tree
mountinfo() { # TEXT...: in place of mountinfo
	printf '%s\n' "$@" >"$dir/proc/self/mountinfo"
}

# As run, but the tree is to be found by mountinfo.
run_without_tree() {
	"$reliefd" --root="$dir/etc" --proc="$dir/proc" --sys="$dir/sys" --state="$dir/state" \
		--socket="$dir/relief.sock" --log-level=debug >"$dir/reliefd.out" 2>&1 &
	reliefd_pid=$!
	children+=("$reliefd_pid")
	wait_for "the first look" said 'Profile default, 1 groups, cgroups none'
	wait_for "reliefd on the bus" on_bus
}

n_groups() {
	get $root_path $manager NGroups
}

has_groups() { # N
	[ "$(n_groups)" = "$1" ]
}

finds_tree() { # WHAT
	wait_for "the end" lacks_not cgroups
	is_said_once 'The problem "cgroups" is over'
	wait_for "the groups" has_groups 4
	lacks_not no-memory-controller || fail "the memory controller is not seen"
	wait_for "the end" lacks_not brake
	start_agent "late$((++n_agents))" /system.slice/cache.service --size=64M
	hears "late$n_agents" '^registered'
	manager Relieve 'stsa{sv}' /system.slice/cache.service 1000000 shed 0 >/dev/null
	hears "late$n_agents" '^request images shed'
	echo 200000001 >"$dir/cgroup/system.slice/cache.service/memory.current"
	end "$1"
}
n_agents=0
tree="41 31 0:38 / $dir/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw"

fresh
printf 'nodev\tproc\nnodev\tcgroup2\n' >"$dir/proc/filesystems"
mountinfo '31 1 8:1 / / rw - ext4 /dev/sda1 rw'
run_without_tree
wait_for "the name" lacks cgroups
wait_for "the fix" problem cgroups 'No cgroup v2 tree is mounted: no group is followed.*mount -t cgroup2'
wait_for "doctor" shown '^groups +warn +No cgroup v2 tree is mounted' doctor
wait_for "the brake" problem brake 'until the cgroup tree is found'
set_memory 1000000 10000
wait_for "the host's level" said 'left of the host|memory is (high|critical)|critical'
set_memory 1000000 900000
sleep 1
is_said_once 'No cgroup v2 tree is mounted'
mountinfo '31 1 8:1 / / rw - ext4 /dev/sda1 rw' "$tree"
finds_tree "a cgroup tree that is mounted late is followed from then on"

for text in '' '41 31 0:38 / /sys/fs/cgr' $'\1\2 - cgroup2' "41 31 0:38 / $dir/nowhere rw - cgroup2 cgroup2 rw"; do
	fresh
	mountinfo "$text"
	run_without_tree
	wait_for "the name" lacks cgroups
	mountinfo "$tree"
	finds_tree "the tree is found when mountinfo is no more '$(tr -d '\1\2' <<<"$text" | cut -c-30)'"
done

fresh
rm "$dir/proc/self/mountinfo"
run_without_tree
wait_for "the fix" problem cgroups 'self/mountinfo: No such file or directory; no group is followed'
mountinfo "$tree"
finds_tree "the tree is found when there is a mountinfo"

fresh
printf 'nodev\tproc\nnodev\tcgroup\n\text4\n' >"$dir/proc/filesystems"
mountinfo '31 1 8:1 / / rw - ext4 /dev/sda1 rw'
if "$reliefd" --root="$dir/etc" --proc="$dir/proc" --sys="$dir/sys" --state="$dir/state" \
	--socket="$dir/relief.sock" >"$dir/reliefd.out" 2>&1; then
	fail "it runs on a kernel without cgroup v2"
fi
said 'This kernel has no cgroup v2: boot one with' || fail "the fix is not said"
ok "a kernel without cgroup v2 ends it, with the fix"

# --- its own cgroup
is_protected() { # PATH
	local object

	object=$(manager GetGroupByControlGroup s "$1" | cut -d'"' -f2)
	[ "$(get "$object" $name.Group Protected)" = true ]
}

fresh
make_group /system.slice/other.service 1000000
printf '0::/system.slice/oth' >"$dir/proc/self/cgroup"
run
wait_for "the name" lacks own-cgroup
wait_for "the fix" problem own-cgroup 'No data available; the brake holds no group until it can'
! is_protected /system.slice/other.service || fail "it is known from somewhere"
echo '0::/system.slice/other.service' >"$dir/proc/self/cgroup"
wait_for "the end" lacks_not own-cgroup
wait_for "the protection" is_protected /system.slice/other.service
! is_protected /system.slice/db.service || fail "others are protected, too"
end "its own cgroup is protected as soon as it can be read"

# --- eBPF: reliefd inherits so many descriptors that 32 of its 2048 are left, too few for it
filled=$dir/filled
cat >"$filled" <<-END
	#!/usr/bin/python3
	import os, sys
	for i in range(2048 - 32 - 3):
	    os.set_inheritable(os.open("/dev/null", os.O_RDONLY), True)
	os.execv("$reliefd", ["$reliefd"] + sys.argv[1:])
END
chmod +x "$filled"

growth_clock() {
	get $root_path $manager GrowthClock | tr -d '"'
}

has_tripwire() {
	[[ $(growth_clock) =~ ^(charge|rss) ]]
}

fresh
: >"$dir/etc/etc/reliefd/reliefd.conf"
run
if has_tripwire; then
	best=$(growth_clock)
	kill "$reliefd_pid"
	wait "$reliefd_pid" || true
	fresh
	: >"$dir/etc/etc/reliefd/reliefd.conf"
	reliefd=$filled run
	wait_for "the name" lacks ebpf
	wait_for "the name" lacks no-bpf
	! lacks no-btf && ! lacks no-fentry || fail "the kernel is blamed"
	wait_for "the fix" problem ebpf 'Too many open files; growth is measured by the clock .*none.* raise LimitNOFILE='
	wait_for "doctor" shown '^growth +warn +Cannot load the eBPF programs' doctor
	sleep 3
	is_said_once 'Cannot load the eBPF programs'
	prlimit --pid "$reliefd_pid" --nofile=4096:4096
	wait_for "the end" lacks_not ebpf
	lacks_not no-bpf || fail "no-bpf stays"
	[ "$(growth_clock)" = "$best" ] || fail "the clock is $(growth_clock), not $best"
	is_said_once 'The problem "ebpf" is over'
	[ "$(find "/proc/$reliefd_pid/task" -maxdepth 1 -name '[0-9]*' -exec \
		grep -h CapPrm {}/status \; | sort -u | wc -l)" = 1 ] || fail "a thread keeps more capabilities"
	end "eBPF that could not be loaded is loaded when it can be"
else
	stop_reliefd
	echo "skipped: no eBPF"
fi

# --- more cgroups than slots
fresh
python3 -c '
import os, sys
for i in range(4130):
    os.mkdir(f"{sys.argv[1]}/system.slice/n{i:04}.service")' "$dir/cgroup"
run
wait_for "the name" lacks unfollowed-groups
wait_for "doctor" shown '^groups +warn +not followed: /system.slice/.*\.service \(no slot is left\).* more$' doctor
is_said_once 'No slot left for cgroup'
kill -STOP "$reliefd_pid"
find "$dir/cgroup/system.slice" -maxdepth 1 -name 'n[0-3][0-9]*' -exec rm -r {} +
kill -CONT "$reliefd_pid"
long_enough=40
for _ in $(seq $long_enough); do
	lacks_not unfollowed-groups && break
	sleep 1
done
lacks_not unfollowed-groups || fail "unfollowed-groups is not over after $long_enough s"
wait_for "the one that found no slot" manager GetGroupByControlGroup s /system.slice/n4129.service
end "cgroups that found no slot are listed, and followed when there are slots"
