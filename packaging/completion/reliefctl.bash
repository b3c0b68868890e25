# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for reliefctl

# Every value of a property in a list of reliefctl; nothing when reliefd is not there.
__reliefctl_values()
{
	reliefctl --no-pager --no-legend --json=short list "$1" 2>/dev/null |
		grep -oE "\"$2\":(\"[^\"]+\"|[0-9]+)" | sed 's/^[^:]*://; s/"//g' | sort -u
}

__reliefctl_groups()
{
	__reliefctl_values groups Unit
	[[ $1 == /* ]] && __reliefctl_values groups ControlGroup
}

__reliefctl_profiles()
{
	local file
	for file in /{etc,run,usr/lib}/reliefd/profiles/*.conf; do
		[[ -e $file ]] && basename "$file" .conf
	done
}

__reliefctl_verb()
{
	local i
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-p | --property | --sort | -n | --lines | --bytes | --exec | --unit | --kind | --max-rung | --timeout | --profile | --root | --json)
			((i++))
			;;
		-* | =) ;;
		*)
			printf '%s\n' "${COMP_WORDS[i]}"
			return
			;;
		esac
	done
}

_reliefctl()
{
	local cur prev verb
	local verbs='status is-ok list show tasks top suggestions metrics monitor relieve register mask unmask reload settings dry-run verify cat-config doctor simulate help'
	local options='-h --help --version --json= -j -l --full --no-legend --no-pager -q --quiet
		--no-ask-password -p --property= --value --sort= -n --lines= --tasks --once --bytes= --exec= --unit= --kind= --max-rung= --timeout= --profile=
		--root='

	COMPREPLY=()
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	# "=" is a word of its own in COMP_WORDS.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi

	case $prev in
	--json)
		mapfile -t COMPREPLY < <(compgen -W 'short pretty off' -- "$cur")
		return
		;;
	--sort)
		mapfile -t COMPREPLY < <(compgen -W 'growth rss' -- "$cur")
		return
		;;
	-n | --lines)
		return
		;;
	--max-rung)
		mapfile -t COMPREPLY < <(compgen -W 'warn shed unload reclaim' -- "$cur")
		return
		;;
	--unit)
		mapfile -t COMPREPLY < <(compgen -W "$(__reliefctl_groups "$cur")" -- "$cur")
		return
		;;
	--kind)
		mapfile -t COMPREPLY < <(compgen -W 'cache model pool worker other' -- "$cur")
		return
		;;
	--profile)
		mapfile -t COMPREPLY < <(compgen -f -W "$(__reliefctl_profiles)" -- "$cur")
		return
		;;
	--root)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
		return
	fi

	verb=$(__reliefctl_verb)
	case $verb in
	'')
		mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur")
		;;
	status | is-ok | relieve | mask | unmask)
		mapfile -t COMPREPLY < <(compgen -W "$(__reliefctl_groups "$cur")" -- "$cur")
		;;
	show)
		mapfile -t COMPREPLY < <(compgen -W "$(__reliefctl_groups "$cur")
			$(__reliefctl_values modules Id | sed 's/^/m/')" -- "$cur")
		;;
	list)
		mapfile -t COMPREPLY < <(compgen -W 'groups modules masked' -- "$cur")
		;;
	help)
		mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur")
		;;
	dry-run)
		mapfile -t COMPREPLY < <(compgen -W 'on off' -- "$cur")
		;;
	cat-config)
		mapfile -t COMPREPLY < <(compgen -W "$(__reliefctl_profiles)" -- "$cur")
		;;
	verify | simulate)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames
		;;
	esac
}

complete -F _reliefctl reliefctl
