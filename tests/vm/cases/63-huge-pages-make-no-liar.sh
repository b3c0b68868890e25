# SPDX-License-Identifier: GPL-2.0-or-later
# test: a cache in a heap of huge pages gives back what it claims, whatever the kernel's setting for them
# timeout: 480

thp=/sys/kernel/mm/transparent_hugepage

heap_in_huge_pages() { # NAME BYTES
	[ "$(unit_memory "$1" memory.stat | awk '$1 == "anon_thp" { print $2 }')" -ge "$2" ]
}

for setting in enabled khugepaged/scan_sleep_millisecs khugepaged/pages_to_scan; do
	value=$(sed 's/.*\[\(.*\)\].*/\1/' "$thp/$setting") # of a choice what is in brackets
	cleanup_fn sh -c "echo $value >$thp/$setting"
done
# The kernel's, not ours: khugepaged does within a second what takes it a minute on a real machine.
echo 200 >"$thp/khugepaged/scan_sleep_millisecs"
echo 100000 >"$thp/khugepaged/pages_to_scan"

start_reliefd
for mode in always madvise never; do
	echo "$mode" >"$thp/enabled"
	start_cache "$mode" --size=60M --rate=500
	# By then the coldest entries do not lie side by side any more.
	sleep 4
	if [ "$mode" = always ]; then
		wait_for 60 heap_in_huge_pages always $((50 << 20)) ||
			fail "khugepaged does not come: $(unit_memory always memory.stat)"
	fi
	relieve_honestly "$mode" "$mode" 10M
	note "$mode: memory.current fell by $fell"
	assert_ge "the kernel has back of $mode" $((claimed * 8 / 10)) "$fell"
	relieve_honestly "$mode" "$mode" 5M
	after=$(unit_memory "$mode")
	# khugepaged has been round ten times: it fills nothing up again. What does is the cache itself.
	sleep 2
	assert_le "what $mode has two seconds later" $((after + (4 << 20))) "$(unit_memory "$mode")"
	assert_ge "the yield of $mode after that" 9000 "$(module_property "$mode" YieldRatio)"
	stop_unit "$mode"
done
