# SPDX-License-Identifier: MIT
# git on a history of hundreds of commits; $1 names the part to run. ../input/stream is the history.
set -eu
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=C \
    GIT_COMMITTER_EMAIL=c@example.org GIT_AUTHOR_DATE='1700000000 +0000' \
    GIT_COMMITTER_DATE='1700000000 +0000'

build()
{
    git init -q -b main repository
    cd repository
    git fast-import --quiet < ../../input/stream
    git reset -q --hard main
    i=0
    while [ $i -lt 25 ]; do
        echo "line $i" >> file-$((i % 7)).txt
        git add -A
        git commit -q -m "commit by hand $i"
        i=$((i + 1))
    done
    git rev-list --count HEAD
}

read_history()
{
    cd repository
    git log --stat
    git log -p -M -C --follow -- file-3.txt | sha256sum
    git log --graph --oneline --all --decorate=short | tail -n 5
    git log -S'line 7' --format=%h
    for file in file-1.txt file-2.txt file-11.txt; do
        git blame -w -C $file | sha256sum
    done
    git shortlog -sn HEAD
    git grep -n -E 'ba(ke|ti)' HEAD~100 | wc -l
    git diff --word-diff HEAD~200 HEAD | cksum
    git archive --format=tar HEAD | sha256sum
}

change()
{
    cd repository
    git switch -q -c side HEAD~20
    echo side > side.txt
    git add side.txt
    git commit -q -m side
    git rebase -q main
    git switch -q main
    git merge -q --no-ff -m merge side
    git cherry-pick -x HEAD~3 > /dev/null 2>&1 || git cherry-pick --skip
    git stash list
    git checkout -q HEAD~50
    git switch -q main
    git rev-parse HEAD HEAD~50 'HEAD^{tree}'
}

maintain()
{
    cd repository
    git repack -q -a -d -f --threads=2 --window=20 --depth=50
    git fsck --full --strict
    git gc -q --aggressive --prune=now
    git fsck --full
    git count-objects -v | grep -v size
    git cat-file --batch-all-objects --batch-check | sha256sum
    git multi-pack-index write
    git commit-graph write --reachable
    git clone -q "file://$PWD" ../copy
    git -C ../copy rev-parse HEAD
    git -C ../copy fsck
    git bundle create -q ../all.bundle --all
    git bundle verify -q ../all.bundle
    rm ../all.bundle
    git show no-such-thing
}

"$1"
