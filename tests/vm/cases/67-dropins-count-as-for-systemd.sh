# SPDX-License-Identifier: GPL-2.0-or-later
# test: of a unit's files, the one that counts for reliefd is the one that counts for systemd
# release: 13
# timeout: 240

# Each file says its own number twice: as Description=, which systemd shows, and as Priority=.
# Every unit NAME has the files of the ones before it and one more, so that few reloads do.

run=/run/systemd/system
etc=/etc/systemd/system

say() { # NUMBER FILE: below the directory that goes with the case
	mkdir -p "$(dirname "$2")"
	printf '[Unit]\nDescription=%s\n[X-Relief]\nPriority=%s\n' "$1" "$1" >"$2"
	[[ $2 == *.d/* ]] || printf '[Service]\nExecStart=/bin/sleep infinity\n' >>"$2"
}

units=(t67a t67b t67c t67d t67e t67f t67g t67h t67i t67j)
what=(
	"a template"
	"a drop-in of all services"
	"a prefix with the instance"
	"a prefix"
	"the template's drop-in"
	"the instance's drop-in"
	"a prefix in /etc beside the instance in /run"
	"a later name, of all services"
	"the drop-in of an alias"
	"masked"
)

# place N: what unit N has beside the drop-ins of all services
place() {
	local name=${units[$1]}

	say 1 "$run/$name-db@.service"
	[ "$1" -lt 2 ] || say 3 "$run/$name-@x.service.d/67.conf"
	[ "$1" -lt 3 ] || say 4 "$run/$name-.service.d/67.conf"
	[ "$1" -lt 4 ] || say 5 "$run/$name-db@.service.d/67.conf"
	[ "$1" -lt 5 ] || say 6 "$run/$name-db@x.service.d/67.conf"
	[ "$1" -lt 6 ] || say 7 "$etc/$name-.service.d/67.conf"
	[ "$1" -lt 8 ] || {
		ln -s "$run/$name-db@.service" "$etc/$name-sql@.service"
		say 9 "$etc/$name-sql@.service.d/69.conf"
	}
	[ "$1" -lt 9 ] || ln -s /dev/null "$run/$name-db@x.service.d/69.conf"
}

compare() { # FIRST LAST
	local i unit wanted got

	systemctl daemon-reload
	for ((i = $1; i <= $2; i++)); do
		systemctl start "${units[i]}-db@x.service"
	done
	reliefctl reload
	for ((i = $1; i <= $2; i++)); do
		unit=${units[i]}-db@x.service
		wanted=$(systemctl show --value -p Description "$unit")
		wait_for 10 reliefctl show "$unit" >/dev/null 2>&1
		got=$(reliefctl show --value -p Priority "$unit")
		assert_eq "${what[i]}" "$wanted" "$got"
		note "${what[i]}: $got, $(reliefctl show --value -p PriorityBy "$unit")"
	done
}

cleanup_fn systemctl daemon-reload
cleanup_fn sh -c "rm -rf $run/t67* $etc/t67* $run/service.d/67.conf $run/service.d/68.conf"
cleanup_fn systemctl stop 't67*.service'

for i in "${!units[@]}"; do
	place "$i"
done
start_reliefd
compare 0 0
say 2 $run/service.d/67.conf
compare 1 6
say 8 $run/service.d/68.conf
compare 7 9
