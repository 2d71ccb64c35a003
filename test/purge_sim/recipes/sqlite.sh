#!/bin/sh
# SPDX-License-Identifier: MIT
# Tables made, indexed, sorted, grouped and dropped, all in memory.
set -eu
for round in 1 2 3; do
    cat << END
create table t(id integer primary key, name text, value real, note text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < ${round}00000)
  insert into t select i, 'name ' || (i * 7919 % 100003), i * 0.37, hex(randomblob(i % 60)) from n;
create index by_name on t(name, value);
create table sums as select substr(name, 1, 7) k, sum(value) s, group_concat(note) g
  from t group by k;
select count(*) from (select a.id from t a join t b on a.name = b.name order by b.value, a.note);
delete from t where id % 3 = 0;
drop table sums;
select length(group_concat(note, ',')) from (select note from t order by note desc);
drop table t;
vacuum;
END
done | sqlite3 -batch :memory:
