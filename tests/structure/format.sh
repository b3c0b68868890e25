#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# format.sh: every C file is as clang-format 14 leaves it. Other versions differ in places, so with
# another one this is skipped: Debian 12's is the reference.

set -euo pipefail

cd "$(dirname "$0")/../.."
formatter=$(command -v clang-format-14 || command -v clang-format) || {
	echo "clang-format is not installed"
	exit 77
}
version=$("$formatter" --version)
[[ $version == *"version 14."* ]] || {
	echo "clang-format 14 is the reference, this is $version"
	exit 77
}

mapfile -t files < <(python3 -c '
import sys; sys.path.insert(0, "tests/structure")
import tree; print(*tree.files(".c", ".h"), sep="\n")')
[ ${#files[@]} -gt 0 ] || exit 1
# all in one run: starting it costs more than a file does
status=0
said=$("$formatter" --dry-run -Werror "${files[@]}" 2>&1) || status=$?
sed -nE "s/^([^:]+):[0-9]+:[0-9]+: (error|warning).*/\1: run $(basename "$formatter") -i \1/p" <<<"$said" | sort -u
echo "${#files[@]} checked"
exit "$status"
