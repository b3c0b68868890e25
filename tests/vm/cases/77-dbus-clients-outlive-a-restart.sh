# SPDX-License-Identifier: GPL-2.0-or-later
# test: a client on D-Bus stays registered over restarts and a crash; a masked module stays out
# release: 13
# timeout: 240

# The client knows nothing of restarts: it registers once and answers.
start_reliefd
mkfifo "$scratch/in"
start_unit client --property=StandardInput="file:$scratch/in" -- bus-agent --size=50M
exec 7<>"$scratch/in"
echo go >&7
wait_for 30 manager_is NModules 1 || fail "the client does not register: $(unit_output client)"
object=$(busctl tree --list org.reliefd.Relief1 | grep /module/m)

systemctl restart reliefd
wait_for 30 manager_is NModules 1 || fail "gone after a restart"
pid=$(unit_property reliefd MainPID)
kill -KILL "$pid"
back() {
	[ "$(unit_property reliefd MainPID)" != "$pid" ] && manager_is NModules 1
}
wait_for 30 back || fail "gone after a crash"
assert_eq "the object" "$object" "$(busctl tree --list org.reliefd.Relief1 | grep /module/m)"
reliefctl relieve --bytes=1M --max-rung=shed || fail "relieve"
assert_match "the request" '^request images shed' "$(unit_output client | grep request)"

reliefctl mask client.service images || fail "mask"
assert_eq "modules" 0 "$(manager NModules)"
assert_journal 'User 0 masked module "images" of client.service' client.service
systemctl restart reliefd
wait_for 30 manager_is NModules 0 || fail "registered over a mask"
assert_match "the list" '/system.slice/client.service +images' "$(reliefctl list masked)"
echo 'register 50000000' >&7
wait_for 10 eval 'unit_output client | grep -q "refused images.*Masked"' || fail "$(unit_output client)"

# librelief registers by itself once the mask is lifted
start_cache cache --size=20M
reliefctl mask cache || fail "mask"
assert_eq "modules" 0 "$(manager NModules)"
reliefctl unmask cache || fail "unmask"
wait_for 30 manager_is NModules 1 || fail "librelief does not register after unmask"
reliefctl unmask client images || fail "unmask"
echo 'register 50000000' >&7
wait_for 30 manager_is NModules 2 || fail "$(unit_output client)"
