-- SPDX-License-Identifier: MIT
-- Import, indexes, joins, windows and JSON. Reads the files table and documents.json.
.bail on
create table item(id integer primary key, grp text, amount integer, word text);
.mode tabs
.import table item
.mode list
create index item_group on item(grp, amount);
create unique index item_word on item(word, id);
select count(*), sum(amount), min(word), max(word) from item;
create table pair as select a.id as a, b.id as b from item a join item b
  on a.grp = b.grp and a.amount between b.amount - 9000 and b.amount + 9000;
select count(*), sum(a % 1000), sum(b % 1000) from pair;
select grp, count(*), total(amount), length(group_concat(word, ',')) from item
  group by grp order by 2 desc, 1 limit 20;
select id, r, running from (
  select id, rank() over (partition by grp order by amount) as r,
         sum(amount) over (partition by grp order by id rows 10 preceding) as running
  from item) where r = 3 order by id limit 20;
select word, length(group_concat(id)) from item group by word order by 2 desc, 1 limit 20;
create table document as
  select json_extract(value, '$.id') as id, value as body from json_each(readfile('documents.json'));
select count(*), sum(json_array_length(body, '$.tags')), max(json_extract(body, '$.name'))
  from document;
select tag.value, count(*) from document, json_each(body, '$.tags') as tag
  group by 1 order by 2 desc, 1 limit 20;
update item set word = upper(word) || replace(word, 'a', 'AAAA') where id % 3 = 0;
delete from item where id % 7 = 0;
select sum(length(hex(zeroblob(id % 5000)))) from item;
select word, count(*) from item group by word order by 2 desc, 1 limit 20;
