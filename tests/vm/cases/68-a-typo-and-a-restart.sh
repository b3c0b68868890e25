# SPDX-License-Identifier: GPL-2.0-or-later
# test: a typo and a restart leave reliefd running with the last good settings, named; a reload ends it
# release: 12
# timeout: 360

dir=/etc/reliefd/profiles/default.conf.d
cleanup_fn rm -rf "$dir"
mkdir -p "$dir"
printf '[Headroom]\nMedium=23%%\n' >"$dir/50-case.conf"
printf '[Daemon]\nDryRun=yes\n' | daemon_settings
start_reliefd
# the typo is in both files; the settings above were sound
printf '[Headroom]\nMediun=24%%\n' >"$dir/50-case.conf"
printf '[Daemon]\nDryRunn=yes\n' | daemon_settings
assert "restart" systemctl restart reliefd
assert "reliefd is active" systemctl -q is-active reliefd
assert_eq "starts over and over" 0 "$(unit_property reliefd NRestarts)"
wait_for 20 manager_is DryRun true || fail "the dry run is forgotten"
assert_match "degraded by name" 'settings' "$(manager DegradedReasons)"
assert_match "what is in force" 'Headroom +Medium +23% +/var/lib/reliefd/last-good.conf:[0-9]+' "$(reliefctl settings)"
assert_journal 'Configuration not loaded: .*reliefd\.conf\.d/.*:2: unknown key DryRunn=.*last good settings are in force'
said=$(reliefctl status)
note "$(grep settings: <<<"$said")"
assert_match "status" 'settings: .*did you mean DryRun=\?.*ago\)' "$said"
reliefctl doctor >"$scratch/doctor" && fail "doctor finds nothing"
assert "doctor names the line" grep -q 'DryRunn=' "$scratch/doctor"
# mended, but for the profile: a reload is refused, and says where
printf '[Daemon]\nDryRun=no\n' | daemon_settings
said=$(reliefctl reload 2>&1) && fail "the typo in the profile was taken"
assert_match "reload" "$dir/50-case.conf:2: unknown key Mediun=" "$said"
printf '[Headroom]\nMedium=24%%\n' >"$dir/50-case.conf"
touch "$dir/60-case"
said=$(reliefctl reload 2>&1) || fail "the mended files were refused: $said"
assert_match "a file that is not read" "$dir/60-case is not read: its name must end in .conf" "$said"
assert_match "what is in force now" "Headroom +Medium +24% +$dir/50-case.conf:2" "$(reliefctl settings)"
assert_eq "dry run" false "$(manager DryRun)"
case $(manager DegradedReasons) in *settings*) fail "still degraded" ;; esac
# no file at all in the place of the copy, and a file that only its owner can read: reliefd has no DAC_OVERRIDE
rm /var/lib/reliefd/last-good.conf
chown nobody "$dir/50-case.conf"
chmod 600 "$dir/50-case.conf"
assert "restart" systemctl restart reliefd
wait_for 20 manager_is Profile default || fail "reliefd is not there"
assert_match "built-in values" 'Headroom +Medium +20% +built-in' "$(reliefctl settings)"
assert_match "named" 'Permission denied.*built-in values' "$(reliefctl status)"
