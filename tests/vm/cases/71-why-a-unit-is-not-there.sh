# SPDX-License-Identifier: GPL-2.0-or-later
# test: a unit that does not exist, one that does not run and one out of control are told apart; a user is sent to sudo
# release: 13
# timeout: 240

says() { # STATUS PATTERN ARGUMENT...
	local wanted=$1 pattern=$2 status=0 said
	shift 2
	said=$(reliefctl "$@" 2>&1) || status=$?
	assert_eq "status of reliefctl $*" "$wanted" "$status"
	assert_match "reliefctl $*" "$pattern" "$said"
}

start_reliefd
says 1 "There is no unit 'nosuch\.service'" status nosuch
says 1 "earlyoom\.service is not running \(systemd has it as inactive\)" status earlyoom
says 1 "There is no cgroup '/no/such'" status /no/such
says 1 "There is no module m99; reliefctl list modules" show m99
says 0 "Level: low" status systemd-journald

# a unit that the profile does not list: the shipped one lists all, so that this case needs another
stop_reliefd
profile_settings <<<$'[Groups]\nUnits=\nUnits=cache*.service'
start_reliefd
start_unit other -- sleep infinity
says 1 'other\.service runs, but is not under control: Units= of profile default \(/usr/lib/reliefd/profiles/default\.conf and its drop-ins\)' status other
says 1 'The cgroup /system\.slice/other\.service is there, but not under control' status /system.slice/other.service

# nothing here could ask for a password
said=$(runuser -u nobody -- reliefctl relieve --bytes=1M 2>&1 </dev/null) && fail "nobody may relieve: $said"
note "$said"
assert_match "an ordinary user" 'use sudo reliefctl relieve' "$said"
said=$(runuser -u nobody -- reliefctl reload 2>&1 </dev/null) && fail "nobody may reload: $said"
assert_match "an ordinary user" 'use sudo reliefctl reload' "$said"
