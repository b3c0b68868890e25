#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# shell.sh: every shell script parses, and shellcheck has no warning about it.

set -euo pipefail

cd "$(dirname "$0")/../.."
checked=0
scripts=()
while IFS= read -r file; do
	case $file in
	*.sh) ;;
	*) [[ $(head -c 32 "$file" | head -n1 | tr -d '\0') =~ ^#!.*sh ]] || continue ;;
	esac
	bash -n "$file"
	scripts+=("$file")
	checked=$((checked + 1))
done < <(python3 -c '
import sys; sys.path.insert(0, "tests/structure")
import tree; print(*[p for p in tree.files() if p.suffix in ("", ".sh")], sep="\n")')
[ "$checked" -gt 0 ] || exit 1

if command -v shellcheck >/dev/null; then
	# 1091, 2154: what is read with "." is not followed
	shellcheck --shell=bash --severity=warning --exclude=1091,2154 "${scripts[@]}"
else
	echo "shellcheck is not installed: only the syntax was checked"
fi
echo "$checked checked"
