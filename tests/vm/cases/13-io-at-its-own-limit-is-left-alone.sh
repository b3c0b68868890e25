# SPDX-License-Identifier: GPL-2.0-or-later
# test: a container's I/O at its own memory.max, with memory free, moves nobody
# repeat: 10
# timeout: 90

cleanup_fn rm -f /var/tmp/big
start_reliefd
start_cache cache --size=50M
start_unit reader --property=MemoryMax=24M -- file-reader --file /var/tmp/big --size 64M --for 5s
group=$(busctl call org.reliefd.Relief1 /org/reliefd/Relief1 org.reliefd.Relief1.Manager \
	GetGroupByUnit s reader.service | cut -d'"' -f2)
attributions=
until unit_done reader; do
	# the group goes with its last process: no answer then
	attributions+=" $(busctl get-property org.reliefd.Relief1 "$group" org.reliefd.Relief1.Group \
		Attribution 2>/dev/null | cut -d'"' -f2)"
	sleep 0.5
done
assert "the reader lives" unit_succeeded reader
attributions=$(xargs -n1 <<<"$attributions" | sort | uniq -c | xargs)
assert_match "attributions of the reader" "(io|own-limit)" "$attributions"
note "attributions of the reader: $attributions, level of the host: $(manager Level)"
assert_eq "requests" 0 "$(manager NRequests)"
assert_eq "requests the cache saw" "" "$(requests_of cache)"
assert_eq "level of the host" low "$(manager Level)"
assert_eq "reclaims" 0 "$(journal_count RUNG=reclaim MESSAGE_ID=99a7b527c9a84d06a619fa5f7d7e4a98)"
assert_eq "actions on the host" 0 "$(journal_count CGROUP=/ MESSAGE_ID=99a7b527c9a84d06a619fa5f7d7e4a98)"
