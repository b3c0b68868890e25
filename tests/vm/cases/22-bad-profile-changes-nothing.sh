# SPDX-License-Identifier: GPL-2.0-or-later
# test: a bad profile is refused with file, line and fix, and the old one stays
# release: 12
# timeout: 120

# The settings are the claim: bad ones change nothing, a good one is taken over.

dir=/etc/reliefd/profiles/default.conf.d
cleanup_fn rm -rf "$dir"
start_reliefd
mkdir -p "$dir"
printf '[Headroom]\nMedium=120%%\n' >"$dir/50-case.conf"
said=$(reliefctl reload 2>&1) && fail "a bad profile was taken: $said"
note "$said"
assert_match "what reload says" "$dir/50-case.conf:2: .*Medium" "$said"
assert "reliefd lives" unit_alive reliefd
assert_eq "profile" default "$(manager Profile)"
printf '[Headroom]\nMedium=30%%\n' >"$dir/50-case.conf"
assert "a good one is taken" reliefctl reload
# the unit's own reload is the same thing
assert "systemctl reload works" systemctl reload reliefd
