# SPDX-License-Identifier: GPL-2.0-or-later
# test: an idle model is unloaded at high, and loaded again when it is used
# release: 12
# timeout: 600

start_reliefd
start_unit model -- example-model --name=model --size=200M --interval=40000 --idle-limit=2000
wait_for 60 manager_is NModules 1 || fail "the model does not register: $(unit_output model)"
wait_for 90 journal_has 'use 1 ' model.service || fail "the model is not used"
sleep 5
start_unit hog -- hog --rate 50M --until-over-free 80M
wait_for 150 unit_done hog || fail "the hog neither ends nor dies"
assert "the hog finished" unit_succeeded hog
assert_no_kill
assert_journal 'unloaded, freed [1-9]' model.service
wait_for 90 journal_has 'use 2 ' model.service || fail "the model is not used again"
assert_ge "loads" 2 "$(unit_output model | grep -c ': loaded')"
