# SPDX-License-Identifier: GPL-2.0-or-later
# test: doctor finds nothing wrong on a good host, and names a competing daemon with the fix
# timeout: 90

start_reliefd
said=$(reliefctl doctor) || fail "doctor: $said"
systemctl start earlyoom || skip "no earlyoom here"
cleanup_fn systemctl stop earlyoom
said=$(reliefctl doctor || true)
note "$(grep -i earlyoom <<<"$said" | head -n 2)"
assert_match "what doctor says" 'systemctl .*earlyoom' "$said"
