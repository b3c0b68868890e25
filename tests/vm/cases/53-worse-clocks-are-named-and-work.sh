# SPDX-License-Identifier: GPL-2.0-or-later
# test: without capability, without bpf(2), or by setting: the clock that is left is named, and sees a hog in time
# timeout: 480

unit_setting() { # NAME=VALUE...: of reliefd.service, until the next one
	mkdir -p /run/systemd/system/reliefd.service.d
	printf '%s\n' '[Service]' "$@" >/run/systemd/system/reliefd.service.d/91-case.conf
	systemctl daemon-reload
}

# try CLOCK REASON: what is told, and that an action leads the kill of a hog in a limited group
try() {
	local reasons

	start_reliefd --log-level=debug # for the records of single steps; it changes no decision
	assert_eq "the clock" "$1" "$(manager GrowthClock)"
	reasons=$(manager DegradedReasons)
	assert_match "what it lacks" "(^| )$2( |$)" "$reasons"
	assert_match "what doctor says of $1" "growth.*$1" "$(reliefctl doctor)"
	runaway "hog-$1-$2" 20M
	note "$1 ($2): first action ${action_ms:-never} ms before the kill"
	assert "an action with the clock $1" test -n "$action_ms"
	assert_ge "ms of lead with the clock $1" 1000 "$action_ms"
	stop_reliefd
	systemctl reset-failed
}

cleanup_fn systemctl daemon-reload
cleanup_fn rm -f /run/systemd/system/reliefd.service.d/91-case.conf
unit_setting CapabilityBoundingSet= 'CapabilityBoundingSet=CAP_KILL CAP_SYS_RESOURCE'
try none no-bpf-capability
unit_setting SystemCallFilter=~bpf
try none no-bpf
unit_setting
# the setting is the claim: with it the fallback is taken where the better clock would load
daemon_settings <<<$'[Daemon]\nGrowthClock=task-iterator'
try task-iterator bpf-off
