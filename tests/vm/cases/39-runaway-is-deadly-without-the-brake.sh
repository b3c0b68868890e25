# SPDX-License-Identifier: GPL-2.0-or-later
# test: control: without the brake the runaway of 40 is killed before the cache has answered
# timeout: 180

profile_settings <<<$'[Ladder]\nShedDeadline=4s'
place_runaway inside unbraked 100M
start_reliefd
wait_for 30 manager_is NModules 1 || fail "the cache does not register"
sleep 3
touch "$scratch/go-unbraked"
wait_for 60 unit_done unbraked || fail "it neither ends nor dies: $(unit_output unbraked)"
note "$(unit_output unbraked | grep -E '^(at|done)' | tail -n1)"
assert_ge "OOM kills" 1 "$(oom_kills)"
