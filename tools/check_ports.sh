# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The other processors, C libraries and systems, for tools/check --ports: each is cross-built from
# its file in tools/cross and its tests run here, under qemu where that is needed. Sourced by
# tools/check, whose functions and variables it uses.

# In the order of how many use them. The macOS library for arm64 is part of the aarch64 tests, that
# for x86-64 of this machine's own.
all_ports='aarch64-linux-gnu musl riscv64-linux-gnu i386 here'

install_for_ports()
{
    need_to_build gcc:gcc g++:g++ python3:python3 pkg-config:pkg-config clang:clang \
        lld:ld.lld llvm:llvm-objdump qemu-user:qemu-aarch64 \
        g++-aarch64-linux-gnu:aarch64-linux-gnu-g++ binutils-riscv64-linux-gnu:riscv64-linux-gnu-ld \
        libc6-dev-riscv64-cross libstdc++-12-dev-riscv64-cross libgcc-12-dev-riscv64-cross \
        musl-tools:musl-gcc
}

# 32-bit processors are refused, by one sentence.
check_refusal()
{
    folder=$root/build-check-i386
    rm -rf "$folder"
    if logged_refusal=$(meson setup "$folder" "$root" --cross-file "$root/tools/cross/i386.ini" 2>&1 \
        < /dev/null); then
        fail "i386 was configured"
    elif printf '%s\n' "$logged_refusal" | grep -q 'ERROR: .*libbumpalloc needs 64-bit addresses'; then
        passed=$((passed + 1))
    else
        printf '%s\n' "$logged_refusal" >&2
        fail "i386 was refused for another reason"
    fi
}

# check_port NAME: builds it and runs its tests; what it passed and failed is added up.
check_port()
{
    folder=$root/build-check-$1
    say "building for $1, warnings are errors ($(basename "$folder")/)"
    mkdir -p "$folder"
    if [ ! -f "$folder/build.ninja" ] && ! logged "$folder" meson setup "$folder" "$root" \
        --cross-file "$root/tools/cross/$1.ini" -Dbuildtype=release -Dwerror=true; then
        fail "configuration for $1"
        return
    fi
    if ! logged "$folder" ninja -C "$folder" -j "$jobs"; then
        fail "build for $1"
        return
    fi
    run_tests "$folder"
}

# What this machine's own build says of others: injected page sizes, macOS on x86-64, and more.
check_here()
{
    if build_all "$build" gcc g++; then
        run_tests "$build" --suite ports --suite macos
    else
        fail "build with gcc"
    fi
}

check_ports()
{
    install_for_ports
    for port in $all_ports; do
        case $port in
        i386) check_refusal ;;
        here) check_here ;;
        *) check_port "$port" ;;
        esac
    done
}
