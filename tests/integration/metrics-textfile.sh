#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# metrics-to-textfile: the file for node_exporter is there whole or not at all

. "$(dirname "$0")/bus-lib.sh"

start_all
mkdir "$dir/bin" "$dir/textfiles"
ln -s "$RELIEFCTL" "$dir/bin/reliefctl"

# run_once STATUS: in the directory of the text files; its words are in $said
run_once() {
	local status=0

	said=$(cd "$dir/textfiles" && PATH=$dir/bin:$PATH "$METRICS_TO_TEXTFILE" 2>&1) || status=$?
	[ "$status" = "$1" ] || fail "status $status, not $1: $said"
}

files() { # WANTED
	[ "$(ls "$dir/textfiles")" = "$1" ] || fail "files: $(ls "$dir/textfiles")"
}

run_once 0
files reliefd.prom
python3 "$SOURCE_ROOT/tests/integration/ctl-metrics.py" "types['relief_group_level'] == 'gauge'" \
	<"$dir/textfiles/reliefd.prom" || fail "the file is no exposition"
[ -z "$said" ] || fail "it says: $said"
ok "a file of metrics, and nothing else"

# the reader keeps the old file open, and finds it unchanged: the new one came by a rename
exec 5<"$dir/textfiles/reliefd.prom"
before=$(stat -c %i "$dir/textfiles/reliefd.prom")
run_once 0
[ "$(stat -c %i "$dir/textfiles/reliefd.prom")" != "$before" ] || fail "the file was written in place"
grep -q '^relief_' <&5 || fail "the old file was emptied under its reader"
exec 5<&-
ok "a reader has the old file or the new one"

stop_reliefd
run_once 0
files ""
ok "without reliefd there is no file, and no complaint"

# a failure that is not that: reliefctl cannot be run
rm "$dir/bin/reliefctl"
printf '#!/bin/sh\necho "what went wrong" >&2\nexit 1\n' >"$dir/bin/reliefctl"
chmod +x "$dir/bin/reliefctl"
echo old >"$dir/textfiles/reliefd.prom"
run_once 1
[ "$said" = "what went wrong" ] || fail "it says: $said"
files ""
ok "a failure is said, and leaves no old figures"
