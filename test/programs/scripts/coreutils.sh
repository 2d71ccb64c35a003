# SPDX-License-Identifier: MIT
# The coreutils on large input; $1 names the part to run. Input lies in ../input.
set -eu
in=../input

listing()
{
    # The second column counts links and the first lines sum up blocks: both depend on the disk.
    ls -lR --time-style=full-iso $in/tree | grep -v '^total' | tr -s ' ' | cut -d' ' -f1,5- > list
    ls -1RS $in/tree | tac | head -n 1000
    du -a --apparent-size $in/tree | awk '{ print $2 }' | sort | cksum
    stat -c '%n %s %Y' $in/tree/usr/*/* | tail -n 20
}

sorting()
{
    sort -S 4M --parallel=2 $in/text > sorted
    sort -c sorted
    uniq -c sorted > counts
    sort -k2,2 -k3,3nr -t"$(printf '\t')" $in/left | sha256sum
    sort -u -R --random-source=$in/text -S 2M $in/right | md5sum
    sort -V $in/left | head -n 5
    sort -m sorted sorted | uniq -d | wc -l
}

joining()
{
    sort $in/left > a
    sort $in/right > b
    join -t"$(printf '\t')" a b > joined
    comm -12 a b | wc -l
    paste -d, a b | cut -c5-40 > pasted
    rm a b
}

words()
{
    wc $in/text $in/left
    wc -L $in/text
    cat -A $in/text | tail -n 3
    nl -ba $in/text | fold -w 31 | tail -n 2
    fmt -w 60 $in/text | sha1sum
    tr -s aeiou '\n' < $in/text | sort | uniq -c | sort -rn | head
    expand $in/left | unexpand -a | cksum
    head -c 1000000 $in/text | od -t x1z | tail -n 3
    head -n 5000 $in/text | ptx -G | tail -n 3
    head -n 2000 $in/text | pr -3 -t | md5sum
}

numbers()
{
    seq 1 3 400000 | tac | shuf --random-source=$in/text | sort -n | sum
    seq 0.1 0.01 200 | numfmt --format=%.3f | tail -n 2
    seq -w 99999 | paste -s -d+ | b2sum
    factor 1000000007000000049 123456789012345678901234567890 $(seq 1000) | tail -n 3
    i=0 x=3
    while [ $i -lt 12 ]; do
        x=$(expr $x '*' $x)
        i=$((i + 1))
    done
    echo "$x" | fold -w 90 | tail -n 1
    seq 20000 | awk '{ print $1, $1 + 1 }' | tsort | cksum
}

files()
{
    cp -a $in/tree copy
    find copy -type f -exec b2sum {} + > sums
    b2sum --quiet -c sums
    split -n l/9 $in/text part.
    cat part.?? | cmp - $in/text
    csplit -s -z $in/text '%ba%' '/ke/' '{20}'
    base64 part.ab | base32 | tail -c 40
    dd if=$in/text of=blocks bs=4096 count=500 conv=ucase status=none
    chmod -R u+w copy
    rm -r copy
    # A loop in the pairs: an error message and a status that must survive.
    printf 'a b\nb c\nc a\n' | tsort
}

"$1"
