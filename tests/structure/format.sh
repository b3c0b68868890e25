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
status=0
for file in "${files[@]}"; do
	"$formatter" --dry-run -Werror "$file" >/dev/null 2>&1 || {
		echo "$file: run $(basename "$formatter") -i $file"
		status=1
	}
done
echo "${#files[@]} checked"
exit "$status"
