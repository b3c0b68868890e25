# SPDX-License-Identifier: GPL-2.0-or-later
# test: in a dry run everything is said and nothing is done
# release: 13
# timeout: 180

start_reliefd --dry-run # the option is the claim; the profile is as shipped
start_cache cache --size=100M
said=$(reliefctl relieve --bytes=50M --json=short 2>&1) || true
note "$said"
assert_eq "requests the cache saw" "" "$(requests_of cache)"
assert_ge "records of what would be done" 1 "$(journal_count DRY_RUN=1)"
