# SPDX-License-Identifier: GPL-2.0-or-later
# test: a service that fills its own cache in its own limit keeps all of it, and hears of medium at most
# by-name: two to three minutes; it held on both releases, but not often enough to rely on it
# timeout: 720

# With the shipped profiles default and kubernetes-node, as they are. 100 MiB as fast as it can, in
# 150 MiB: 48 MiB are left then, which is more than any threshold asks for.

cgroup_of() { # NAME: of the service or of what has the limit above it
	case $1 in
	*pod*) echo /kubepods.slice/kubepods-pod1a2b.slice ;;
	*) echo "/system.slice/$1.service" ;;
	esac
}

judge() { # NAME: it is full now; the past of its growth must not be held against it either
	local severe

	wait_for 40 journal_has 'ready,' "$1.service" || fail "$1 is not ready: $(unit_output "$1")"
	sleep 2
	severe=$(($(journal_count CGROUP="$(cgroup_of "$1")" LEVEL=high) +
		$(journal_count CGROUP="$(cgroup_of "$1")" LEVEL=critical)))
	note "$1: $(journal_count CGROUP="$(cgroup_of "$1")" LEVEL=medium) times medium, $severe times more," \
		"$(requests_of "$1" | grep -c '') requests"
	assert_eq "requests to $1" "" "$(requests_of "$1")"
	assert_eq "levels above medium of $1" 0 "$severe"
}

fills() { # NAME [--property=K=V]... -- OPTION...: a cache of 100 MiB in a service
	local name=$1 options=()

	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	start_unit "$name" "${options[@]}" -- example-cache --name="$name" --size=100M "${@:2}"
	judge "$name"
}

limit=(--property=MemoryMax=150M --property=MemorySwapMax=0)
for profile in default kubernetes-node; do
	start_reliefd "$profile" --log-level=debug
	# registered when it is full; with reports on the way; without; in two bursts
	fills "$profile-after" "${limit[@]}" --
	stop_unit "$profile-after"
	fills "$profile-reports" "${limit[@]}" -- --register-first=2M
	stop_unit "$profile-reports"
	fills "$profile-silent" "${limit[@]}" -- --register-first=100M
	stop_unit "$profile-silent"
	fills "$profile-bursts" "${limit[@]}" -- --register-first=50M --pause=700
	stop_unit "$profile-bursts"
	assert_eq "requests in all under $profile" 0 "$(manager NRequests)"

	# Up to its limit: what is missing is asked for, and no more than that.
	start_unit "$profile-full" "${limit[@]}" -- \
		example-cache --name="$profile-full" --size=134M --register-first=1M --pause=10
	wait_for 60 journal_has 'ready,' "$profile-full.service" || fail "not full: $(unit_output "$profile-full")"
	sleep 2
	asked=$(requests_of "$profile-full" | awk '{ for (i = 1; i < NF; i++) if ($i == "asked") sum += $(i + 1) }
		END { print sum + 0 }')
	note "$profile-full: asked for $((asked >> 20)) MiB of 134 in $(requests_of "$profile-full" | grep -c '') requests"
	assert_ge "asked of the one that fills its limit" 1 "$asked"
	assert_le "asked of the one that fills its limit" $((45 << 20)) "$asked"
	assert_no_kill
	stop_unit "$profile-full"
	forget_reliefd
done

# The limit is a pod's, with a quiet sibling in it, and a third container that fills the page cache.
# The cache is registered while it fills: a growth of another container that no module explains is
# answered like any, by asking the sibling.
cleanup_fn systemctl revert kubepods-pod1a2b.slice
systemctl set-property --runtime kubepods-pod1a2b.slice MemoryMax=300M MemorySwapMax=0
start_reliefd kubernetes-node --log-level=debug
pod=(--slice=kubepods-pod1a2b.slice)
start_unit pod-sibling "${pod[@]}" -- example-cache --name=pod-sibling --size=60M --rate=0
judge pod-sibling
fills pod-cache "${pod[@]}" -- --register-first=2M
dd if=/dev/urandom of=/var/tmp/pod-file bs=1M count=80 status=none
cleanup_fn rm -f /var/tmp/pod-file
echo 3 >/proc/sys/vm/drop_caches
start_unit pod-reader "${pod[@]}" -- cp /var/tmp/pod-file /dev/null
wait_for 30 unit_done pod-reader || fail "the reader does not end"
sleep 2
assert_eq "requests to the sibling" "" "$(requests_of pod-sibling)"
assert_eq "requests to the cache" "" "$(requests_of pod-cache)"
assert_eq "requests in all in the pod" 0 "$(manager NRequests)"
assert_no_kill
