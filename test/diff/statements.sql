-- Statements that the differential test runs on the reference and through pgshunt; test_diff.py says how.
-- A block is some --@ lines and one statement; blocks are parted by empty lines.
--
--   --@ node TABLE KEY...     expected: sent to the node that holds this key, and to no other
--   --@ reason CODE           expected: sent to the coordinator, for this reason (`any`: for any)
--                             A statement that a worker refused as unknown there and that was then asked of the
--                             coordinator (reason `retried`) went to the coordinator.
--                             several may be allowed: --@ node orders 7 | reason shape
--   --@ each                  the block stands for one of each key type: {t} {k} {key} {type} and, as parameters,
--                             {param} {unknown} {binary}
--   --@ params TYPE:VALUE...  extended protocol; TYPE ? = left to the server; b/TYPE = in binary; NULL = null
--   --@ extended              extended protocol without parameters
--   --@ prepared              a named statement, run twice
--   --@ before SQL            run first in the same session (may be repeated); --@ after SQL likewise
--   --@ off                   with route_transactions = off (else: all)
--   --@ admin SQL             run first on every node and the reference, as superuser; the map is waited for
--   --@ input LINE            a line for COPY FROM STDIN (\t is a tab)
--   --@ rows differ           rows are not compared, only their number
--   --@ kind native           only on this kind of cluster

-- ---- each key type, each way to say it

--@ each
--@ node {t} {key}
SELECT * FROM {t} WHERE k = {k}

--@ each
--@ node {t} {key}
select k , v from {t} where {k} = k

--@ each
--@ node {t} {key}
SELECT v FROM public.{t} AS x WHERE x.k = {k} AND x.v >= 0 ORDER BY v

--@ each
--@ node {t} {key}
SELECT count(*) FROM {t} WHERE k = ({k})::{type}

--@ each
--@ node {t} {key}
SELECT count(*) FROM {t} WHERE k = CAST({k} AS {type})

--@ each
--@ node {t} {key}
SELECT count(*) FROM {t} WHERE (((k) = ({k}))) AND (true)

--@ each
--@ node {t} {key}
--@ params {param}
SELECT * FROM {t} WHERE k = $1

--@ each
--@ node {t} {key}
--@ params {unknown}
SELECT * FROM {t} WHERE k = $1

--@ each
--@ node {t} {key}
--@ params {binary}
SELECT * FROM {t} WHERE k = $1

--@ each
--@ node {t} {key}
--@ params int4:0 {unknown}
SELECT * FROM {t} WHERE k = $2 AND v >= $1

--@ each
--@ node {t} {key}
--@ params {param}
--@ prepared
SELECT v FROM {t} WHERE k = $1

--@ each
--@ node {t} {key}
--@ params {unknown}
SELECT v FROM {t} WHERE k = $1::{type}

--@ each
--@ reason key_null
--@ params ?:NULL
SELECT * FROM {t} WHERE k = $1

--@ each
--@ reason key_null
SELECT * FROM {t} WHERE k = NULL

--@ each
--@ reason no_key
SELECT * FROM {t} WHERE k >= {k}

--@ each
--@ reason no_key
SELECT * FROM {t} WHERE k <> {k}

--@ each
--@ reason no_key
SELECT count(*) FROM {t}

--@ each
--@ reason no_key
SELECT count(*) FROM {t} WHERE k IS NOT DISTINCT FROM {k}

--@ each
--@ reason no_key
SELECT count(*) FROM {t} WHERE NOT k = {k}

--@ each
--@ node {t} {key} | reason shape | reason no_key
SELECT count(*) FROM {t} WHERE k IN ({k})

--@ each
--@ node {t} {key} | reason shape | reason no_key
SELECT count(*) FROM {t} WHERE k = {k} OR k = {k}

--@ each
--@ node {t} {key} | reason shape | reason no_key
SELECT count(*) FROM {t} WHERE k = ANY (ARRAY[{k}]::{type}[])

--@ each
--@ reason no_key | reason shape
SELECT count(*) FROM {t} WHERE k = {k} OR v = 3

--@ each
--@ node {t} {key}
UPDATE {t} SET v = v + 1 WHERE k = {k}

--@ each
--@ node {t} {key}
--@ params {param}
UPDATE {t} SET v = v - 1 WHERE k = $1 RETURNING k, v

--@ each
--@ node {t} {key}
INSERT INTO {t} (k, v, note) VALUES ({k}, 900, 'inserted')

--@ each
--@ node {t} {key}
--@ params {unknown} ?:901
INSERT INTO {t} VALUES ($1, $2, 'by parameters') RETURNING *

--@ each
--@ node {t} {key}
--@ params {binary}
INSERT INTO {t} (v, k) VALUES (902, $1)

--@ each
--@ node {t} {key}
INSERT INTO {t} (k, v) VALUES ({k}, 903), ({k}, 904)

--@ each
--@ reason key_null | reason key_value | reason shape
INSERT INTO {t} (v) VALUES (905)

--@ each
--@ reason any
DELETE FROM {t} WHERE v = 905

--@ each
--@ node {t} {key}
SELECT * FROM {t} WHERE k = {k} ORDER BY v FOR UPDATE

--@ each
--@ node {t} {key}
DELETE FROM {t} WHERE k = {k} AND v >= 900 RETURNING v

--@ each
--@ reason key_assigned
UPDATE {t} SET k = {k} WHERE k = {k}

--@ each
--@ node {t} {key}
COPY (SELECT v, note FROM {t} WHERE k = {k} ORDER BY v) TO STDOUT

--@ each
--@ before BEGIN
--@ node {t} {key}
--@ after ROLLBACK
UPDATE {t} SET note = 'rolled back' WHERE k = {k}

--@ each
--@ before PREPARE p AS SELECT v FROM {t} WHERE k = $1
--@ node {t} {key} | reason any
EXECUTE p({k})

-- ---- shapes of a query tied to one key

--@ node orders 7
SELECT tenant_id, count(*), sum(total) FROM orders WHERE tenant_id = 7 GROUP BY tenant_id HAVING count(*) > 1

--@ node orders 7
SELECT DISTINCT note FROM orders WHERE tenant_id = 7 ORDER BY note DESC LIMIT 2 OFFSET 1

--@ node orders 7
SELECT id, row_number() OVER (ORDER BY total DESC), lag(total) OVER (ORDER BY id) FROM orders WHERE tenant_id = 7

--@ node orders 7
SELECT CASE WHEN total > 71 THEN 'much' ELSE 'little' END, coalesce(note, ''), nullif(id, 1) FROM orders WHERE tenant_id = 7

--@ node orders 7
SELECT upper(note), length(note), substring(note from 1 for 3), note || '!', abs(total), round(total / 3.0, 2), at::date FROM orders WHERE tenant_id = 7

--@ node orders 7
SELECT * FROM orders WHERE tenant_id = 7 AND id IN (1, 2) AND total BETWEEN 0 AND 1000 AND note LIKE 'order%'

--@ node orders 7
SELECT o.* FROM orders o WHERE o.tenant_id = 7 AND o.id = 2

--@ node orders 7
SELECT array_agg(id ORDER BY id), string_agg(note, ',' ORDER BY id), json_agg(id ORDER BY id) FROM orders WHERE tenant_id = 7

--@ node orders 7 | reason shape | reason no_key
SELECT o.id, i.price FROM orders o JOIN items i ON i.tenant_id = o.tenant_id AND i.order_id = o.id WHERE o.tenant_id = 7

--@ node orders 7 | reason shape | reason no_key
SELECT o.id, i.price FROM orders o, items i WHERE i.tenant_id = 7 AND o.tenant_id = 7 AND i.order_id = o.id

--@ node orders 7 | reason shape | reason no_key
SELECT id, price FROM orders JOIN items USING (tenant_id, id) WHERE tenant_id = 7

--@ reason no_key | reason shape
SELECT o.id, i.price FROM orders o JOIN items i ON i.order_id = o.id WHERE o.tenant_id = 7

--@ reason no_key | reason shape
SELECT o.id, i.price FROM orders o LEFT JOIN items i ON i.order_id = o.id AND i.tenant_id = 7

--@ node orders 7 | reason no_key | reason shape
SELECT o.id, i.price FROM orders o LEFT JOIN items i ON i.tenant_id = o.tenant_id AND i.order_id = o.id WHERE o.tenant_id = 7

--@ reason no_key | reason shape
SELECT o.id FROM orders o LEFT JOIN items i ON o.tenant_id = 7 AND i.tenant_id = 7

--@ reason no_key | reason shape
SELECT o.id FROM orders o FULL JOIN items i ON o.tenant_id = i.tenant_id AND o.tenant_id = 7 AND i.tenant_id = 7 WHERE o.id = 1

--@ reason multi_node | reason shape | reason no_key
SELECT o.id FROM orders o, items i WHERE o.tenant_id = 3 AND i.tenant_id = 2 AND o.id = i.id

--@ reason multi_node | reason shape | reason no_key
SELECT count(*) FROM orders WHERE tenant_id IN (3, 2)

--@ reason multi_node | reason shape | reason no_key
--@ params int8:3 int8:2
SELECT count(*) FROM orders WHERE tenant_id IN ($1, $2)

--@ reason multi_node | reason shape | reason no_key
SELECT count(*) FROM orders WHERE tenant_id = 3 OR tenant_id = 2

--@ reason no_key | reason shape
SELECT count(*) FROM orders WHERE tenant_id = 7 OR id = 1

--@ node orders 7 | node orders 2 | reason any
SELECT count(*) FROM orders WHERE tenant_id = 7 AND tenant_id = 2

--@ node orders 7 | reason shape | reason no_key
SELECT s.id FROM (SELECT * FROM orders WHERE tenant_id = 7) s WHERE s.total > 0

--@ node orders 7 | reason shape | reason no_key
SELECT s.id FROM (SELECT * FROM orders) s WHERE s.tenant_id = 7

--@ node orders 7 | reason shape | reason no_key
WITH x AS (SELECT * FROM orders WHERE tenant_id = 7) SELECT count(*) FROM x

--@ reason shape | reason no_key | reason no_table
WITH x AS (SELECT * FROM orders WHERE tenant_id = 7) SELECT count(*) FROM orders

--@ reason any
WITH orders AS (SELECT 1 AS tenant_id, 'not the table' AS note) SELECT * FROM orders WHERE tenant_id = 7

--@ reason any
WITH orders AS (SELECT 7 AS tenant_id, 'not the table' AS note) SELECT * FROM orders WHERE tenant_id = 7

--@ node orders 7 | reason shape | reason no_key
SELECT id FROM orders WHERE tenant_id = 7 UNION ALL SELECT id FROM items WHERE tenant_id = 7

--@ reason shape | reason no_key
SELECT id FROM orders WHERE tenant_id = 7 UNION ALL SELECT id FROM items

--@ reason multi_node | reason shape | reason no_key
SELECT id FROM orders WHERE tenant_id = 3 UNION ALL SELECT id FROM items WHERE tenant_id = 2

--@ reason no_key | reason shape
SELECT count(*) FROM orders o WHERE EXISTS (SELECT 1 FROM items i WHERE i.tenant_id = 7)

--@ node orders 7 | reason shape | reason no_key
SELECT count(*) FROM orders o WHERE o.tenant_id = 7 AND EXISTS (SELECT 1 FROM items i WHERE i.tenant_id = 7 AND i.order_id = o.id)

--@ reason no_key | reason shape
SELECT count(*) FROM orders o WHERE o.tenant_id = 7 AND EXISTS (SELECT 1 FROM items i WHERE i.order_id = o.id)

--@ reason no_key | reason shape
SELECT (SELECT count(*) FROM items) FROM orders WHERE tenant_id = 7

--@ reason no_key | reason shape
SELECT count(*) FROM orders WHERE tenant_id = (SELECT 7)

--@ reason no_key | reason shape
SELECT count(*) FROM orders WHERE tenant_id IN (SELECT tenant_id FROM items WHERE tenant_id = 7)

--@ reason no_key
SELECT tenant_id = 7 FROM orders ORDER BY tenant_id, id

--@ reason no_key
SELECT CASE WHEN tenant_id = 7 THEN 1 END FROM orders ORDER BY tenant_id, id

--@ reason no_key
SELECT tenant_id FROM orders GROUP BY tenant_id HAVING tenant_id = 7

--@ reason no_key
SELECT count(*) FILTER (WHERE tenant_id = 7) FROM orders

--@ reason no_key
SELECT count(*) FROM orders WHERE (tenant_id = 7) = true

--@ reason no_key
SELECT count(*) FROM orders WHERE (tenant_id = 7) IS NOT TRUE

--@ reason no_key
SELECT count(*) FROM orders WHERE coalesce(tenant_id = 7, false)

--@ reason no_key
SELECT count(*) FROM orders WHERE total = 7

--@ reason no_key
SELECT count(*) FROM orders WHERE tenant_id = id

--@ reason no_key
SELECT count(*) FROM orders WHERE tenant_id > 6 AND tenant_id < 8

--@ reason no_key
SELECT count(*) FROM orders WHERE tenant_id BETWEEN 7 AND 7

--@ reason no_key
SELECT count(*) FROM orders WHERE tenant_id + 0 = 7

--@ reason no_key
SELECT count(*) FROM orders WHERE tenant_id % 10 = 7

--@ reason no_key | reason shape
SELECT count(*) FROM orders WHERE (tenant_id, id) = (7, 1)

--@ reason no_key
SELECT count(*) FROM orders WHERE tenant_id::text = '7'

--@ node orders 7 | reason no_key | reason function | reason shape
SELECT count(*) FROM orders WHERE tenant_id OPERATOR(pg_catalog.=) 7

--@ reason no_key | reason function
SELECT count(*) FROM orders WHERE tenant_id OPERATOR(pg_catalog.>=) 7

--@ reason no_key
TABLE orders

--@ reason no_table
SELECT 1

--@ reason no_table
VALUES (1, 'a'), (2, 'b')

--@ reason no_table | reason function | reason shape
SELECT * FROM generate_series(1, 3)

--@ reason any
SELECT

--@ node orders 7 | reason shape | reason no_key
SELECT o.id, g FROM orders o, generate_series(1, 2) g WHERE o.tenant_id = 7

--@ node orders 7 | reason shape | reason no_key
SELECT o.id, l.n FROM orders o, LATERAL (SELECT count(*) AS n FROM items i WHERE i.tenant_id = 7 AND i.order_id = o.id) l WHERE o.tenant_id = 7

--@ reason shape | reason no_key
SELECT o.id, l.n FROM orders o, LATERAL (SELECT count(*) AS n FROM items i WHERE i.order_id = o.id) l WHERE o.tenant_id = 7

--@ reason any
SELECT * FROM orders TABLESAMPLE SYSTEM (100) WHERE tenant_id = 7

--@ reason any
SELECT * FROM orders WHERE tenant_id = 7 AND id = 1 FOR UPDATE OF nosuch

--@ node orders 7
SELECT * FROM orders WHERE tenant_id = 7 AND id = 1 FOR NO KEY UPDATE SKIP LOCKED

--@ node orders 7 | reason any
SELECT * FROM ONLY orders WHERE tenant_id = 7

-- ---- two key columns

--@ node k_two 3 yy
SELECT * FROM k_two WHERE a = 3 AND b = 'yy'

--@ node k_two 3 yy
SELECT * FROM k_two WHERE b = 'yy' AND v > 0 AND 3 = a

--@ node k_two 3 ""
SELECT * FROM k_two WHERE a = 3 AND b = ''

--@ kind native
--@ reason no_key
SELECT * FROM k_two WHERE a = 3

--@ reason no_key
SELECT * FROM k_two WHERE b = 'yy'

--@ node k_two 3 yy
--@ params ?:yy b/int8:3
SELECT * FROM k_two WHERE a = $2 AND b = $1

--@ kind native
--@ reason key_null
SELECT * FROM k_two WHERE a = 3 AND b = NULL

--@ node k_two 3 zz
INSERT INTO k_two (b, a, v) VALUES ('zz', 3, 0)

--@ node k_two 3 zz
UPDATE k_two SET v = 1 WHERE a = 3 AND b = 'zz'

--@ reason key_assigned
UPDATE k_two SET a = 3 WHERE a = 3 AND b = 'zz'

--@ node k_two 3 zz
DELETE FROM k_two WHERE a = 3 AND b = 'zz'

-- ---- values

--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = '7'

--@ node orders 7 | reason key_value
SELECT count(*) FROM orders WHERE tenant_id = ' 7 '

--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = 7::int4

--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = 7::smallint

--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = 7::pg_catalog.int8

--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = bigint '7'

--@ node orders 7 | reason key_value
SELECT count(*) FROM orders WHERE tenant_id = '7'::int4

--@ node orders 007
SELECT count(*) FROM orders WHERE tenant_id = 007

--@ node orders 7 | reason key_value
SELECT count(*) FROM orders WHERE tenant_id = +7

--@ node orders -7
SELECT count(*) FROM orders WHERE tenant_id = -7

--@ node orders -7
SELECT count(*) FROM orders WHERE tenant_id = - 7

--@ node orders 7 | reason key_value | reason shape | reason no_key
SELECT count(*) FROM orders WHERE tenant_id = -(-7)

--@ node orders 7 | reason key_value | reason shape | reason no_key
SELECT count(*) FROM orders WHERE tenant_id = 3 + 4

--@ node orders 7 | reason key_value | reason shape | reason no_key | reason function
SELECT count(*) FROM orders WHERE tenant_id = abs(-7)

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = 7.0

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = 7e0

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = 7::numeric

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = 7.4::int8

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = 7::float8

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = '7.0'

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = 'seven'

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = true

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = '7'::text

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = 9223372036854775808

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = '9223372036854775808'

--@ reason any
SELECT count(*) FROM k_int2 WHERE k = 100000

--@ reason any
SELECT count(*) FROM k_int4 WHERE k = 5000000000

--@ node k_int2 -32768
SELECT count(*) FROM k_int2 WHERE k = -32768

--@ node k_int8 -9223372036854775808 | reason key_value | reason shape
SELECT count(*) FROM k_int8 WHERE k = -9223372036854775808

--@ node k_int8 9223372036854775807
SELECT count(*) FROM k_int8 WHERE k = 9223372036854775807

--@ reason key_value | reason shape
SELECT count(*) FROM k_int4 WHERE k = -2147483648::int4

--@ node k_int8 42
--@ params int2:42
SELECT count(*) FROM k_int8 WHERE k = $1

--@ node k_int8 42
--@ params b/int2:42
SELECT count(*) FROM k_int8 WHERE k = $1

--@ node k_int8 42
--@ params b/int4:42
SELECT count(*) FROM k_int8 WHERE k = $1

--@ node k_int2 42
--@ params b/int8:42
SELECT count(*) FROM k_int2 WHERE k = $1

--@ reason any
--@ params int8:100000
SELECT count(*) FROM k_int2 WHERE k = $1

--@ reason any
--@ params numeric:42.0
SELECT count(*) FROM k_int8 WHERE k = $1

--@ reason any
--@ params text:42
SELECT count(*) FROM k_int8 WHERE k = $1

--@ reason any
--@ params ?:4x2
SELECT count(*) FROM k_int8 WHERE k = $1

--@ node k_text acme
--@ params varchar:acme
SELECT count(*) FROM k_text WHERE k = $1

--@ node k_varchar acme
--@ params text:acme
SELECT count(*) FROM k_varchar WHERE k = $1

--@ reason any
--@ params bpchar:acme
SELECT count(*) FROM k_text WHERE k = $1

--@ node k_text acme
--@ params unknown:acme
SELECT count(*) FROM k_text WHERE k = $1

--@ node k_text 42
SELECT count(*) FROM k_text WHERE k = '42'

--@ reason any
SELECT count(*) FROM k_text WHERE k = 42

--@ node k_text "x y "
SELECT count(*) FROM k_text WHERE k = 'x y '

--@ reason any
SELECT count(*) FROM k_text WHERE k = 'x y '::char(10)

--@ node k_text é
SELECT count(*) FROM k_text WHERE k = 'é'

--@ node k_text é | reason any
SELECT count(*) FROM k_text WHERE k = U&'\00E9'

--@ node k_text é | reason any
SELECT count(*) FROM k_text WHERE k = E'\u00e9'

--@ node k_text acme | reason key_value
SELECT count(*) FROM k_text WHERE k = E'ac\x6de'

--@ node k_text acme
SELECT count(*) FROM k_text WHERE k = $$acme$$

--@ node k_text acme
SELECT count(*) FROM k_text WHERE k = $tag$acme$tag$

--@ node k_text acme
SELECT count(*) FROM k_text WHERE k = 'ac'
  'me'

--@ node k_text "\\n"
SELECT count(*) FROM k_text WHERE k = '\n'

--@ node k_text acme | reason any
SELECT count(*) FROM k_text WHERE k = 'acme'::varchar(40)

--@ reason any
SELECT count(*) FROM k_text WHERE k = 'acme'::varchar(2)

--@ reason any
SELECT count(*) FROM k_text WHERE k = 'acme'::name

--@ reason any
SELECT count(*) FROM k_text WHERE k = upper('a')

--@ reason any
SELECT count(*) FROM k_text WHERE k COLLATE "C" = 'a'

--@ reason any
SELECT count(*) FROM k_text WHERE lower(k) = 'a'

--@ reason no_key
SELECT count(*) FROM k_text WHERE k LIKE 'acme'

--@ reason no_key
SELECT count(*) FROM k_text WHERE k ~ '^acme$'

--@ reason any
SELECT count(*) FROM k_varchar WHERE k = repeat('x', 50)

--@ node k_uuid a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 | reason key_value
SELECT v FROM k_uuid WHERE k = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'

--@ node k_uuid a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 | reason key_value
SELECT v FROM k_uuid WHERE k = '{a0eebc999c0b4ef8bb6d6bb9bd380a11}'

--@ reason any
SELECT v FROM k_uuid WHERE k = 'a0eebc99'

--@ reason any
SELECT v FROM k_date WHERE k = '01/15/2026'

--@ reason any
SELECT v FROM k_date WHERE k = 'today'

--@ reason any
SELECT v FROM k_date WHERE k = current_date

--@ node k_date infinity | reason key_value
SELECT v FROM k_date WHERE k = 'infinity'

--@ reason any
SELECT v FROM k_date WHERE k = '2026-02-30'

--@ reason any
SELECT v FROM k_date WHERE k = timestamp '2026-01-15 00:00:00'

--@ node k_date 2026-01-15
SELECT v FROM k_date WHERE k = date '2026-01-15'

--@ reason any
SELECT v FROM k_timestamptz WHERE k = '2024-02-29 12:00:00'

--@ node k_timestamptz "2024-02-29 12:00:00+00"
SELECT v FROM k_timestamptz WHERE k = '2024-02-29 14:00:00+02'

--@ node k_timestamptz "2024-02-29 12:00:00+00" | reason key_value
SELECT v FROM k_timestamptz WHERE k = '2024-02-29T12:00:00Z'

--@ reason any
SELECT v FROM k_timestamptz WHERE k = '2024-02-29 12:00:00 Europe/Paris'

--@ reason any
SELECT v FROM k_timestamptz WHERE k = now()

--@ reason any
SELECT v FROM k_timestamptz WHERE k = date '2024-02-29'

--@ reason any
--@ params timestamp:2024-02-29T12:00:00
SELECT v FROM k_timestamptz WHERE k = $1

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = floor(random() * 0)::int8 + 7

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = nullif(7, 7)

-- ---- text that hides or imitates a key

--@ reason no_key
SELECT count(*) FROM orders /* WHERE tenant_id = 7 */

--@ reason no_key
SELECT count(*) FROM orders -- WHERE tenant_id = 7

--@ reason no_key
SELECT count(*) FROM orders WHERE note = 'x'' AND tenant_id = 7 --'

--@ reason no_key
SELECT count(*) FROM orders WHERE note = $x$ ' AND tenant_id = 7 AND ' $x$

--@ node orders 7
SELECT count(*) FROM orders WHERE /* nested /* comment */ here */ tenant_id /* a */ = /* b */ 7

--@ node orders 7
SELECT count(*) FROM orders -- first
WHERE tenant_id -- second
= 7

--@ node orders 7 | reason syntax
SELECT count(*)FROM orders WHERE tenant_id=7AND id=1

--@ node orders 7
sElEcT CoUnT(*) fRoM OrDeRs wHeRe TENANT_ID = 7

--@ node orders 7
SELECT "count"(*) FROM "orders" WHERE "tenant_id" = 7

--@ reason name_unknown
SELECT count(*) FROM "ORDERS" WHERE tenant_id = 7

--@ reason any
SELECT count(*) FROM orders WHERE "TENANT_ID" = 7

--@ node "Odd Name" 3
SELECT * FROM "Odd Name" WHERE "Key" = 3

--@ node "Odd Name" 3
UPDATE public."Odd Name" AS o SET "select" = 'changed' WHERE o."Key" = 3

--@ reason any
SELECT * FROM "Odd Name" WHERE key = 3

--@ node "Odd Name" 3 | reason any
SELECT * FROM U&"Odd\0020Name" WHERE "Key" = 3

--@ node orders 7 | reason any
SELECT count(*) FROM orders WHERE U&"tenant\005Fid" = 7

--@ reason any
SELECT count(*) FROM orders WHERE U&"tenant!005Fid" UESCAPE '!' = 7

--@ node orders 7 | reason any
SELECT count(*) FROM test.public.orders WHERE tenant_id = 7

--@ reason any
SELECT count(*) FROM nosuch.public.orders WHERE tenant_id = 7

--@ node orders 7
SELECT count(*) FROM orders WHERE public.orders.tenant_id = 7

--@ node orders 7
SELECT count(*) FROM orders AS items WHERE items.tenant_id = 7

--@ reason any
SELECT count(*) FROM orders AS o (a, b) WHERE a = 7

--@ reason any
SELECT count(*) FROM orders AS o (id, tenant_id) WHERE tenant_id = 7

--@ reason any
SELECT id AS tenant_id FROM orders ORDER BY tenant_id = 7, orders.tenant_id, orders.id

--@ reason any
SELECT * FROM orders, items WHERE tenant_id = 7

--@ reason any
SELECT * FROM orders o WHERE orders.tenant_id = 7

--@ node orders 7
--@ params int8:7
SELECT count(*) FROM orders WHERE tenant_id = $1 AND id < $1

--@ node orders 7 | reason shape | reason no_key
--@ params int8:7
SELECT count(*) FROM orders o, items i WHERE o.tenant_id = $1 AND i.tenant_id = $1 AND i.order_id = o.id

--@ reason no_key
--@ params int8:7
SELECT count(*) FROM orders WHERE id = $1

--@ reason any
--@ params int8:7
SELECT count(*) FROM orders WHERE tenant_id = $2

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = $1

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id == 7

--@ reason any
SELEC count(*) FROM orders WHERE tenant_id = 7

--@ reason any
SELECT 'unterminated FROM orders WHERE tenant_id = 7

--@ reason any
SELECT count(*) FROM orders WHERE (tenant_id = 7

--@ before SET standard_conforming_strings = off
--@ reason encoding
SELECT count(*) FROM k_text WHERE k = 'a\'' OR k = ' --'

--@ before SET standard_conforming_strings = off
--@ before SET standard_conforming_strings = on
--@ node k_text acme
SELECT count(*) FROM k_text WHERE k = 'acme'

--@ before SET client_encoding = 'SJIS'
--@ reason encoding
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before SET client_encoding = 'LATIN1'
--@ node orders 7 | reason encoding
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before SET transform_null_equals = on
--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = 7 AND note = NULL

-- ---- names

--@ before SET search_path = s2, public
--@ reason local_table | reason name_unknown
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before SET search_path = s2, public
--@ node orders 7
SELECT count(*) FROM public.orders WHERE tenant_id = 7

--@ before SET search_path = s2, public
--@ node items 7
SELECT count(*) FROM items WHERE tenant_id = 7

--@ before SET search_path = public, s2
--@ node orders 7 | reason name_unknown
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before SET search_path = nosuchschema, public
--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before SET search_path TO "$user", public
--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before SET search_path = ''
--@ reason name_unknown
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before SET search_path = s2
--@ before RESET search_path
--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before SET search_path = s2
--@ before DISCARD ALL
--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before BEGIN
--@ before SET search_path = s2
--@ before ROLLBACK
--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before BEGIN
--@ before SET LOCAL search_path = s2
--@ before COMMIT
--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before BEGIN
--@ before SET LOCAL search_path = s2
--@ after COMMIT
--@ reason local_table
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before BEGIN
--@ before SAVEPOINT a
--@ before SET search_path = s2
--@ before ROLLBACK TO a
--@ after COMMIT
--@ node orders 7 | reason in_transaction
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before SELECT set_config('search_path', 's2', false)
--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ before CREATE TEMP TABLE orders (tenant_id int8, note text)
--@ reason pinned | reason local_table
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ reason local_table
SELECT * FROM notes WHERE id = 1

--@ reason local_table
SELECT count(*) FROM s2.orders WHERE tenant_id = 7

--@ reason name_unknown
SELECT count(*) FROM nosuch WHERE tenant_id = 7

--@ reason name_unknown
SELECT count(*) FROM nosuch.orders WHERE tenant_id = 7

--@ reason view
SELECT count(*) FROM v_orders WHERE tenant_id = 7

--@ reason local_table | reason no_table | reason shape
SELECT relname FROM pg_class WHERE relname = 'orders'

--@ reason any
SELECT table_name FROM information_schema.tables WHERE table_name = 'orders' AND table_schema = 'public'

--@ kind native
--@ reason any
SELECT count(*) FROM orders_p0

--@ reason local_table | reason reference_table
SELECT name FROM countries WHERE code = 'fr'

--@ node orders 7 | reason any
SELECT o.id, c.name FROM orders o, countries c WHERE o.tenant_id = 7 AND c.code = 'fr'

--@ reason local_table
SELECT o.id, n.body FROM orders o JOIN notes n ON n.id = o.id WHERE o.tenant_id = 7

--@ reason local_table | reason shape
SELECT o.id FROM orders o WHERE o.tenant_id = 7 AND o.id IN (SELECT id FROM notes)

-- ---- functions and types

--@ node orders 7
--@ rows differ
SELECT now(), clock_timestamp(), random(), gen_random_uuid() FROM orders WHERE tenant_id = 7

--@ reason function
SELECT double(total) FROM orders WHERE tenant_id = 7

--@ reason function
SELECT count(*) FROM orders WHERE tenant_id = 7 AND total = double(total) / 2

--@ reason function
SELECT orders_of(7)

--@ reason function | reason sequence
--@ rows differ
SELECT nextval('counted_id_seq') FROM orders WHERE tenant_id = 7

--@ reason function
SELECT pg_advisory_xact_lock(1) FROM orders WHERE tenant_id = 7 AND id = 1

--@ reason function
SELECT set_config('work_mem', '5MB', true) FROM orders WHERE tenant_id = 7 AND id = 1

--@ reason function
--@ rows differ
SELECT pg_backend_pid() FROM orders WHERE tenant_id = 7 AND id = 1

--@ reason function
--@ rows differ
SELECT inet_server_port() FROM orders WHERE tenant_id = 7 AND id = 1

--@ reason function
--@ rows differ
SELECT txid_current() FROM orders WHERE tenant_id = 7 AND id = 1

--@ reason function
--@ rows differ
SELECT pg_relation_size('orders') FROM orders WHERE tenant_id = 7 AND id = 1

--@ reason function
SELECT pg_notify('channel', 'x') FROM orders WHERE tenant_id = 7 AND id = 1

--@ reason any
SELECT nosuch(total) FROM orders WHERE tenant_id = 7

--@ reason any
SELECT upper(total) FROM orders WHERE tenant_id = 7

--@ reason any
--@ kind native
SELECT tableoid::regclass, id FROM orders WHERE tenant_id = 7

--@ reason any
--@ rows differ
SELECT ctid FROM orders WHERE tenant_id = 7

--@ reason any
SELECT 'orders'::regclass::text FROM orders WHERE tenant_id = 7 AND id = 1

--@ reason any
SELECT o FROM orders o WHERE tenant_id = 7 AND id = 1

--@ reason any
SELECT row_to_json(o) FROM orders o WHERE tenant_id = 7 AND id = 1

--@ node orders 7 | reason shape | reason type
SELECT ROW(id, total) FROM orders WHERE tenant_id = 7

--@ node orders 7
SELECT at, at + interval '1 day', extract(year FROM at), date_trunc('day', at) FROM orders WHERE tenant_id = 7

--@ before SET timezone = 'Asia/Tokyo'
--@ node orders 7 | reason any
SELECT at, to_char(at, 'YYYY-MM-DD HH24:MI:SS TZ') FROM orders WHERE tenant_id = 7

--@ before SET datestyle = 'SQL, DMY'
--@ node orders 7 | reason any
SELECT at FROM orders WHERE tenant_id = 7

--@ before SET datestyle = 'SQL, DMY'
--@ reason any
SELECT v FROM k_date WHERE k = '15/01/2026'

--@ before SET bytea_output = 'escape'
--@ node orders 7 | reason any
SELECT note::bytea FROM orders WHERE tenant_id = 7

--@ reason any
SELECT count(*) FROM extra_enum WHERE k = 'red'

--@ reason any
SELECT count(*) FROM extra_domain WHERE k = 7

--@ node extra_char abc | reason any
SELECT count(*) FROM extra_char WHERE k = 'abc'

--@ node extra_numeric 1.5 | reason any
SELECT count(*) FROM extra_numeric WHERE k = 1.50

--@ node extra_bool true | reason any
SELECT count(*) FROM extra_bool WHERE k = true

--@ node extra_bytea '\x0102' | reason any
SELECT count(*) FROM extra_bytea WHERE k = '\x0102'

--@ reason any
SELECT count(*) FROM extra_loose WHERE k = 'ABC'

--@ kind native
--@ reason any
SELECT count(*) FROM extra_range WHERE k = 7

--@ kind native
--@ reason any
SELECT count(*) FROM extra_list WHERE k = 7

--@ kind native
--@ reason any
SELECT count(*) FROM extra_sub WHERE k = 7 AND at = 1

-- ---- writes

--@ node orders 7
INSERT INTO orders (tenant_id, id, total) VALUES (7, 100, 1)

--@ node orders 7
INSERT INTO orders (tenant_id, id, total) VALUES (7, 100, 1)

--@ node orders 7
INSERT INTO orders (tenant_id, id, total) VALUES (7, NULL, 1)

--@ node orders 7 | reason shape
INSERT INTO orders (tenant_id, id, total) VALUES (7, 100, 1) ON CONFLICT DO NOTHING

--@ node orders 7
INSERT INTO orders (tenant_id, id, note) VALUES (7, 101, DEFAULT) RETURNING note, at

--@ node orders 7
INSERT INTO orders AS o (tenant_id, id) VALUES (7, 102) RETURNING o.tenant_id, o.id + 1

--@ node orders 7
INSERT INTO orders VALUES (7, 103, 3, 'all columns', '2026-05-05 00:00:00+00')

--@ reason any
INSERT INTO orders VALUES (7, 104, 3, 'too many', '2026-05-05 00:00:00+00', 1)

--@ reason any
INSERT INTO orders (tenant_id, nosuch) VALUES (7, 1)

--@ reason any
INSERT INTO orders (tenant_id, id, tenant_id) VALUES (7, 105, 8)

--@ reason multi_node
INSERT INTO orders (tenant_id, id) VALUES (3, 110), (2, 110)

--@ node orders 7
--@ params int8:7 int8:111 int8:7 int8:112
INSERT INTO orders (tenant_id, id) VALUES ($1, $2), ($3, $4)

--@ reason multi_node
--@ params int8:3 int8:113 int8:2 int8:113
INSERT INTO orders (tenant_id, id) VALUES ($1, $2), ($3, $4)

--@ node orders 7 | reason shape | reason no_key
INSERT INTO orders (tenant_id, id) SELECT 7, g FROM generate_series(120, 121) g

--@ node orders 7 | reason shape | reason no_key
INSERT INTO orders (tenant_id, id, total) SELECT tenant_id, id + 20, total FROM orders WHERE tenant_id = 7 AND id = 100

--@ reason shape | reason no_key
INSERT INTO orders (tenant_id, id) SELECT tenant_id + 100, id FROM items WHERE tenant_id < 3 AND order_id = 1 AND id = 1

--@ reason any
INSERT INTO orders (tenant_id, id) SELECT 7 + 2, 130

--@ reason any
INSERT INTO orders DEFAULT VALUES

--@ reason any
INSERT INTO orders (tenant_id, id) VALUES ((SELECT 7), 131)

--@ node orders 7 | reason key_value | reason shape | reason no_key
INSERT INTO orders (tenant_id, id) VALUES (3 + 4, 132)

--@ node orders 7
INSERT INTO orders (tenant_id, id, total) VALUES (7, 133, 1 + 1)

--@ reason function
INSERT INTO orders (tenant_id, id, total) VALUES (7, 134, double(4))

--@ reason sequence
INSERT INTO counted (k, v) VALUES (7, 'numbered')

--@ reason sequence
--@ params int8:7
INSERT INTO counted (k, v) VALUES ($1, 'numbered')

--@ node counted 7
INSERT INTO counted (k, id, v) VALUES (7, 777, 'given')

--@ reason sequence
INSERT INTO counted (k, id, v) VALUES (7, DEFAULT, 'numbered')

--@ node counted 7
SELECT k, v FROM counted WHERE k = 7

--@ node orders 7
UPDATE orders SET total = total + 1, note = note || '+' WHERE tenant_id = 7 AND id >= 100

--@ node orders 7
UPDATE orders AS o SET total = 5 WHERE o.tenant_id = 7 AND o.id = 100 RETURNING o.*

--@ node orders 7 | reason shape | reason no_key
UPDATE orders o SET total = i.price FROM items i WHERE i.tenant_id = o.tenant_id AND o.tenant_id = 7 AND i.order_id = o.id AND i.id = 1

--@ reason no_key | reason shape
UPDATE orders o SET total = i.price FROM items i WHERE o.tenant_id = 7 AND i.order_id = o.id AND i.id = 1 AND i.tenant_id < 2

--@ reason any
UPDATE orders SET (total, note) = (SELECT 1, 'sub') WHERE tenant_id = 7 AND id = 100

--@ node orders 7 | reason shape
UPDATE orders SET (total, note) = (6, 'row') WHERE tenant_id = 7 AND id = 100

--@ node orders 7
UPDATE orders SET note = DEFAULT WHERE tenant_id = 7 AND id = 100

--@ reason key_assigned
UPDATE orders SET tenant_id = tenant_id WHERE tenant_id = 7

--@ reason key_assigned | reason shape
UPDATE orders SET (tenant_id, total) = (7, 1) WHERE tenant_id = 7 AND id = 100

--@ reason no_key
UPDATE orders SET total = total WHERE id = 100

--@ node orders 7
UPDATE orders SET id = 1 WHERE tenant_id = 7 AND id = 2

--@ node orders 7
UPDATE orders SET total = 1 / 0 WHERE tenant_id = 7

--@ node orders 4242
UPDATE orders SET total = 1 WHERE tenant_id = 4242

--@ reason no_key
DELETE FROM orders WHERE id > 5000

--@ node orders 7 | reason shape | reason no_key
DELETE FROM items i USING orders o WHERE o.tenant_id = 7 AND i.tenant_id = 7 AND o.id = i.order_id AND o.id = 3

--@ reason any
WITH gone AS (DELETE FROM orders WHERE tenant_id = 7 AND id = 133 RETURNING *) SELECT count(*) FROM gone

--@ reason any
WITH made AS (INSERT INTO orders (tenant_id, id) VALUES (9, 140) RETURNING *) SELECT count(*) FROM made, orders o WHERE o.tenant_id = 7

--@ reason local_table
UPDATE notes SET body = 'changed' WHERE id = 1

--@ reason local_table
INSERT INTO notes VALUES (3, 'three') ON CONFLICT (id) DO UPDATE SET body = excluded.body

--@ reason view
UPDATE v_orders SET total = 7 WHERE tenant_id = 7 AND id = 100

--@ node orders 7
DELETE FROM orders WHERE tenant_id = 7 AND id >= 100

--@ reason any
DELETE FROM orders WHERE id >= 100 AND tenant_id <> 7

-- ---- commands

--@ reason utility
--@ rows differ
EXPLAIN (COSTS off) SELECT count(*) FROM notes

--@ reason utility
SHOW work_mem

--@ reason utility
ANALYZE notes

--@ reason utility
VACUUM notes

--@ reason utility
LOCK TABLE orders

--@ reason ddl
CREATE TABLE made_here (a int)

--@ reason any
INSERT INTO made_here VALUES (1), (2)

--@ reason ddl
DROP TABLE made_here

--@ reason ddl
DO $$ BEGIN PERFORM 1; END $$

--@ reason ddl | reason utility
COMMENT ON TABLE notes IS 'tenant_id = 7'

--@ reason ddl | reason utility
TRUNCATE s2.orders

--@ reason any
CALL nosuch(7)

--@ reason utility | reason local_table | reason shape
COPY notes TO STDOUT

--@ reason any
COPY (SELECT count(*) FROM orders) TO STDOUT

--@ reason any
--@ input 7\t200\t1\tcopied\t2026-01-01 00:00:00+00
--@ input 9\t200\t1\tcopied\t2026-01-01 00:00:00+00
COPY orders FROM STDIN

--@ reason any
--@ input not a number
COPY orders (tenant_id) FROM STDIN

--@ reason any
DELETE FROM orders WHERE id = 200

--@ reason any
DEALLOCATE nosuch

--@ reason any
EXECUTE nosuch

--@ reason any
FETCH nosuch

--@ reason any
NOTIFY nobody

--@ reason any
COMMIT PREPARED 'nosuch'

--@ reason any
--@ before BEGIN
--@ before DECLARE c CURSOR FOR SELECT id FROM orders WHERE tenant_id = 7 ORDER BY id
--@ after COMMIT
FETCH 2 FROM c

--@ reason any
ROLLBACK

--@ reason any
COMMIT

--@ reason any
SAVEPOINT a

--@ reason any
SET work_mem = 'much'

--@ reason any
SET nosuch_setting = 1

--@ reason any
RESET ALL

-- ---- several statements, and transactions

--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = 7; SELECT count(*) FROM items WHERE tenant_id = 7

--@ reason multi_node
SELECT count(*) FROM orders WHERE tenant_id = 3; SELECT count(*) FROM orders WHERE tenant_id = 2

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = 7; SELECT count(*) FROM orders

--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = 7; SELECT count(*) FROM notes

--@ node orders 7 | reason any
UPDATE orders SET total = 0 WHERE tenant_id = 7 AND id = 1; SELECT 1 / 0; SELECT count(*) FROM orders WHERE tenant_id = 7

--@ node orders 7 | reason any
SELECT 1; SELECT count(*) FROM orders WHERE tenant_id = 7

--@ node orders 7 | reason any
BEGIN; UPDATE orders SET total = 71 WHERE tenant_id = 7 AND id = 1; COMMIT

--@ node orders 7 | reason any
;;SELECT count(*) FROM orders WHERE tenant_id = 7;;

--@ reason any
;

--@ node orders 7
--@ before BEGIN
--@ before UPDATE orders SET total = 0 WHERE tenant_id = 7
--@ after ROLLBACK
SELECT 1 / 0

--@ reason any
--@ before BEGIN
--@ before SELECT 1 / 0
--@ after COMMIT
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ node orders 7
--@ before BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY
--@ after COMMIT
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ node orders 7
--@ before BEGIN READ ONLY
--@ after COMMIT
UPDATE orders SET total = 0 WHERE tenant_id = 7

--@ node orders 7 | reason in_transaction
--@ before START TRANSACTION
--@ before SET TRANSACTION ISOLATION LEVEL REPEATABLE READ
--@ after SHOW transaction_isolation
--@ after COMMIT
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ node orders 7 | reason in_transaction
--@ before BEGIN
--@ before SAVEPOINT a
--@ after ROLLBACK TO a
--@ after SELECT total FROM orders WHERE tenant_id = 7 AND id = 1
--@ after COMMIT
UPDATE orders SET total = 0 WHERE tenant_id = 7

--@ node orders 7
--@ before BEGIN
--@ after COMMIT AND CHAIN
--@ after SELECT count(*) FROM orders WHERE tenant_id = 7
--@ after ROLLBACK
UPDATE orders SET total = total WHERE tenant_id = 7

--@ node orders 7
--@ extended
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ off
--@ before BEGIN
--@ after COMMIT
--@ reason transaction_block
SELECT count(*) FROM orders WHERE tenant_id = 7

--@ off
--@ node orders 7
SELECT count(*) FROM orders WHERE tenant_id = 7

-- ---- names that change under way: known when the map has been read again

--@ admin CREATE SCHEMA s3; GRANT USAGE ON SCHEMA s3 TO PUBLIC; CREATE FUNCTION s3.same(a int8, b int8) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true'; CREATE OPERATOR s3.= (LEFTARG = int8, RIGHTARG = int8, FUNCTION = s3.same)
--@ reason any
SELECT count(*) FROM orders WHERE tenant_id OPERATOR(s3.=) 7::int8

--@ before SET search_path = s3, pg_catalog, public
--@ reason any
SELECT count(*) FROM orders WHERE tenant_id = 7::int8

--@ before SET search_path = s3, pg_catalog, public
--@ reason any
--@ params int8:7
SELECT count(*) FROM orders WHERE tenant_id = $1

--@ node orders 7 | reason function
SELECT count(*) FROM orders WHERE tenant_id = 7::int8

--@ admin CREATE FUNCTION s3.upper(text) RETURNS text LANGUAGE sql AS 'SELECT ''hidden'''
--@ before SET search_path = s3, pg_catalog, public
--@ reason any
SELECT upper(note) FROM items, orders WHERE orders.tenant_id = 7 AND items.tenant_id = 7

--@ before SET search_path = s3, pg_catalog, public
--@ reason function
SELECT upper(note) FROM orders WHERE tenant_id = 7 AND note = 'order 1'

--@ admin DROP SCHEMA s3 CASCADE
--@ node orders 7
SELECT upper(note) FROM orders WHERE tenant_id = 7
