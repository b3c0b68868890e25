# SPDX-License-Identifier: GPL-2.0-or-later
# test: everybody may look and register; only root and polkit's chosen may change things
# release: 13
# timeout: 120

start_reliefd
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
assert "nobody may read" as_nobody busctl get-property org.reliefd.Relief1 /org/reliefd/Relief1 \
	org.reliefd.Relief1.Manager Level
said=$(as_nobody busctl call org.reliefd.Relief1 /org/reliefd/Relief1 org.reliefd.Relief1.Manager \
	SetDryRun b true 2>&1) && fail "nobody switched dry run on"
note "$said"
assert_eq "dry run" false "$(manager DryRun)"
said=$(as_nobody busctl call org.reliefd.Relief1 /org/reliefd/Relief1 org.reliefd.Relief1.Manager \
	Reload 2>&1) && fail "nobody reloaded"
assert "root may" busctl call org.reliefd.Relief1 /org/reliefd/Relief1 org.reliefd.Relief1.Manager SetDryRun b true
assert_eq "dry run" true "$(manager DryRun)"
start_unit cache -- setpriv --reuid=65534 --regid=65534 --clear-groups example-cache --name=c --size=10M
wait_for 20 manager_is NModules 1 || fail "a cache of nobody does not register"
