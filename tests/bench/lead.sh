# SPDX-License-Identifier: GPL-2.0-or-later
# test: how long before the kernel's OOM kill reliefd acts
# timeout: 600
#
# Runs in the guest like a case of tests/vm; tests/bench/lead brings it there.

# measure MODE
measure() {
	local rate

	start_reliefd
	for rate in 20M 100M 300M ''; do
		runaway "$1-${rate:-fast}" "$rate"
		note "$(printf '%-8s  %5s  %5d MiB/s  %8d ms  %9s ms  %9s ms  %s' "$1" "${rate:-max}" \
			$((128000 / (fill_ms > 0 ? fill_ms : 1))) "$fill_ms" "${action_ms:--}" "${request_ms:--}" \
			"${action_signal:--}")"
	done
	stop_reliefd
}

have_reliefd || skip "reliefd is not installed"
note "signals   asked      reached      kill at  action leads  request leads  told by"
measure all
# PSI alone: no level looks at what is left or how fast it goes, and no timer helps
daemon_settings <<-'CONF'
	[Daemon]
	GrowthClock=none
CONF
profile_settings <<-'CONF'
	[Headroom]
	Medium=0
	High=0
	Critical=0
	[Exhaustion]
	Medium=0
	High=0
	Critical=0
	[Sampling]
	FillRate=1M
CONF
measure psi-only
note "aim: an action leads by at least 5000 ms at 20 MB/s, 1000 ms at 100 MB/s, and comes before the kill at any speed"
