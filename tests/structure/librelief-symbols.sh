#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# librelief-symbols.sh BUILD: what librelief exports is relief_* in LIBRELIEF_1, each declared in
# relief.h, each in the version script, each in the manual page; and it needs libc only.

set -euo pipefail

build=${1:?usage: librelief-symbols.sh BUILD}
root=$(cd "$(dirname "$0")/../.." && pwd)
library=$build/controller/client/librelief.so.1
header=$root/controller/client/include/relief/relief.h
script=$root/controller/client/librelief.sym
manual=$root/packaging/man/librelief.3.scd
faults=0

fault() {
	echo "$*" >&2
	faults=1
}

[ -e "$library" ] || {
	echo "$library is not built"
	exit 77
}

exported=$(nm -D --with-symbol-versions --defined-only "$library" | awk '$2 != "A" { print $3 }' | sort)
declared=$(grep -oE '\brelief_[a-z_]+\(' "$header" | tr -d '(' | sort -u)
listed=$(grep -oE '^	relief_[a-z_]+;' "$script" | tr -d '	;' | sort)

for symbol in $exported; do
	[[ $symbol == relief_*@@LIBRELIEF_1 ]] || fault "$symbol: neither relief_* nor in LIBRELIEF_1"
done
names=$(cut -d@ -f1 <<<"$exported")
[ "$names" = "$listed" ] || fault "exported and librelief.sym differ:
$(diff <(echo "$names") <(echo "$listed"))"
for name in $names; do
	grep -qx "$name" <<<"$declared" || fault "$name: not declared in relief.h"
	[ ! -e "$manual" ] || grep -qw "$name" "$manual" || fault "$name: not in librelief.3.scd"
done
for name in $(grep -oE '^[a-z].*\brelief_[a-z_]+\(' "$header" | grep -oE 'relief_[a-z_]+\(' | tr -d '('); do
	grep -qx "$name" <<<"$names" || fault "$name: declared in relief.h, not exported"
done

soname=$(objdump -p "$library" | awk '$1 == "SONAME" { print $2 }')
[ "$soname" = librelief.so.1 ] || fault "soname is $soname"
# A build with sanitizers brings their libraries; these are not ours.
needed=$(objdump -p "$library" | awk '$1 == "NEEDED" { print $2 }' | grep -vE '^lib(asan|ubsan)\.so' || true)
[ "$needed" = libc.so.6 ] || fault "needs more than libc: $needed"

echo "$(wc -w <<<"$names") symbols checked"
exit $faults
