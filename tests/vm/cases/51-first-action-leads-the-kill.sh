# SPDX-License-Identifier: GPL-2.0-or-later
# test: in a group of 128 MiB the first action comes 5 s before the kill at 20 MB/s, 1 s at 100 MB/s
# timeout: 600

start_reliefd --log-level=debug # for the records of single steps; it changes no decision
for rate in 20M 100M 300M ''; do
	runaway "hog-${rate:-fast}" "$rate"
	note "${rate:-as fast as it goes}: $((128000 / fill_ms)) MiB/s reached, killed after $fill_ms ms;" \
		"first action ${action_ms:-never} ms before (by ${action_signal:-nothing})," \
		"first request ${request_ms:-never}"
	assert "an action at ${rate:-full speed}" test -n "$action_ms"
	case $rate in
	20M) assert_ge "ms of lead at 20 MB/s" 5000 "$action_ms" ;;
	100M) assert_ge "ms of lead at 100 MB/s" 1000 "$action_ms" ;;
	*) assert_ge "ms of lead at ${rate:-full speed}" 1 "$action_ms" ;;
	esac
	assert "a request at ${rate:-full speed}" test -n "$request_ms"
	assert_ge "ms between the request and the kill at ${rate:-full speed}" 1 "$request_ms"
done
