# SPDX-License-Identifier: GPL-2.0-or-later
# test: systemctl stop lasts while clients of both kinds try; a start brings service and clients back
# release: 13
# timeout: 180

# as README says: what `enable` installs must not start it either
systemctl enable --quiet reliefd
cleanup_fn systemctl disable --quiet reliefd
start_reliefd
start_cache cache-1 --size=10M
# a client on the bus, which lets the bus start what it asks for (as all do that say nothing else)
start_unit caller -- bash -c 'while :; do
	busctl call org.reliefd.Relief1 /org/reliefd/Relief1 org.reliefd.Relief1.Manager \
		GetGroupByUnit s caller.service && echo answered || echo refused
	sleep 0.2
done'
wait_for 20 journal_has '^answered' caller.service || fail "no answer: $(unit_output caller)"
stop_reliefd
refusals() {
	unit_output caller | grep -c '^refused'
}
enough_refusals() {
	[ "$(refusals)" -ge 10 ]
}
# the librelief client looks for the socket at least every few seconds; the other calls all the time
sleep 5
wait_for 30 enough_refusals || fail "the client does not try: $(unit_output caller | tail -n 5)"
assert_eq "the service after $(refusals) calls" inactive "$(systemctl is-active reliefd)"
assert "the librelief client lives" unit_alive cache-1
assert_match "what a call says" 'ServiceUnknown|not provided|activat' \
	"$(busctl call org.reliefd.Relief1 / org.freedesktop.DBus.Peer Ping 2>&1)"
assert_eq "the service, still" inactive "$(systemctl is-active reliefd)"

# what tells a client on the bus that it is back
start_unit watcher -- busctl monitor --match="type='signal',member='NameOwnerChanged',arg0='org.reliefd.Relief1'"
wait_for 20 journal_has 'Monitoring bus' watcher.service || fail "no monitor: $(unit_output watcher)"
start_reliefd
wait_for 30 manager_is NModules 1 || fail "the librelief client is not back: $(unit_output cache-1)"
before=$(unit_output caller | grep -c '^answered')
answered_again() {
	[ "$(unit_output caller | grep -c '^answered')" -gt "$before" ]
}
wait_for 20 answered_again || fail "the bus client has no answer: $(unit_output caller | tail -n 5)"
wait_for 10 journal_has 'STRING "org.reliefd.Relief1"' watcher.service ||
	fail "NameOwnerChanged was not sent: $(unit_output watcher)"
