# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# What tools/run and tools/check share. Sourced by dash or bash; the caller sets me, its own name.

say()
{
    printf '%s: %s\n' "$me" "$*" >&2
}

die()
{
    say "$@"
    exit 1
}

have()
{
    command -v "$1" > /dev/null 2>&1
}

library_version()
{
    sed -n "s/^ *version: '\([^']*\)'.*/\1/p" "$1/meson.build" | head -n 1
}

# An item is package, or package:command or package:/file when any such command or file will do.
is_installed()
{
    case $1 in
    *:/*) [ -e "${1#*:}" ] && return 0 ;;
    *:*) have "${1#*:}" && return 0 ;;
    esac
    have dpkg-query || return 1
    case $(dpkg-query -W -f '${db:Status-Status}' "${1%%:*}" 2> /dev/null) in
    installed) return 0 ;;
    *) return 1 ;;
    esac
}

# Prints the packages of those items that are not there.
missing_packages()
{
    missing=
    for item in "$@"; do
        case " $missing " in
        *" ${item%%:*} "*) continue ;;
        esac
        is_installed "$item" || missing="$missing ${item%%:*}"
    done
    printf '%s\n' "${missing# }"
}

may_install()
{
    have apt-get || return 1
    [ "$(id -u)" = 0 ] || have sudo
}

as_root()
{
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# apt-get without questions, its output shown only if it fails.
quiet_apt()
{
    log=$(mktemp)
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" \
        > "$log" 2>&1 < /dev/null; then
        rm -f "$log"
        return 0
    fi
    apt_error=$(tail -n 15 "$log")
    rm -f "$log"
    return 1
}

# Installs packages; package lists that are absent or out of date are fetched first.
apt_install()
{
    if ls /var/lib/apt/lists/*_Packages* > /dev/null 2>&1; then
        quiet_apt install --no-install-recommends "$@" && return 0
    fi
    say "apt-get update"
    quiet_apt update || say "apt-get update failed: $apt_error"
    quiet_apt install --no-install-recommends "$@"
}

# Makes sure of the items named, or ends the program.
need_packages()
{
    packages=$(missing_packages "$@")
    [ -n "$packages" ] || return 0
    may_install || die "please install (this needs apt-get and root or sudo): $packages"
    say "apt-get install $packages"
    # shellcheck disable=SC2086 # a word a package
    apt_install $packages || die "apt-get could not install $packages: $apt_error"
}

# What a build of the library alone needs, and more.
need_to_build()
{
    need_packages gcc:cc libc6-dev:/usr/include/stdio.h meson:meson ninja-build:ninja "$@"
}
