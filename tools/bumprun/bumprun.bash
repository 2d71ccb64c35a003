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
        --library | --wait | --interval | --count | --rounds | --only | --with | --input | -o) ((i++)) ;;
        -*) ;;
        *)
            bumprun_at=$i
            return
            ;;
        esac
    done
}

_bumprun()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} bumprun_at flags
    local commands
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
    compare)
        # shellcheck disable=SC2207
        flags="--rounds --only --with --input --output --json --library --force --help $(_bumprun_flags)"
        ;;
    *) flags="--help --version --options --library --secure --force $(_bumprun_flags)" ;;
    esac
    if [[ $bumprun_at -gt 0 && ${COMP_WORDS[bumprun_at]} == @(stat|dump|trim|profile|map) ]]; then
        if [[ $word == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -W "$(_bumprun_pids)" -- "$word")
        fi
    elif [[ $word == -* && ($bumprun_at -eq 0 || ${COMP_WORDS[bumprun_at]} == compare) ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
    elif [[ $before == --library || $before == --input || $before == -o ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    elif [[ $bumprun_at -eq 0 ]]; then
        commands=$(bumprun --help 2> /dev/null | awk '$1 == "bumprun" { print $2 }')
        mapfile -t COMPREPLY < <(compgen -c -W "$commands" -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -c -- "$word")
    fi
}

complete -o filenames -F _bumprun bumprun
