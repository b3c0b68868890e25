# SPDX-License-Identifier: GPL-2.0-or-later
# test: memory counts however it is given back: in parts, lazily, late, from swap; a liar is found out
# release: 12
# timeout: 480

start_arena() { # HOW [OPTION]...
	local n

	n=$(manager NModules)
	start_unit "$1" -- arena --how "$1" --name "$1" "${@:2}"
	wait_for 30 manager_is NModules $((n + 1)) || fail "$1 does not register: $(unit_output "$1")"
}

start_reliefd
# for "swapped"; on a device of its own, since nothing here is short of memory
zram_on 256M
head -c 64M /dev/urandom >/var/tmp/vm-case.file
cleanup_fn rm -f /var/tmp/vm-case.file
echo 3 >/proc/sys/vm/drop_caches
for how in pieces release lazy tmpfs swapped late reader; do
	start_arena "$how" --file /var/tmp/vm-case.file
	relieve_honestly "$how" "$how" 10M
	note "$how: memory.current fell to $(($(unit_memory "$how") >> 20)) MiB of 64"
	stop_unit "$how"
done

start_cache liar --size=60M --lie
answer=$(reliefctl relieve --json=short --max-rung=shed --bytes=10M liar.service)
assert_ge "the liar claims" $((10 << 20)) "$(jq .ClaimedBytes <<<"$answer")"
assert_le "measured of it" $((1 << 20)) "$(jq .FreedBytes <<<"$answer")"
sleep 3
assert_le "the liar's yield, once it was looked at again" 1000 "$(module_property liar YieldRatio)"
