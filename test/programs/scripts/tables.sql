-- SPDX-License-Identifier: MIT
-- Bulk insert, indexes, joins, windows, JSON, full text, triggers and a vacuum in one database.
.bail on
.mode list
pragma journal_mode = wal;
pragma page_size = 4096;
create table item(id integer primary key, grp text, amount integer, word text);
create temp table raw(key text, grp text, amount integer, word text);
.mode tabs
.import ../input/left raw
.mode list
begin;
insert into item select cast(key as integer), grp, amount, word from raw;
insert into item
  with recursive n(i) as (select 1000000 union all select i + 1 from n where i < 1060000)
  select i, 'h' || (i % 101), (i * 7919) % 100003, printf('%08x%s', i * 2654435761, i % 7) from n;
commit;
create index item_group on item(grp, amount);
create unique index item_word on item(word, id);
select count(*), sum(amount), min(word), max(word) from item;
select grp, count(*), total(amount), group_concat(word, ',') from
  (select * from item where id < 3000 order by id) group by grp order by 2 desc, 1 limit 5;

-- Joins, subqueries, windows
create table pair as select a.id as a, b.id as b from item a join item b
  on a.grp = b.grp and a.amount = b.amount + 3;
select count(*), sum(a % 1000), sum(b % 1000) from pair;
select id, r, running from (
  select id, rank() over (partition by grp order by amount) as r,
         sum(amount) over (partition by grp order by id rows 10 preceding) as running
  from item where grp < 'g2') where r = 3 order by id limit 5;
with recursive walk(id, depth) as (
  select min(a), 0 from pair
  union select b, depth + 1 from walk join pair on a = id where depth < 9)
select count(*), max(depth) from walk;
select count(distinct word), count(distinct substr(word, 1, 3)) from item;
select word, length(group_concat(id)) from item group by word order by 2 desc, 1 limit 3;

-- JSON and full text
create table document as
  select json_extract(value, '$.id') as id, value as body from json_each(readfile('../input/json'));
select count(*), sum(json_array_length(body, '$.tags')), max(json_extract(body, '$.name'))
  from document;
select json_group_array(n) from (select json_extract(body, '$.name') as n from document
  order by id limit 5);
create virtual table search using fts5(body);
insert into search select json_extract(body, '$.text') from document;
select count(*) from search where search match 'ba* OR ke*';
select rowid, length(snippet(search, 0, '<', '>', '...', 8)) from search
  where search match 'ba* AND ti*' order by rank, rowid limit 5;

-- Changes with a trigger, a rollback, a vacuum
create table log(what text);
create trigger changed after update on item begin
  insert into log values(old.word || '>' || new.word);
end;
update item set word = upper(word) || replace(word, 'a', 'AAAA') where id % 11 = 0;
delete from item where id % 13 = 0;
begin;
delete from item;
rollback;
select count(*), max(what) from log;
select sum(length(hex(zeroblob(id % 50000)))) from item where id < 2000;
pragma journal_mode = delete;
vacuum;
analyze;
pragma integrity_check;
select no_such_function(1);
