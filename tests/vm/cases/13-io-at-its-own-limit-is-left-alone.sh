# SPDX-License-Identifier: GPL-2.0-or-later
# test: a container's I/O at its own memory.max, with memory free, moves nobody
# release: 12
# repeat: 2
# timeout: 600

cleanup_fn rm -f /var/tmp/big
start_reliefd --log-level=debug # for the records of single steps; it changes no decision
start_cache cache --size=50M
start_unit reader --property=MemoryMax=24M -- file-reader --file /var/tmp/big --size 64M --for 5s
wait_for 60 unit_done reader || fail "the reader does not end"
assert "the reader lives" unit_succeeded reader
# what was said of the reader and of the host while it read
attributions=$(case_journal -o json CGROUP=/ \
	CGROUP=/system.slice/reader.service --output-fields=ATTRIBUTION | grep -o '"ATTRIBUTION":"[^"]*"' |
	cut -d'"' -f4 | sort | uniq -c | xargs)
assert_match "attributions" "(io|own-limit)" "$attributions"
note "attributions: $attributions, level of the host: $(manager Level)"
assert_eq "requests" 0 "$(manager NRequests)"
assert_eq "requests the cache saw" "" "$(requests_of cache)"
assert_eq "level of the host" low "$(manager Level)"
assert_eq "reclaims" 0 "$(journal_count RUNG=reclaim MESSAGE_ID=99a7b527c9a84d06a619fa5f7d7e4a98)"
[[ $attributions != *host* ]] || fail "attributed to the host: $attributions"
assert_eq "actions on the host" 0 "$(journal_count CGROUP=/ MESSAGE_ID=99a7b527c9a84d06a619fa5f7d7e4a98)"
