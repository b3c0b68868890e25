#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What --help says, the manual page says, and the other way round: options and verbs.
# (That reliefd.conf(5) has every setting is held by tests/unit/test-profile_file.c.)
#
# usage: docs-cover-options.sh BUILD_DIRECTORY
set -eu

build=$1
pages=$(dirname "$0")/../../packaging/man
faults=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Long and short options of a help text, one a line: what begins its lines.
help_options()
{
	sed -n 's/^  *\(-[-a-z].*\)$/\1/p' "$1" | sed 's/   .*//' |
		grep -oE -- '(^|[ ,])--?[a-z][-a-z]*' | tr -d ' ,' | sort -u
}

# The same of a manual page: the bold words that begin an entry.
page_options()
{
	sed -n '/^# OPTIONS/,/^# [A-NP-Z]/p' "$1" | grep -E '^\*-' |
		grep -oE -- '\*--?[a-z][-a-z]*' | tr -d '*' | sort -u
}

help_verbs()
{
	sed -n '/^Verbs:/,/^Options:/p' "$1" | sed -n 's/^  \([a-z][-a-z]*\).*/\1/p' | sort -u
}

page_verbs()
{
	sed -n '/^# COMMANDS/,/^# OPTIONS/p' "$1" | sed -n 's/^\*\([a-z][-a-z]*\)\*.*/\1/p' | sort -u
}

# compare WHAT PROGRAM PAGE: $work/help against $work/page
compare()
{
	if ! [ -s "$work/help" ]; then
		echo "$2 --help names no $1: is this test still reading it right?"
		faults=$((faults + 1))
	fi
	for name in $(comm -23 "$work/help" "$work/page"); do
		echo "$3: $1 $name of $2 --help is missing; describe it"
		faults=$((faults + 1))
	done
	for name in $(comm -13 "$work/help" "$work/page"); do
		echo "$3: $1 $name is not in $2 --help; remove it, or add it there"
		faults=$((faults + 1))
	done
}

check_options()
{
	"$2" --help >"$work/text"
	help_options "$work/text" >"$work/help"
	page_options "$pages/$3" >"$work/page"
	compare option "$1" "$3"
}

check_options reliefctl "$build/controller/ctl/reliefctl" reliefctl.1.scd
help_verbs "$work/text" >"$work/help"
page_verbs "$pages/reliefctl.1.scd" >"$work/page"
compare verb reliefctl reliefctl.1.scd

check_options reliefd "$build/controller/daemon/reliefd" reliefd.8.scd

echo "$faults faults"
[ "$faults" -eq 0 ]
