# SPDX-License-Identifier: GPL-2.0-or-later
# test: reliefctl relieve --bytes=N takes N, within a tenth or a block of what gives
# release: 12
# timeout: 360

# With the shipped profile, against real caches: fine ones, one in blocks of 4 MiB, one of 26 MiB.

taken() { # by all modules so far, as they say, in bytes
	manager ClaimedBytes
}

order() { # NAME MIB QUANTUM_MIB
	local before slack=$(($2 * 1048576 / 10)) got out late

	before=$(taken) late=$(manager NLate)
	out=$(reliefctl relieve --bytes="$2M" --max-rung=shed) || fail "relieve of $2M: $out"
	sleep 0.5
	got=$(($(taken) - before))
	[ $((slack)) -ge $(($3 << 20)) ] || slack=$(($3 << 20))
	note "$1, $2M: $((got >> 10)) KiB taken, $(($(manager NLate) - late)) late; $out"
	assert_ge "taken for $2M from $1" $(($2 * 1048576 - slack)) "$got"
	assert_le "taken for $2M from $1" $(($2 * 1048576 + slack)) "$got"
}

start_reliefd
start_cache order-one --size=90M --rate=0
start_cache order-two --size=90M --rate=0
for mib in 1 5 10 20 80; do
	order fine "$mib" 1
done
stop_unit order-one order-two
wait_for 10 manager_is NModules 0 || fail "the caches stay"
# Each answers 1.2 s after it was asked, more than twice the deadline.
start_cache order-slow --size=90M --rate=0 --reply-delay=1200
start_cache order-slower --size=80M --rate=0 --reply-delay=1200
for mib in 5 80; do
	order late "$mib" 1
done
assert_ge "late answers" 2 "$(manager NLate)"
stop_unit order-slow order-slower
wait_for 10 manager_is NModules 0 || fail "the caches stay"
start_cache order-four --size=120M --rate=0 --block=4M
for mib in 1 5 10 20 60; do
	order blocks-of-4M "$mib" 4
done
stop_unit order-four
wait_for 10 manager_is NModules 0 || fail "the cache stays"
start_cache order-coarse --size=156M --rate=0 --block=26M
for mib in 1 10 40; do
	order blocks-of-26M "$mib" 26
done
assert_no_kill
