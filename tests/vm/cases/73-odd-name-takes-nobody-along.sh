# SPDX-License-Identifier: GPL-2.0-or-later
# test: a cgroup whose name is no UTF-8 is shown escaped, and all verbs work
# release: 13
# timeout: 240

odd=$'/sys/fs/cgroup/system.slice/bad\xff.service'
mkdir "$odd"
cleanup_fn rmdir "$odd"
echo 100M >"$odd/memory.max"
start_reliefd
start_unit beside -- sleep 60
for verb in status list metrics "top --once" tasks suggestions "status --json=short" "list --json=short"; do
	# shellcheck disable=SC2086 # words
	said=$(reliefctl $verb 2>&1) || fail "reliefctl $verb: $said"
	iconv -f UTF-8 -t UTF-8 <<<"$said" >/dev/null || fail "reliefctl $verb is no UTF-8"
done
busctl --json=short call org.reliefd.Relief1 /org/reliefd/Relief1 org.freedesktop.DBus.ObjectManager \
	GetManagedObjects >managed || fail "GetManagedObjects"
assert "it is shown escaped" grep -Fq 'bad\\xff.service' managed
assert "the others are there" grep -Fq 'system.slice/beside.service' managed
assert "it is found by that name" reliefctl status '/system.slice/bad\xff.service'
