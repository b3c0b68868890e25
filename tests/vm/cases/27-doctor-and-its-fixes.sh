# SPDX-License-Identifier: GPL-2.0-or-later
# test: doctor finds nothing wrong on a good host, sets other guards' thresholds beside ours, and its fix works
# timeout: 90

row() { # NAME: its line and the fix
	grep -A1 "^$1 " <<<"$said"
}

start_reliefd
said=$(reliefctl doctor) || fail "doctor: $said"
assert_match "competing, without any" '^competing +ok .*reliefd acts when 20%, 10% and 5% are left and kills nothing' "$(row competing)"

systemctl start earlyoom || skip "no earlyoom here"
cleanup_fn systemctl stop earlyoom
said=$(reliefctl doctor || true)
note "$(row competing)"
assert_match "earlyoom as it is shipped" '^competing +warn +earlyoom kills when 10% is left;' "$(row competing)"
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
said=$(reliefctl doctor) || fail "doctor: $said"
assert_match "earlyoom below us" '^competing +ok +earlyoom kills when 4% is left;' "$(row competing)"

# a guard that watches nothing
systemctl unmask --runtime systemd-oomd >/dev/null 2>&1 || true
systemctl unmask systemd-oomd >/dev/null 2>&1 || true
cleanup_fn systemctl mask systemd-oomd
cleanup_fn systemctl stop systemd-oomd.service systemd-oomd.socket
if systemctl start systemd-oomd; then
	said=$(reliefctl doctor || true)
	note "$(row competing)"
	assert_match "oomd" '^competing +ok +systemd-oomd runs and watches no cgroup;' "$(row competing)"
fi
