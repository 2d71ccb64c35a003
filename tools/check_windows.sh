# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# tools/check --windows: cross compiles with mingw, runs under wine. Sourced by tools/check.
# Two flavours: msvcrt with Win32 threads, where all suites run; and UCRT with POSIX threads.

windows_build=$root/build-check-windows
windows_wine=/usr/lib/wine/wine64
windows_server=/usr/lib/wine/wineserver64

windows_install()
{
    need_to_build gcc:gcc python3:python3 xz-utils:xz make:make cmake:cmake tcl:tclsh \
        g++-mingw-w64-x86-64-win32:x86_64-w64-mingw32-g++-win32 \
        g++-mingw-w64-x86-64-posix:x86_64-w64-mingw32-g++-posix \
        wine64:$windows_wine clang:clang lld:lld-link
}

# Sources of programs, from Debian by apt's own means; what cannot be had is skipped by its test.
windows_sources()
{
    sources=$windows_build/sources
    mkdir -p "$sources/lists/partial"
    ls "$sources"/sqlite3_*.orig.tar.* "$sources"/xz-utils_*.orig.tar.* > /dev/null 2>&1 && return 0
    release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    key=/usr/share/keyrings/debian-archive-keyring.gpg
    echo "deb-src [signed-by=$key] http://deb.debian.org/debian $release main" > "$sources/list"
    set -- -o "Dir::Etc::sourcelist=$sources/list" -o Dir::Etc::sourceparts=- \
        -o "Dir::State::lists=$sources/lists" -o APT::Sandbox::User=root
    say "fetching the sources of lua5.4, zlib, xz-utils and sqlite3"
    { apt-get -q "$@" update &&
        (cd "$sources" && apt-get -q "$@" source --download-only lua5.4 zlib xz-utils sqlite3); } \
        > "$sources/log" 2>&1 < /dev/null || say "no sources of programs: $(tail -n 1 "$sources/log")"
}

# The compiler's specs with the UCRT in place of msvcrt, and a cross file that uses them.
windows_ucrt_files()
{
    x86_64-w64-mingw32-gcc-posix -dumpspecs | sed 's/-lmsvcrt/-lucrt/g' > "$1/ucrt.specs"
    sed 's/-win32/-posix/' "$root/tools/cross/windows.ini" > "$1/ucrt.ini"
    # Debian's winpthreads is built for msvcrt, and calls setjmp by the name it has there.
    setjmp=-Wl,--defsym,_setjmp=__intrinsic_setjmpex,-u,__intrinsic_setjmpex
    cat >> "$1/ucrt.ini" << END

[built-in options]
c_args = ['-D_UCRT']
cpp_args = ['-D_UCRT']
c_link_args = ['-specs=$1/ucrt.specs', '$setjmp']
cpp_link_args = ['-specs=$1/ucrt.specs', '$setjmp']
END
}

# windows_build_in FOLDER CROSS_FILE
windows_build_in()
{
    say "building with $(basename "$2" .ini), warnings are errors ($(basename "$1")/)"
    if [ ! -f "$1/build.ninja" ]; then
        rm -rf "$1/meson-private" "$1/meson-info"
        logged "$1" meson setup "$1" "$root" --cross-file "$2" -Dbuildtype=release \
            -Dwerror=true || return 1
    fi
    logged "$1" ninja -C "$1" -j "$jobs"
}

# A prefix of our own, and a server that stays: a program then starts in a tenth of the time.
windows_wine_start()
{
    WINEPREFIX=$windows_build/wine
    WINEDEBUG=-all
    WINEDLLOVERRIDES=winedbg.exe=d # else what crashes may end with status 0
    export WINEPREFIX WINEDEBUG WINEDLLOVERRIDES
    mkdir -p "$WINEPREFIX"
    "$windows_server" -p 9>&- < /dev/null > "$windows_build/wine.log" 2>&1
    timeout 600 "$windows_wine" cmd /c exit 9>&- < /dev/null >> "$windows_build/wine.log" 2>&1 ||
        fail "wine does not start: $(tail -n 1 "$windows_build/wine.log")"
}

windows_wine_stop()
{
    "$windows_server" -k 9>&- > /dev/null 2>&1 || true
}

windows_benchmark()
{
    say "benchmark under wine, which is neither Windows's kernel nor its runtime:"
    meson test -C "$windows_build" --no-rebuild --benchmark --verbose < /dev/null 9>&- 2>&1 |
        grep -E '^same|pairs' >&2 || true
}

check_windows()
{
    mkdir -p "$windows_build" "$windows_build-ucrt"
    windows_install
    windows_sources
    windows_ucrt_files "$windows_build-ucrt"
    windows_wine_start
    if windows_build_in "$windows_build" "$root/tools/cross/windows.ini"; then
        run_tests "$windows_build"
        windows_benchmark
    else
        fail "build for Windows (msvcrt, Win32 threads)"
    fi
    if windows_build_in "$windows_build-ucrt" "$windows_build-ucrt/ucrt.ini"; then
        run_tests "$windows_build-ucrt" --suite windows --suite golden
    else
        fail "build for Windows (UCRT, POSIX threads)"
    fi
    windows_wine_stop
}
