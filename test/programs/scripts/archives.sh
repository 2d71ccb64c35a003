# SPDX-License-Identifier: MIT
# tar and the compressors, there and back; $1 names the part to run. Input lies in ../input.
set -eu
in=../input
same_tar='--sort=name --owner=0 --group=0 --numeric-owner'

pack()
{
    tar $same_tar -cf all.tar -C $in tree
    tar -tvf all.tar | tail -n 5
    tar $same_tar -czf all.tar.gz -C $in tree
    tar $same_tar --use-compress-program='zstd -T2 -q' -cf all.tar.zst -C $in tree
    tar $same_tar --format=gnu --exclude='*.h' --transform='s/tree/wood/' -cf gnu.tar -C $in tree
}

compress()
{
    gzip -9 -n -c all.tar > best.gz
    gzip -1 -n -c all.tar > fast.gz
    xz -T2 --block-size=2MiB -2 -k all.tar
    xz -l all.tar.xz | tail -n 1
    head -c 2000000 all.tar | xz -T1 -7 --check=sha256 > one.xz
    zstd -q -T2 -9 -k all.tar -o strong.zst
    zstd -q --long=24 -3 -k all.tar -o long.zst
    zstd -q --train -r $in/tree --maxdict=20000 -o dictionary
    zstd -q -D dictionary -k all.tar -o with-dictionary.zst
    ls -l *.xz *.zst *.gz | awk '{ print $5, $NF }'
}

expand()
{
    gzip -dc fast.gz | cmp - all.tar
    gzip -dc all.tar.gz | cmp - all.tar
    xz -dc -T2 all.tar.xz | cmp - all.tar
    xz -dc one.xz | cmp -n 2000000 - all.tar
    for file in strong long all.tar; do
        zstd -q -dc --long=24 $file.zst | cmp - all.tar
    done
    zstd -q -dc -D dictionary with-dictionary.zst | cmp - all.tar
    mkdir out
    tar -xf all.tar.zst -C out
    diff -r out/tree $in/tree
    tar -df all.tar -C $in
    rm -r out
}

broken()
{
    head -c 100000 all.tar.gz > cut.gz
    printf 'garbage' | dd of=all.tar.xz bs=1 seek=5000 conv=notrunc status=none
    gzip -t cut.gz || echo "gzip $?"
    xz -t all.tar.xz || echo "xz $?"
    tar -tf cut.gz > /dev/null || echo "tar $?"
}

"$1"
