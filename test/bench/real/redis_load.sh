#!/bin/sh
# SPDX-License-Identifier: MIT
# Loads the redis server at redis.sock, then prints a digest of its data.
# usage: redis_load.sh [--quick]
set -eu
cli='redis-cli -s redis.sock'
rounds=30000
[ "${1-}" = --quick ] && rounds=6000

bench() { redis-benchmark -s redis.sock --dbnum 1 -q -n "$rounds" -c 20 -P 16 "$@" >/dev/null; }

bench -r 30000 -d 120 -t set,get,lpush,rpop,sadd,hset,spop,zadd,zpopmin,incr
$cli --pipe <commands >/dev/null
bench -r 30000 -d 900 -t set,get
$cli -n 1 FLUSHDB SYNC >/dev/null # its keys are not the same in every run
$cli --pipe <commands >/dev/null
$cli DEBUG DIGEST
$cli DBSIZE
