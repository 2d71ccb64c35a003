# SPDX-License-Identifier: MIT
# find, grep, sed, awk and sort on large input; $1 names the part to run. Input lies in ../input.
set -eu
in=../input

finding()
{
    find $in/tree -type f -size +2k -printf '%s %p\n' | sort -n | tail -n 20
    find $in '(' -name '*.h' -o -path '*a*b*' ')' -newermt 1980-01-01 -print | sort | wc
    find $in/tree -type f -print0 | xargs -0 -n 40 grep -cE '[a-z]+' | sort > hits
    find $in/tree -depth -type d -exec sh -c 'echo "$#"' sh {} +
}

searching()
{
    grep -nE '(ba|ke|ti)+[a-z]*(zu|wo)' $in/text > extended
    grep -rlF -e include -e copyright -i $in/tree | sort > fixed
    grep -oP '(?<=ba)\w+(?=ke)' $in/text | sort | uniq -c | sort -rn | head
    cut -f4 $in/left | sort -u | head -n 400 > words
    grep -Fwf words -c $in/text
    grep -E '^(.+) .*\b\1$' $in/text | wc -l
    grep -c '[[:alpha:]]\{20\}' $in/text || true
    grep -E 'unclosed(' $in/text
}

editing()
{
    sed -E 's/([a-z]+) ([a-z]+)/\2-\1/g; s/^./\U&/' $in/text > swapped
    head -n 3000 $in/text | sed -n '1!G;h;$p' | sha256sum
    sed -e ':a' -e 'N;$!ba' -e 's/\n/ /g' $in/text | wc -c
    cp $in/left edited
    sed -i.old -e '5,$ s/g1/G-one/; /G-one7/d' edited
    sed -n -e '/ba/w with-ba' -e '/ke/w with-ke' $in/text
}

counting()
{
    awk '{ for (i = 1; i <= NF; i++) n[$i]++ } END { for (w in n) print n[w], w }' $in/text |
        sort > frequency
    awk -F'\t' '{ sum[$2] += $3; list[$2] = list[$2] "," $4 }
        END { for (g in sum) print g, sum[g], length(list[g]), substr(list[g], 1, 50) }' $in/left |
        sort > groups
    awk 'BEGIN { for (i = 0; i < 20000; i++) s = s sprintf("%d;", i * i)
        n = split(s, p, ";"); gsub(/1/, "one", s); print n, length(s), p[n - 1] }'
    awk '{ print length($0) | "sort -n | tail -n 2"; line[NR] = $0 }
        END { for (i = NR; i > NR - 3; i--) print line[i] }' $in/text
}

"$1"
