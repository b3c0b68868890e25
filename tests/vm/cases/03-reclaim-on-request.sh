# SPDX-License-Identifier: GPL-2.0-or-later
# test: memory.reclaim takes page cache back from a group that can spare it

cleanup_fn rm -f /var/tmp/reclaim-me
start_unit reader -- file-reader --file /var/tmp/reclaim-me --size 40M --for 300s
is_warm() {
	[ "$(unit_memory reader)" -ge $((35 << 20)) ]
}
wait_for 30 is_warm || fail "the reader's page cache stays at $(unit_memory reader)"
before=$(unit_memory reader)
systemctl kill --signal=STOP reader.service
assert "the kernel reclaims 20 MiB" bash -c 'echo 20M >/sys/fs/cgroup/system.slice/reader.service/memory.reclaim'
after=$(unit_memory reader)
note "from $((before >> 20)) MiB to $((after >> 20)) MiB"
assert_ge "bytes given back" $((18 << 20)) $((before - after))
