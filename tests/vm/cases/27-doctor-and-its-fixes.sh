# SPDX-License-Identifier: GPL-2.0-or-later
# test: doctor finds nothing wrong on a good host, sets other guards' thresholds beside ours, and its fix works
# release: 13
# timeout: 180

row() { # NAME: its line and the fix
	grep -A1 "^$1 " <<<"$said"
}

# a guard that is just starting is not judged yet, so doctor is asked until it is
doctor_finds() { # REGEX: for wait_for, about the check "competing"
	said=$(reliefctl doctor || true)
	[[ $(row competing) =~ $1 ]]
}

start_reliefd
said=$(reliefctl doctor) || fail "doctor: $said"
assert_match "competing, without any" '^competing +ok .*reliefd acts when 20%, 10% and 5% are left and kills nothing' "$(row competing)"

systemctl start earlyoom || skip "no earlyoom here"
cleanup_fn systemctl stop earlyoom
shipped='^competing +warn +earlyoom kills when 10% is left;'
wait_for 20 doctor_finds "$shipped" || true
note "$(row competing)"
assert_match "earlyoom as it is shipped" "$shipped" "$(row competing)"
assert_match "the fix" '"-m 4".*systemctl restart earlyoom' "$(row competing)"
grep -Eq 'disable|stop earlyoom' <<<"$(row competing)" && fail "it advises to switch the last guard off"

# what the fix says
mkdir -p /run/systemd/system/earlyoom.service.d
printf '[Service]\nEnvironment=EARLYOOM_ARGS=\nExecStart=\nExecStart=/usr/bin/earlyoom -r 3600 -m 4\n' \
	>/run/systemd/system/earlyoom.service.d/case.conf
cleanup_fn systemctl daemon-reload
cleanup_fn rm -rf /run/systemd/system/earlyoom.service.d
systemctl daemon-reload
systemctl restart earlyoom
below='^competing +ok +earlyoom kills when 4% is left;'
wait_for 20 doctor_finds "$below" || true
assert_match "earlyoom below us" "$below" "$(row competing)"
assert "doctor ends well" reliefctl doctor

# a guard that watches nothing
systemctl unmask --runtime systemd-oomd >/dev/null 2>&1 || true
systemctl unmask systemd-oomd >/dev/null 2>&1 || true
cleanup_fn systemctl mask systemd-oomd
cleanup_fn systemctl stop systemd-oomd.service systemd-oomd.socket
if systemctl start systemd-oomd; then
	oomd='^competing +ok +systemd-oomd runs and watches no cgroup;'
	wait_for 20 doctor_finds "$oomd" || true
	note "$(row competing)"
	assert_match "oomd" "$oomd" "$(row competing)"
fi
