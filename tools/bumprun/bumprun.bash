# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completion of bumprun's arguments in bash. What the library's options are, and take, is asked of
# `bumprun --options`, so that there is one table.

_bumprun_pids()
{
    local pid
    for pid in /proc/[0-9]*; do
        grep -qs bumpalloc "$pid/maps" && printf '%s\n' "${pid#/proc/}"
    done
}

_bumprun_values()
{
    bumprun --options 2> /dev/null | awk -F '\t' -v flag="$1" \
        '$2 == flag && $3 ~ /[|]/ { gsub(/[|]/, " ", $3); print $3 }'
}

_bumprun_flags()
{
    bumprun --options 2> /dev/null | cut -f 2
}

# The first word that is neither a flag nor a flag's value, and where it stands.
_bumprun_first()
{
    local i
    bumprun_at=0
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        =) ((i++)) ;;
        --library | --wait | --interval | --count | --rounds | --only | --with | --input | --svg | -o) ((i++)) ;;
        -*) ;;
        *)
            bumprun_at=$i
            return
            ;;
        esac
    done
}

# What completes the value of the flag before, on its own: a file, a word, or nothing to say.
_bumprun_value_of()
{
    case $1:$2 in
    *:--library | *:--input | *:--svg | *:--folded | *:-o | profile:--output)
        compgen -f -- "$3"
        ;;
    profile:--type)
        compgen -W 'inuse_space alloc_space peak_space inuse_objects alloc_objects peak_objects' \
            -- "$3"
        ;;
    *:--seconds | *:--rate | *:--top | *:--wait | *:--interval | *:--count | *:--rounds) ;;
    *) return 1 ;;
    esac
    return 0
}

_bumprun()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} bumprun_at flags
    local commands command values
    COMPREPLY=()
    if [[ $before == '=' || $word == '=' ]]; then
        [[ $word == '=' ]] && word= && before=${COMP_WORDS[COMP_CWORD]}
        mapfile -t COMPREPLY < <(compgen -W "$(_bumprun_values "${COMP_WORDS[COMP_CWORD - 2]}") $(
            _bumprun_values "${COMP_WORDS[COMP_CWORD - 1]}")" -- "$word")
        return
    fi
    _bumprun_first
    case ${COMP_WORDS[bumprun_at]} in
    stat) flags='--interval --count --once --help' ;;
    dump) flags='--text --json --prometheus --xml -o --help' ;;
    trim) flags='--wait --help' ;;
    profile) flags='--seconds --rate --output --type --top --folded --svg --help' ;;
    map) flags='--at-exit -o --library --help' ;;
    compare)
        # shellcheck disable=SC2207
        flags="--rounds --only --with --input --output --json --svg --library --force --help $(_bumprun_flags)"
        ;;
    *) flags="--help --version --options --library --secure --force $(_bumprun_flags)" ;;
    esac
    command=
    ((bumprun_at > 0)) && command=${COMP_WORDS[bumprun_at]}
    if values=$(_bumprun_value_of "$command" "$before" "$word"); then
        mapfile -t COMPREPLY < <([[ -z $values ]] || printf '%s\n' "$values")
    elif [[ $word == -* && $command == @(|compare|stat|dump|trim|profile|map) ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
    elif [[ $command == map && " ${COMP_WORDS[*]} " == *' --at-exit '* ]]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$word")
    elif [[ $command == @(stat|dump|trim|profile|map) ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_bumprun_pids)" -- "$word")
        [[ $command != profile ]] || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$word")
    elif [[ $bumprun_at -eq 0 ]]; then
        commands=$(bumprun --help 2> /dev/null | awk '$1 == "bumprun" { print $2 }')
        mapfile -t COMPREPLY < <(compgen -c -W "$commands" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -c -- "$word")
    fi
}

complete -o filenames -F _bumprun bumprun
