# SPDX-License-Identifier: GPL-2.0-or-later
# test: a module that dies mid-request is unregistered; the others are served in time
# timeout: 600

start_reliefd --log-level=debug # for the records of single steps; it changes no decision
# Small enough that filling them alone makes nobody short: the dying one must live until the hog. And it
# is small: the kernel takes a process's memory before it closes its channel, which must be within the
# request's deadline.
start_cache honest-1 --size=110M
start_cache honest-2 --size=110M
start_cache dying --size=40M --die-on-request
start_unit hog -- hog --rate 50M --until-over-free 50M
wait_for 150 unit_done hog || fail "the hog neither ends nor dies"
assert "the hog finished" unit_succeeded hog
assert_no_kill
assert "the dying one died" unit_done dying
assert_eq "modules left" 2 "$(manager NModules)"
assert_journal 'shed gone' reliefd.service
