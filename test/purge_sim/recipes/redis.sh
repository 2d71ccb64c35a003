#!/bin/sh
# SPDX-License-Identifier: MIT
# A cache that is filled, flushed, filled with values of another size, deleted in part, flushed.
set -eu
socket=$PWD/socket
redis-server --port 0 --unixsocket "$socket" --save '' --appendonly no --daemonize no > log &
server=$!
trap 'kill "$server" 2> /dev/null || :' EXIT
unset LD_PRELOAD
ask()
{
    redis-cli -s "$socket" "$@"
}
load()
{
    redis-benchmark -s "$socket" -t set -P 16 -q "$@"
}
until ask ping > /dev/null 2>&1; do
    sleep 0.1
done
load -n 300000 -r 200000 -d 300
ask flushall
sleep 2
load -n 60000 -r 40000 -d 3000
load -n 200000 -r 40000 -d 1000
ask flushall async
sleep 1
load -n 100000 -r 60000 -d 700
ask flushall
sleep 6
ask shutdown nosave || :
wait "$server"
