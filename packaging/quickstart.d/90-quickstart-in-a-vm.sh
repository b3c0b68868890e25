# SPDX-License-Identifier: GPL-2.0-or-later
# test: quickstart: a hog that wants more than is free finishes, because caches gave way
# timeout: 240
#
# What packaging/quickstart runs in the guest: the table goes to its serial line as it is made.

start_reliefd --log-level=debug # the table shows single steps, which the journal has at debug only
colour=no
[ ! -e /run/vm/colour ] || colour=yes
SHOW_COLOUR=$colour bash /run/vm/bin/show 2>&1 | sed -u 's/^/= /' >/dev/ttyS1
status=${PIPESTATUS[0]}
assert_eq "the status of show" 0 "$status"
