# SPDX-License-Identifier: GPL-2.0-or-later
# test: the installed unit: exposure at most 2.0, few capabilities, memory locked, few descriptors
# timeout: 120

start_reliefd
pid=$(unit_property reliefd MainPID)
exposure=$(systemd-analyze security --no-pager reliefd.service | sed -n 's/.*Overall exposure level.*: \([0-9.]*\).*/\1/p')
note "exposure $exposure"
assert "exposure at most 2.0" awk -v e="$exposure" 'BEGIN { exit !(e != "" && e <= 2.0) }'
effective=$(sed -n 's/^CapEff:\t*//p' "/proc/$pid/status")
note "effective capabilities $effective"
# CAP_KILL is bit 5, CAP_SYS_RESOURCE bit 24: nothing else stays after start
assert_eq "other capabilities" 0 $((0x$effective & ~((1 << 5) | (1 << 24))))
# the bounding set matters at exec only, which no_new_privs makes harmless: and BPF, PERFMON
bounding=$(sed -n 's/^CapBnd:\t*//p' "/proc/$pid/status")
assert_eq "bounding set beyond these" 0 $((0x$bounding & ~((1 << 5) | (1 << 24) | (1 << 38) | (1 << 39))))
assert_eq "no new privileges" 1 "$(sed -n 's/^NoNewPrivs:\t*//p' "/proc/$pid/status")"
assert_ge "locked memory, kB" 100 "$(sed -n 's/^VmLck:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")"
assert_eq "OOM score" -900 "$(cat "/proc/$pid/oom_score_adj")"
descriptors=$(find "/proc/$pid/fd" -mindepth 1 | grep -c '')
note "$descriptors descriptors"
assert_le "descriptors" 64 "$descriptors"
assert_match "status line" 'Level low' "$(unit_property reliefd StatusText)"
