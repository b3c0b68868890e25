# SPDX-License-Identifier: GPL-2.0-or-later
# test: control: I/O in a group at its own limit raises the host's PSI while memory is free
# timeout: 180

cleanup_fn rm -f /var/tmp/big
total() {
	sed -n 's/^some .*total=//p' /proc/pressure/memory
}
before=$(total)
start_unit reader --property=MemoryMax=16M -- file-reader --file /var/tmp/big --size 64M --for 15s
wait_for 60 unit_done reader || fail "the reader does not end"
assert "the reader lives" unit_succeeded reader
after=$(total)
note "$(unit_output reader | tail -n1); host stalled $(((after - before) / 1000)) ms, available $(($(mem_available) >> 20)) MiB"
assert_ge "stall of the host, in us" 1000 $((after - before))
assert_ge "still available" $(($(mem_total) / 2)) "$(mem_available)"
