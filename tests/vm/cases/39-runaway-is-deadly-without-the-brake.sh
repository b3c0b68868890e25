# SPDX-License-Identifier: GPL-2.0-or-later
# test: control: without the brake a runaway of 40 is killed before the cache has answered
# timeout: 360

# The default profile has the brake off, and is otherwise surer to ask early than the server profile.

start_reliefd
survive_runaway inside 100M 2000 && fail "it survives: $verdict"
note "$verdict"
assert_ge "OOM kills" 1 "$(oom_kills)"
