# SPDX-License-Identifier: GPL-2.0-or-later
# test: of a unit's files, the one that counts for reliefd is the one that counts for systemd
# timeout: 120
# by-name: the case after it does not find the settings that it makes

# Each file says its own number twice: as Description=, which systemd shows, and as Priority=.

units=/run/systemd/system

say() { # NUMBER FILE: below the directory that goes with the case
	mkdir -p "$(dirname "$2")"
	printf '[Unit]\nDescription=%s\n[X-Relief]\nPriority=%s\n' "$1" "$1" >"$2"
}

compare() { # WHAT UNIT
	local wanted got

	systemctl daemon-reload
	reliefctl reload
	wanted=$(systemctl show --value -p Description "$2")
	got=$(reliefctl show --value -p Priority "$2")
	assert_eq "$1" "$wanted" "$got"
	note "$1: $got, $(reliefctl show --value -p PriorityBy "$2")"
}

cleanup_fn rm -rf $units/t67-db@.service{,.d} $units/t67-db@x.service.d $units/t67-.service.d \
	$units/t67-@x.service.d $units/service.d/67.conf /etc/systemd/system/t67-.service.d \
	/etc/systemd/system/t67-sql@.service{,.d}
cleanup_fn systemctl stop t67-db@x.service

say 1 $units/t67-db@.service
printf '[Service]\nExecStart=/bin/sleep infinity\n' >>$units/t67-db@.service
systemctl daemon-reload
systemctl start t67-db@x.service
start_reliefd
compare "a template" t67-db@x.service
say 2 $units/service.d/67.conf
compare "a drop-in of all services" t67-db@x.service
say 3 $units/t67-@x.service.d/67.conf
compare "a prefix with the instance" t67-db@x.service
say 4 $units/t67-.service.d/67.conf
compare "a prefix" t67-db@x.service
say 5 $units/t67-db@.service.d/67.conf
compare "the template's drop-in" t67-db@x.service
say 6 $units/t67-db@x.service.d/67.conf
compare "the instance's drop-in" t67-db@x.service
say 7 /etc/systemd/system/t67-.service.d/67.conf
compare "a prefix in /etc beside the instance in /run" t67-db@x.service
say 8 $units/service.d/68.conf
cleanup_fn rm -f $units/service.d/68.conf
compare "a later name, of all services" t67-db@x.service
ln -s $units/t67-db@.service /etc/systemd/system/t67-sql@.service
say 9 /etc/systemd/system/t67-sql@.service.d/69.conf
compare "the drop-in of an alias" t67-db@x.service
mkdir -p /etc/systemd/system/t67-sql@.service.d
ln -s /dev/null $units/t67-db@x.service.d/69.conf
compare "masked" t67-db@x.service
