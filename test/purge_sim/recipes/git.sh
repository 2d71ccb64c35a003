#!/bin/sh
# SPDX-License-Identifier: MIT
# A repository of 6000 commits to 200 files, made on the spot; that it is packed from scratch is
# recorded.
set -eu
preload=$LD_PRELOAD
unset LD_PRELOAD
git init -q --bare repository
cd repository
awk 'BEGIN {
    srand(3)
    for (n = 1; n <= 6000; n++) {
        file = int(200 * rand())
        text = body[file]
        for (i = 0; i < 40; i++)
            text = text sprintf("line %d of commit %d: %d\n", i, n, 1e9 * rand())
        body[file] = substr(text, 1 + 20 * int(10 * rand()))
        printf "commit refs/heads/main\ncommitter a <a@example.org> %d +0000\n", 1e9 + n
        printf "data 9\ncommit %02d\n", n % 100
        printf "M 644 inline file%d\ndata %d\n%s\n", file, length(body[file]), body[file]
    }
}' | git fast-import --quiet
LD_PRELOAD=$preload git repack -a -d -f -q --depth=50 --window=60 --threads=2
