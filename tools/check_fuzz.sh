# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The fuzz targets as a fuzzer has them, for tools/check: built as test/fuzz/README.md says, in
# build-check-fuzz/, and each run from its corpus. Always the same inputs, as many as there is time
# for: it shows that the targets are built, fed and followed, and is no search. Sourced by
# tools/check, whose functions and variables it uses.

fuzz_seconds=1 # a target, beyond its corpus

fuzzer_links()
{
    echo 'int LLVMFuzzerTestOneInput(const char *p, unsigned long n) { return !p && n; }' |
        clang -x c -fsanitize=fuzzer -o /dev/null - 2> /dev/null
}

# libFuzzer comes with clang's other runtimes, in a package that has its version in its name.
need_fuzzer()
{
    fuzzer_links || need_packages "libclang-rt-$(clang -dumpversion | cut -d . -f 1)-dev"
}

# fuzz_one FOLDER TARGET: what it adds to the corpus goes into the build folder, as does an input
# that fails.
fuzz_one()
{
    found=$1/found/$2
    rm -rf "$found"
    mkdir -p "$found"
    ASAN_OPTIONS=detect_leaks=0 timeout 120 "$1/test/fuzz/fuzz_$2" -seed=1 -len_control=0 -max_len=600 \
        "-max_total_time=$fuzz_seconds" "-artifact_prefix=$1/found/$2-" "$found" "$root/test/fuzz/corpus/$2" \
        2>&1
}

# It ran inputs, and saw which code they reach.
fuzz_was_guided()
{
    grep -q 'DONE  *cov: [1-9][0-9][0-9]' "$1/log"
}

check_fuzzers()
{
    folder=$root/build-check-fuzz
    say "building the fuzz targets with clang and libFuzzer ($(basename "$folder")/)"
    mkdir -p "$folder"
    if [ ! -f "$folder/build.ninja" ] && ! logged "$folder" env CC=clang CXX=clang++ meson setup "$folder" \
        "$root" -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false; then
        fail "configuration of the fuzz targets"
        return
    fi
    fuzz_targets=$(cd "$root/test/fuzz/corpus" && echo *)
    # shellcheck disable=SC2086 # a word a target
    if ! logged "$folder" timeout "$build_seconds" ninja -C "$folder" -j "$jobs" \
        $(printf 'test/fuzz/fuzz_%s ' $fuzz_targets); then
        fail "build of the fuzz targets"
        return
    fi
    for target in $fuzz_targets; do
        if logged "$folder" fuzz_one "$folder" "$target" && fuzz_was_guided "$folder"; then
            passed=$((passed + 1))
        else
            fail "fuzz target $target"
        fi
    done
}
