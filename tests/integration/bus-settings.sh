#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reload and SetDryRun: a bad profile changes nothing and is named by file and line

. "$(dirname "$0")/bus-lib.sh"

start_all
cgroup=/system.slice/cache.service
drop_in=$dir/etc/etc/reliefd/profiles/default.conf.d
mkdir -p "$drop_in"
listen "$dir/signals"

printf '[Headroom]\n\nMediumm=20%%\n' >"$drop_in/10-test.conf"
refused PolicyInvalid '10-test\.conf:3: ' manager Reload
printf '[Dwell]\nTime=soon\n' >"$drop_in/10-test.conf"
refused PolicyInvalid '10-test\.conf:2: .*Time' manager Reload
alive
[ "$(get $root_path $manager Profile)" = '"default"' ] || fail "Profile"
said 'Configuration not loaded: .*10-test.conf:2: .*what was in force before stays' || fail 'the log lacks the problem'

rm "$drop_in/10-test.conf"
manager Reload
wait_for "PropertiesChanged" grep -q 'PropertiesChanged.*Manager.*"Profile"' "$dir/signals"
grep -q 'PropertiesChanged.*Manager.*"BrakeMode":{"type":"s","data":"off"}' "$dir/signals" || fail "BrakeMode"
ok "a sound profile is loaded"
printf '[Daemon]\nProfile=server\n' >"$dir/etc/etc/reliefd/reliefd.conf"
manager Reload
[ "$(get $root_path $manager Profile)" = '"server"' ] || fail "Profile is $(get $root_path $manager Profile)"
ok "another profile is loaded"

# --- dry run: said, not done
start_agent cache $cgroup
hears cache '^registered'
manager SetDryRun b true
[ "$(get $root_path $manager DryRun)" = true ] || fail "DryRun"
wait_for "PropertiesChanged" grep -q 'PropertiesChanged.*"DryRun":{"type":"b","data":true}' "$dir/signals"
[ "$(manager Relieve 'stsa{sv}' $cgroup 1048576 shed 0)" = "tt 0 0" ] || fail "a dry run freed something"
wait_for "the outcome" grep -q 'ActionFinished.*"dry-run"' "$dir/signals"
wait_for "the sentence" said 'Dry run, not done: cache "images"'
grep -q '^request' "$dir/cache.out" && fail "the module was asked in a dry run"
ok "a dry run only says"
manager SetDryRun b false
manager Relieve 'stsa{sv}' $cgroup 1048576 shed 0 >/dev/null
hears cache '^request images shed'
ok "and can be switched off"
stop_reliefd
