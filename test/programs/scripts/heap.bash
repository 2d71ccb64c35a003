# SPDX-License-Identifier: MIT
# Arrays, strings, functions, subshells and pipelines: what makes bash allocate.
set -u -o pipefail
shopt -s extglob lastpipe

# 1. Indexed arrays: grow, slice, sort in place, delete every third
declare -a numbers=()
seed=12345
for ((i = 0; i < 20000; i++)); do
    ((seed = (seed * 1103515245 + 12345) & 0x7fffffff))
    numbers+=("$seed")
done
echo "${#numbers[@]} ${numbers[0]} ${numbers[-1]} ${numbers[@]:100:5}"
for ((i = 0; i < ${#numbers[@]}; i += 3)); do
    unset 'numbers[i]'
done
echo "${#numbers[@]}"

# 2. Associative arrays: count words of the input
declare -A count=()
while read -r -a words; do
    for word in "${words[@]}"; do
        ((count[$word] += 1))
    done
done < <(head -n 4000 "$1")
for word in "${!count[@]}"; do
    printf '%s %d\n' "$word" "${count[$word]}"
done | sort | tee words.txt | tail -n 3

# 3. Strings: append, replace, case, patterns, printf -v
line=""
for ((i = 0; i < 20000; i++)); do
    line+="item-$i,"
done
echo "${#line} ${line:1000:30}"
replaced=${line//item-/I}
upper=${replaced^^}
echo "${#replaced} ${#upper} ${upper: -20}"
trimmed=${line##*(item-+([0-9]),)}
echo "[$trimmed]"
printf -v table '%s|%05d|%-10s\n' $(for ((i = 0; i < 3000; i++)); do echo "k$i $i v$i"; done)
echo "${#table}"
mapfile -t lines < "$1"
echo "${#lines[@]} ${lines[777]:0:40}"

# 4. Recursion with local arrays
depth()
{
    local -a local_array=("$@" "$#")
    if (($# < 120)); then
        depth "${local_array[@]}"
    else
        echo "${local_array[*]}"
    fi
}
depth 0 | sha256sum

# 5. Subshells, command substitution, here-documents, pipelines, background jobs
total=0
for ((i = 0; i < 300; i++)); do
    value=$(echo "$((i * i))")
    ((total += value))
done
echo "$total"
for ((i = 0; i < 40; i++)); do
    (
        declare -a mine=({1..500})
        echo "${mine[*]:$i:3}" > "job-$i.txt"
    ) &
done
wait
cat job-*.txt | sort -n | head -n 5
while IFS=, read -r a b rest; do
    echo "$b $a ${rest:-none}"
done <<HERE | cat -n | tail -n 2
$(for ((i = 0; i < 2000; i++)); do echo "left $i,right $i,$((i % 7 ? i : 0))"; done)
HERE
exit 3
