#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# unit.sh BUILD_DIR: the units as installed: systemd finds nothing to say about them, the exposure
# score of each service stays at most 2.0 (systemd-oomd's; ours are lower, see packaging/systemd), and
# nothing starts reliefd on behalf of a client.

set -euo pipefail

build=$1
most_tenths=20

command -v systemd-analyze >/dev/null || {
	echo "systemd-analyze is not installed"
	exit 77
}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

DESTDIR=$root meson install -C "$build" --no-rebuild --quiet
mapfile -t units < <(find "$root/usr/lib/systemd/system" -type f | sort)
[ ${#units[@]} -gt 0 ] || {
	echo "no unit was installed"
	exit 1
}

# The units of systemd itself, which ours are ordered against, and the pages they point at, are
# taken from this host.
for unit in "${units[@]}"; do
	echo "$(basename "$unit"):"
	said=$(SYSTEMD_UNIT_PATH="$root/usr/lib/systemd/system:" systemd-analyze verify --man=no \
		"$unit" 2>&1 | grep -v "Command .* is not executable" || true)
	[ -z "$said" ] || {
		echo "$said"
		exit 1
	}
	# what systemd does not find on this host must be in the installed tree
	while IFS= read -r command; do
		[ -x "$root$command" ] || {
			echo "$command is not installed"
			exit 1
		}
	done < <(sed -nE 's/^Exec[A-Za-z]*=[-+!@:]*(\/[^ ]*).*/\1/p' "$unit")
done

for unit in "${units[@]}"; do
	[[ $unit == *.service ]] || continue
	score=$(systemd-analyze security --offline=true --no-pager "$unit" |
		sed -nE 's/.*exposure level for [^:]*: ([0-9]+)\.([0-9]).*/\1\2/p')
	echo "exposure of $(basename "$unit"): $((10#$score / 10)).$((10#$score % 10))"
	[ "$score" -le "$most_tenths" ]
done

# bus or socket activation would undo an administrator's `systemctl stop` at the next call
starters=$(find "$root" -path '*/dbus-1/system-services/*' -o -name '*.socket' -o -name 'dbus-*.service')
starters+=$(grep -lE '^(Alias=dbus-|Sockets=)' "${units[@]}" || true)
[ -z "$starters" ] || {
	echo "a client's call starts reliefd by: $starters"
	exit 1
}
