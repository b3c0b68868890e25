# SPDX-License-Identifier: GPL-2.0-or-later
# test: quickstart on a host: a slice runs short, its hog finishes, and nothing of it stays
# timeout: 240

bash /run/vm/bin/on-host /run/vm
assert_eq "the status of on-host" 0 $?
assert_eq "units that stay" "" "$(systemctl list-units --all --plain --no-legend '*quickstart*' 'reliefd-show*')"
[ ! -e /run/reliefd-quickstart ] || fail "/run/reliefd-quickstart stays"
[ ! -e /etc/systemd/system.control ] || fail "settings of the slice stay"
assert_eq "settings that stay" "" "$(ls /run/systemd/system.control 2>/dev/null)"
