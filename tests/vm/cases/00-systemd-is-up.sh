# SPDX-License-Identifier: GPL-2.0-or-later
# test: systemd is PID 1, up, and no unit has failed

assert_eq "PID 1" systemd "$(cat /proc/1/comm)"
assert_eq "failed units" "" "$(systemctl --failed --no-legend --plain)"
assert "the bus answers" busctl call org.freedesktop.DBus / org.freedesktop.DBus GetId
note "$(systemctl --version | head -n1), kernel $(uname -r)"
note "available when idle: $(($(mem_available) >> 20)) MiB of $(($(mem_total) >> 20))"
