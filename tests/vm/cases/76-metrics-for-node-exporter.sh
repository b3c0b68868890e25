# SPDX-License-Identifier: GPL-2.0-or-later
# test: the timer gives node_exporter a whole file while reliefd runs, and takes it away when it does not
# release: 12
# timeout: 180

directory=/var/lib/prometheus/node-exporter
file=$directory/reliefd.prom
! systemctl --quiet is-enabled reliefd-metrics.timer || fail "the timer is on without being asked for"
# what the package of node_exporter brings
mkdir -p "$directory"
cleanup_fn rm -rf /var/lib/prometheus
start_reliefd
cleanup_fn systemctl disable --quiet --now reliefd-metrics.timer
systemctl enable --quiet --now reliefd-metrics.timer
wait_for 20 test -s "$file" || fail "no file: $(journalctl -b -q -u reliefd-metrics -n 5 -o cat)"
assert_ge "metrics" 10 "$(grep -c '^relief_' "$file")"
assert_eq "its rights" "644 root" "$(stat -c '%a %U' "$file")"
assert_eq "files" reliefd.prom "$(ls "$directory")"
first=$(stat -c %i "$file")
renewed() {
	[ "$(stat -c %i "$file")" != "$first" ]
}
wait_for 25 renewed || fail "no second file: $(systemctl status --no-pager reliefd-metrics.timer)"
! journal_has . reliefd-metrics.service || fail "it speaks when all is well: $(unit_output reliefd-metrics)"

stop_reliefd
systemctl start reliefd-metrics.service || fail "a stopped reliefd is a failure: $(unit_output reliefd-metrics)"
assert_eq "files without reliefd" "" "$(ls "$directory")"
assert_eq "the service after that" inactive "$(systemctl is-active reliefd)"
