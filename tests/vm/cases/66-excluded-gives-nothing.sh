# SPDX-License-Identifier: GPL-2.0-or-later
# test: nothing is taken from what is excluded, by any of the documented ways; who ranks last gives last
# release: 13
# repeat: 1
# timeout: 600

# Services with a cache of 20 MB each: one excluded by the profile, one by its unit file, one by
# ManagedOOMPreference=omit, one protected, one with nothing said of it. First everything is ordered,
# then a hog makes a real shortage, then two that rank differently are asked for what one can give.
# The profile is the shipped one; the drop-in has only the exclusion that is tried.

drop_in() { # NAME: standard input becomes a drop-in of the unit until the case ends
	mkdir -p "/run/systemd/system/$1.service.d"
	cat >"/run/systemd/system/$1.service.d/relief.conf"
	cleanup_fn rm -r "/run/systemd/system/$1.service.d"
}

start_cache_with() { # NAME PROPERTY...: start_cache has no properties
	local name=$1 n

	n=$(manager NModules)
	start_unit "$name" "${@:2}" -- example-cache --name="$name" --size=20M
	wait_for 30 journal_has 'ready,' "$name.service" || fail "$name is not ready"
	wait_for 10 manager_is NModules $((n + 1)) || fail "$name does not register"
}

group_property() { # NAME PROPERTY
	reliefctl show --value -p "$2" "$1.service"
}

assert_spared() { # NAME...: never asked, never reclaimed from, and it has all it had
	local name

	for name; do
		assert_eq "requests to $name" 0 "$(requests_of "$name" | wc -l)"
		assert_eq "what reliefd did to $name" 0 \
			"$(journal_count _SYSTEMD_UNIT=reliefd.service CGROUP="/system.slice/$name.service" RUNG=shed)"
		assert_eq "what the kernel was asked of $name" 0 \
			"$(journal_count _SYSTEMD_UNIT=reliefd.service CGROUP="/system.slice/$name.service" RUNG=reclaim)"
		assert_ge "memory of $name" $((20 << 20)) "$(unit_memory "$name")"
	done
}

drop_in byfile <<<$'[X-Relief]\nExclude=yes'
profile_settings <<<$'[Groups]\nExclude=byprofile.service\nProtectedUnits=protected.service\nPriority=last.service:10'
start_reliefd --log-level=debug # for the records of single steps; it changes no decision
start_cache byprofile --size=20M
start_cache byfile --size=20M
start_cache_with byattribute --property=ManagedOOMPreference=omit
start_cache protected --size=20M
start_cache plain --size=20M
for name in byprofile byfile byattribute; do
	assert_eq "$name is excluded" yes "$(group_property "$name" Excluded)"
	note "$name: $(group_property "$name" ExcludedBy)"
done
assert_eq "protected is excluded" no "$(group_property protected Excluded)"

reliefctl relieve --bytes=500M --max-rung=unload >"$scratch/all"
note "an order for 500M: $(cat "$scratch/all")"
assert_spared byprofile byfile byattribute
assert_ge "requests to plain" 1 "$(requests_of plain | wc -l)"
assert_ge "requests to protected" 1 "$(requests_of protected | wc -l)"
for name in byprofile byfile byattribute; do
	if reliefctl relieve --bytes=10M "$name.service" 2>"$scratch/refusal"; then
		fail "an order for $name was taken"
	fi
	assert "the refusal names the setting: $(cat "$scratch/refusal")" \
		grep -qF "$(group_property "$name" ExcludedBy)" "$scratch/refusal"
done

# A pod's annotation arrives as such a property of its scope.
for preference in avoid omit; do
	systemd-run --quiet --scope --unit="pod-$preference" --slice=system.slice \
		--property=ManagedOOMPreference="$preference" sleep 60 &
	cleanup_fn systemctl stop "pod-$preference.scope"
	wait_for 20 test -d "/sys/fs/cgroup/system.slice/pod-$preference.scope" || fail "no scope"
done
sleep 1
assert_eq "priority of a scope to avoid" 100 "$(reliefctl show --value -p Priority pod-avoid.scope)"
assert_eq "a scope to avoid is excluded" no "$(reliefctl show --value -p Excluded pod-avoid.scope)"
assert_eq "a scope to omit is excluded" yes "$(reliefctl show --value -p Excluded pod-omit.scope)"

# Real pressure: what the others have left is not enough, and still nothing is taken.
stop_unit plain protected
start_unit hog -- hog --rate 50M --to "$((($(mem_available) >> 20) - 90))M" --hold 8s
wait_for 60 journal_has 'Memory of the host is (medium|high|critical)' reliefd.service || fail "no shortage"
wait_for 60 unit_done hog || fail "the hog does not end"
assert_spared byprofile byfile byattribute
assert_ge "rungs that say why" 1 "$(journal_count REASON=excluded)"
note "$(case_journal -o cat REASON=excluded | head -n 1)"
stop_unit hog
sleep 1

# Who ranks last keeps its cache while the other suffices.
start_cache last --size=40M
start_cache first --size=20M
reliefctl relieve --bytes=10M --max-rung=shed >"$scratch/some"
note "an order for 10M: $(cat "$scratch/some")"
assert_eq "requests to last" 0 "$(requests_of last | wc -l)"
assert_eq "requests to first" 1 "$(requests_of first | wc -l)"
reliefctl relieve --bytes=40M --max-rung=shed >/dev/null
assert_ge "requests to last, then" 1 "$(requests_of last | wc -l)"
