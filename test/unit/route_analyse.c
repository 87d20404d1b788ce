/* What routes and what does not, text by text, through the whole of router_read and route_script:
 * each row says the node (by the key that it must be) or the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "route/router.h"
#include "route_map_small.h"

/* One text: routed to the node of `key` in `table` (schema public), or with `table` NULL to the
 * coordinator, or anywhere, for `reason`. */
struct route_case {
	const char *sql;
	const char *table, *key;
	enum reason reason;
	bool anywhere;
};

#define NODE(sql, table, key)                                                                                          \
	{                                                                                                              \
		sql, table, key, REASON_KEY, false                                                                     \
	}
#define NOT(sql, reason)                                                                                               \
	{                                                                                                              \
		sql, NULL, NULL, REASON_##reason, false                                                                \
	}
#define ANY(sql, reason)                                                                                               \
	{                                                                                                              \
		sql, NULL, NULL, REASON_##reason, true                                                                 \
	}

static const struct route_options options = { .route_functions = { "trusted, s2.also", 16 },
					      .max_text_bytes = 100000,
					      .max_depth = 100,
					      .cache_bytes = 1 << 20 };

static struct route_env env_of(struct map *map)
{
	return (struct route_env){ .map = map,
				   .role = span_text("joe"),
				   .search_path = "\"$user\", public",
				   .text_is_safe = true,
				   .encoding_matches = true };
}

/* Each text is read twice: the second time it comes from the cache. */
static void check_case(struct router *router, struct map *map, const struct route_case *c)
{
	struct route_env env = env_of(map);
	for (int i = 0; i < 2; i++) {
		const struct script *script = router_read(router, &env, span_text(c->sql), NULL, 0);
		struct route_decision decision = route_script(script, NULL, 0);
		if (decision.reason != c->reason)
			print_message("%s: %s, not %s\n", c->sql, reason_code(decision.reason), reason_code(c->reason));
		assert_int_equal(decision.reason, c->reason);
		if (c->table != NULL) {
			assert_int_equal(decision.kind, ROUTE_NODE);
			assert_int_equal(decision.node, small_node_of(map, "public", c->table, c->key, NULL));
			assert_non_null(decision.shard);
		} else {
			assert_int_equal(decision.kind, c->anywhere ? ROUTE_ANYWHERE : ROUTE_COORDINATOR);
		}
	}
}

static void check_cases(const struct route_case *cases, size_t count)
{
	struct map *map = small_citus_map();
	struct router *router = router_new(&options);
	for (size_t i = 0; i < count; i++)
		check_case(router, map, &cases[i]);
	router_free(router);
	map_unref(map);
}

static void reads_by_key(void **state)
{
	static const struct route_case cases[] = {
		NODE("SELECT * FROM orders WHERE tenant_id = 42", "orders", "42"),
		NODE("select id, note from public.orders where 42 = tenant_id", "orders", "42"),
		NODE("SELECT o.* FROM orders o WHERE o.tenant_id = -7 AND o.id > 5", "orders", "-7"),
		NODE("SELECT o.* FROM orders AS o WHERE id > 5 AND (note LIKE 'a%' AND tenant_id = 9)", "orders", "9"),
		NODE("SELECT public.orders.id FROM public.orders WHERE public.orders.tenant_id = 3", "orders", "3"),
		NODE("SELECT 1 FROM ONLY orders WHERE tenant_id = 42", "orders", "42"),
		NODE("SELECT 1 FROM orders WHERE tenant_id = '42'", "orders", "42"),
		NODE("SELECT 1 FROM orders WHERE tenant_id = $$42$$", "orders", "42"),
		NODE("SELECT 1 FROM orders WHERE tenant_id = 42::int", "orders", "42"),
		NODE("SELECT 1 FROM orders WHERE tenant_id = '42'::bigint", "orders", "42"),
		NODE("SELECT 1 FROM orders WHERE tenant_id = (-42)::int8", "orders", "-42"),
		NODE("SELECT 1 FROM orders WHERE tenant_id = CAST('42' AS smallint)", "orders", "42"),
		NODE("SELECT 1 FROM orders WHERE tenant_id = int8 '42'", "orders", "42"),
		NODE("SELECT 1 FROM orders WHERE tenant_id OPERATOR(pg_catalog.=) 42", "orders", "42"),
		NODE("SELECT 1 FROM orders WHERE tenant_id = - /* minus */ 42", "orders", "-42"),
		NODE("SELECT 1 FROM orders WHERE \"tenant_id\" = 42 AND TENANT_ID = 42", "orders", "42"),
		NODE("SELECT 1 FROM \"Odd Name\" WHERE \"k\" = 5", "Odd Name", "5"),
		NODE("SELECT 1 FROM people WHERE name = 'O''Brien'", "people", "O'Brien"),
		NODE("SELECT 1 FROM people WHERE name = 'x'::text AND age = 3", "people", "x"),
		NODE("SELECT 1 FROM people WHERE name = 'Zo\303\253'", "people", "Zo\303\253"),
		NODE("SELECT 1 FROM uuids WHERE id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "uuids",
		     "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
		NODE("SELECT 1 FROM flags WHERE on_off = true", "flags", "true"),
		NODE("SELECT 1 FROM short WHERE name = 'longer than eight'", "short", "longer than eight"),
		NODE("SELECT count(*), max(id) FROM orders WHERE tenant_id = 1 GROUP BY note HAVING count(*) > 1 "
		     "ORDER BY count DESC, note LIMIT 5 OFFSET 2",
		     "orders", "1"),
		NODE("SELECT id AS x, row_number() OVER (PARTITION BY note ORDER BY id) FROM orders WHERE tenant_id = "
		     "1 "
		     "ORDER BY x",
		     "orders", "1"),
		NODE("SELECT DISTINCT ON (id) note, CASE WHEN id = 1 THEN 'a' ELSE note END FROM orders "
		     "WHERE tenant_id = 1 AND note IN ('a', 'b') AND id BETWEEN 1 AND 5 AND tags[1] IS NOT NULL",
		     "orders", "1"),
		NODE("SELECT coalesce(note, ''), created AT TIME ZONE 'UTC', extract(year from created), now() "
		     "FROM orders WHERE tenant_id = 1 AND created > now() - interval '1 day'",
		     "orders", "1"),
		NODE("SELECT 1 FROM orders WHERE tenant_id = 42 FOR UPDATE SKIP LOCKED", "orders", "42"),
		NODE("SELECT pg_catalog.lower(note), trusted(note) FROM orders WHERE tenant_id = 42", "orders", "42"),
		NODE("SELECT s2.also(note), any_schema.trusted(1) FROM orders WHERE tenant_id = 42", "orders", "42"),
		NODE("SELECT note COLLATE \"C\" FROM orders WHERE tenant_id = 42 ORDER BY note COLLATE \"C\"", "orders",
		     "42"),
		NODE("SELECT 1 FROM orders WHERE tenant_id = 42 AND tenant_id = 42.0", "orders", "42"),
		NODE("SELECT 1 FROM orders WHERE tenant_id = 42 AND tenant_id = abs(-42)", "orders", "42"),
		NODE("COPY (SELECT * FROM orders WHERE tenant_id = 42) TO STDOUT", "orders", "42"),
		NODE("SELECT ints.k FROM ints WHERE k = 1;", "ints", "1"),
		NODE("SELECT 1 FROM joe.joes, public.ints WHERE joes.k = 1 AND ints.k = 1", "ints", "1"),
	};
	(void)state;
	check_cases(cases, MEM_COUNT(cases));
}

static void no_key(void **state)
{
	static const struct route_case cases[] = {
		NOT("SELECT * FROM orders", NO_KEY),
		NOT("TABLE orders", NO_KEY),
		NOT("SELECT * FROM orders WHERE id = 42", NO_KEY),
		NOT("SELECT * FROM orders WHERE tenant_id = 42 OR id = 1", NO_KEY),
		NOT("SELECT * FROM orders WHERE NOT tenant_id = 42", NO_KEY),
		NOT("SELECT * FROM orders WHERE tenant_id <> 42", NO_KEY),
		NOT("SELECT * FROM orders WHERE tenant_id >= 42", NO_KEY),
		NOT("SELECT * FROM orders WHERE tenant_id IS NOT DISTINCT FROM 42", NO_KEY),
		NOT("SELECT * FROM orders WHERE (tenant_id = 42) IS NOT FALSE", NO_KEY),
		NOT("SELECT * FROM orders WHERE CASE WHEN tenant_id = 42 THEN true END", NO_KEY),
		NOT("SELECT tenant_id = 42 FROM orders", NO_KEY),
		NOT("SELECT max(id) FROM orders GROUP BY tenant_id HAVING tenant_id = 42", NO_KEY),
		NOT("SELECT count(*) FILTER (WHERE tenant_id = 42) FROM orders", NO_KEY),
		NOT("SELECT * FROM orders WHERE tenant_id = id", NO_KEY),
		NOT("SELECT * FROM orders WHERE tenant_id = id + 1", NO_KEY),
		NOT("SELECT * FROM orders WHERE tenant_id::text = '42'", NO_KEY),
		NOT("SELECT * FROM orders WHERE tenant_id + 0 = 42", NO_KEY),
		NOT("SELECT * FROM orders WHERE note = 'tenant_id = 42'", NO_KEY),
		NOT("SELECT * FROM orders /* WHERE tenant_id = 42 */", NO_KEY),
		NOT("UPDATE orders SET note = 'x'", NO_KEY),
		NOT("DELETE FROM orders WHERE id = 5", NO_KEY),
	};
	(void)state;
	check_cases(cases, MEM_COUNT(cases));
}

static void key_values_not_certain(void **state)
{
	static const struct route_case cases[] = {
		NOT("SELECT * FROM orders WHERE tenant_id = 42.0", KEY_VALUE),
		NOT("SELECT * FROM orders WHERE tenant_id = '42.0'", KEY_VALUE),
		NOT("SELECT * FROM orders WHERE tenant_id = 42::text::int", KEY_VALUE),
		NOT("SELECT * FROM orders WHERE tenant_id = 99999999999999999999", KEY_VALUE),
		NOT("SELECT * FROM ints WHERE k = 3000000000", KEY_VALUE),
		NOT("SELECT * FROM orders WHERE tenant_id = 42::numeric", KEY_VALUE),
		NOT("SELECT * FROM orders WHERE tenant_id = abs(-42)", KEY_VALUE),
		NOT("SELECT * FROM orders WHERE tenant_id = 40 + 2", KEY_VALUE),
		NOT("SELECT * FROM orders WHERE tenant_id = + 42", KEY_VALUE),
		NOT("SELECT * FROM orders WHERE tenant_id = -(-42)", KEY_VALUE),
		NOT("SELECT * FROM orders WHERE tenant_id = random()::int", KEY_VALUE),
		NOT("SELECT * FROM orders WHERE tenant_id = $1", KEY_VALUE), /* no parameter was bound */
		NOT("SELECT * FROM people WHERE name = 42", KEY_VALUE),
		NOT("SELECT * FROM people WHERE name = 42::text", KEY_VALUE),
		NOT("SELECT * FROM people WHERE name = E'a\\n'", KEY_VALUE),
		NOT("SELECT * FROM people WHERE name = N'a'", KEY_VALUE),
		NOT("SELECT * FROM people WHERE name = U&'\\0061'", KEY_VALUE),
		NOT("SELECT * FROM people WHERE name = 'abc'::varchar(2)", KEY_VALUE),
		NOT("SELECT * FROM people WHERE name = 'abc'::char(3)", KEY_VALUE),
		NOT("SELECT * FROM people WHERE name = 'abc' COLLATE \"C\"", KEY_VALUE),
		NOT("SELECT * FROM people WHERE name COLLATE \"C\" = 'abc'", NO_KEY),
		NOT("SELECT * FROM odd_collation WHERE name = 'abc'", KEY_VALUE),
		NOT("SELECT * FROM orders WHERE tenant_id = NULL", KEY_NULL),
		NOT("SELECT * FROM orders WHERE tenant_id = NULL::bigint", KEY_NULL),
		NOT("INSERT INTO ints (k, v) VALUES (NULL, 'x')", KEY_NULL),
		NOT("INSERT INTO ints (v) VALUES ('x')", KEY_NULL),
		NOT("INSERT INTO ints (k) VALUES (1.5)", KEY_VALUE),
		NOT("INSERT INTO ints (k) VALUES (1 + 1)", KEY_VALUE),
		NOT("INSERT INTO short (name) VALUES ('123456789 ')", KEY_VALUE),
		NOT("INSERT INTO short (name) VALUES ('12345678   ')", KEY_VALUE), /* stored without the blanks */
	};
	(void)state;
	check_cases(cases, MEM_COUNT(cases));
}

static void several_keys(void **state)
{
	struct map *map = small_citus_map();
	struct router *router = router_new(&options);
	struct route_env env = env_of(map);
	int first = small_node_of(map, "public", "ints", "1", NULL);
	char same[64], other[64], rows[96];
	same[0] = other[0] = '\0';
	for (int k = 2; k < 100; k++) {
		char key[16];
		snprintf(key, sizeof key, "%d", k);
		bool equal = small_node_of(map, "public", "ints", key, NULL) == first;
		snprintf(equal ? same : other, sizeof same, "%d", k);
	}
	struct {
		const char *format, *key;
		enum reason reason;
	} cases[] = {
		{ "SELECT 1 FROM ints WHERE k = 1 AND k = %s", same, REASON_KEY },
		{ "SELECT 1 FROM ints WHERE k = 1 AND k = %s", other, REASON_MULTI_NODE },
		{ "INSERT INTO ints (v, k) VALUES ('a', 1), ('b', %s)", same, REASON_KEY },
		{ "INSERT INTO ints (v, k) VALUES ('a', 1), ('b', %s)", other, REASON_MULTI_NODE },
		{ "UPDATE ints SET w = 1 WHERE k = 1; DELETE FROM ints WHERE k = %s", same, REASON_KEY },
		{ "UPDATE ints SET w = 1 WHERE k = 1; DELETE FROM ints WHERE k = %s", other, REASON_MULTI_NODE },
		{ "SELECT 1 FROM ints a, \"Odd Name\" b WHERE a.k = 1 AND b.k = %s", same, REASON_KEY },
		{ "SELECT 1 FROM ints a, \"Odd Name\" b WHERE a.k = 1 AND b.k = %s", other, REASON_MULTI_NODE },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		snprintf(rows, sizeof rows, cases[i].format, cases[i].key);
		struct route_decision decision =
			route_script(router_read(router, &env, span_text(rows), NULL, 0), NULL, 0);
		assert_int_equal(decision.reason, cases[i].reason);
		if (decision.reason == REASON_KEY)
			assert_int_equal(decision.node, first);
	}
	router_free(router);
	map_unref(map);
}

static void writes_by_key(void **state)
{
	static const struct route_case cases[] = {
		NODE("UPDATE orders SET note = 'x', amount = amount + 1 WHERE tenant_id = 42 RETURNING id, *", "orders",
		     "42"),
		NODE("UPDATE orders AS o SET (note, id) = ('a', 5) WHERE o.tenant_id = 42", "orders", "42"),
		NODE("UPDATE orders SET created = DEFAULT WHERE tenant_id = 42", "orders", "42"),
		NODE("UPDATE orders SET tags[1] = 'a' WHERE tenant_id = 42", "orders", "42"),
		NODE("DELETE FROM orders WHERE tenant_id = 42 RETURNING *", "orders", "42"),
		NODE("DELETE FROM orders o USING countries c WHERE o.tenant_id = 42 AND o.note = c.code", "orders",
		     "42"),
		NODE("UPDATE orders SET note = c.title FROM countries c WHERE tenant_id = 42 AND note = c.code",
		     "orders", "42"),
		NODE("INSERT INTO orders VALUES (42, 1, 'x')", "orders", "42"),
		NODE("INSERT INTO orders (id, tenant_id) VALUES (1, 42)", "orders", "42"),
		NODE("INSERT INTO orders (id, tenant_id, created) VALUES (1, '42', DEFAULT) RETURNING id", "orders",
		     "42"),
		NODE("INSERT INTO orders AS o (id, tenant_id) VALUES (1, 42) ON CONFLICT (id) WHERE id > 0 DO UPDATE "
		     "SET "
		     "note = excluded.note || o.note, amount = o.amount + excluded.amount WHERE o.id > 5",
		     "orders", "42"),
		NODE("INSERT INTO orders (tenant_id) VALUES (42) ON CONFLICT DO NOTHING", "orders", "42"),
		NODE("INSERT INTO orders (tenant_id) VALUES (42) ON CONFLICT ON CONSTRAINT x DO NOTHING", "orders",
		     "42"),
		NODE("INSERT INTO short (name) VALUES ('12345678')", "short", "12345678"),
		NODE("INSERT INTO defaults (k, id, stamp) VALUES (1, 2, 'x')", "defaults", "1"),
		NODE("BEGIN; UPDATE orders SET note = 'x' WHERE tenant_id = 42; SAVEPOINT a; COMMIT", "orders", "42"),
		NODE("SET LOCAL work_mem = '1MB'; SELECT * FROM orders WHERE tenant_id = 42", "orders", "42"),
		NOT("INSERT INTO defaults (k, stamp) VALUES (1, 'x')", SEQUENCE),
		NOT("INSERT INTO defaults (k, id) VALUES (1, 2)", DEFAULT),
		NOT("INSERT INTO defaults (k, id, stamp) VALUES (1, DEFAULT, 'x')", SEQUENCE),
		NOT("INSERT INTO defaults VALUES (1)", SEQUENCE),
		NOT("INSERT INTO default_key (v) VALUES ('x')", DEFAULT),
		NOT("INSERT INTO default_key (k, v) VALUES (DEFAULT, 'x')", DEFAULT),
		NOT("INSERT INTO orders DEFAULT VALUES", DEFAULT),
		NOT("UPDATE defaults SET id = DEFAULT WHERE k = 1", SEQUENCE),
		NOT("UPDATE defaults SET (id, stamp) = (DEFAULT, 'a') WHERE k = 1", DEFAULT),
		NOT("UPDATE orders SET tenant_id = 42 WHERE tenant_id = 42", KEY_ASSIGNED),
		NOT("UPDATE orders SET (note, tenant_id) = ('a', 42) WHERE tenant_id = 42", KEY_ASSIGNED),
		NOT("INSERT INTO orders (tenant_id) VALUES (1) ON CONFLICT (id) DO UPDATE SET tenant_id = 2",
		    KEY_ASSIGNED),
		NOT("INSERT INTO orders SELECT * FROM orders WHERE tenant_id = 42", SHAPE),
		NOT("INSERT INTO orders SELECT 42, 1", SHAPE),
		NOT("INSERT INTO orders (tenant_id) VALUES (42) LIMIT 1", SHAPE),
		NOT("INSERT INTO orders (tenant_id, id) VALUES (42)", SHAPE),
		NOT("INSERT INTO orders (tenant_id, tenant_id) VALUES (42, 43)", NAME_UNKNOWN),
		NOT("INSERT INTO orders (tenant_id, nosuch) VALUES (42, 43)", NAME_UNKNOWN),
		NOT("INSERT INTO orders (tenant_id) VALUES (id)", NAME_UNKNOWN),
		NOT("INSERT INTO orders (tenant_id, note) VALUES (42, myfunc())", FUNCTION),
		NOT("INSERT INTO orders (tenant_id) VALUES (42) RETURNING myfunc(note)", FUNCTION),
		NOT("INSERT INTO orders (tenant_id) VALUES (42) ON CONFLICT (id) DO UPDATE SET note = myfunc()",
		    FUNCTION),
		NOT("INSERT INTO orders (tenant_id) OVERRIDING USER VALUE VALUES (42)", SHAPE),
		NOT("MERGE INTO orders USING items ON orders.tenant_id = items.tenant_id WHEN MATCHED THEN DELETE",
		    SHAPE),
	};
	(void)state;
	check_cases(cases, MEM_COUNT(cases));
}

static void joins(void **state)
{
	static const struct route_case cases[] = {
		NODE("SELECT * FROM orders o, items i WHERE o.tenant_id = 42 AND i.tenant_id = o.tenant_id", "orders",
		     "42"),
		NODE("SELECT * FROM orders o JOIN items i ON i.tenant_id = o.tenant_id WHERE i.tenant_id = 42",
		     "orders", "42"),
		NODE("SELECT * FROM orders o JOIN items i USING (tenant_id) WHERE tenant_id = 42", "orders", "42"),
		NODE("SELECT * FROM orders o JOIN items i ON i.tenant_id = o.tenant_id AND o.tenant_id = 42", "orders",
		     "42"),
		NODE("SELECT * FROM orders o LEFT JOIN items i ON i.tenant_id = o.tenant_id WHERE o.tenant_id = 42",
		     "orders", "42"),
		NODE("SELECT * FROM items i RIGHT JOIN orders o ON i.tenant_id = o.tenant_id WHERE o.tenant_id = 42",
		     "orders", "42"),
		NODE("SELECT * FROM orders o LEFT JOIN items i USING (tenant_id) WHERE tenant_id = 42", "orders", "42"),
		NODE("SELECT * FROM orders o FULL JOIN items i ON o.id = i.n WHERE o.tenant_id = 42 AND i.tenant_id = "
		     "42",
		     "orders", "42"),
		NODE("SELECT * FROM orders o JOIN countries c ON o.note = c.code WHERE o.tenant_id = 42", "orders",
		     "42"),
		NODE("SELECT * FROM countries c LEFT JOIN orders o ON o.tenant_id = 42", "orders", "42"),
		NODE("SELECT * FROM orders a CROSS JOIN orders b WHERE a.tenant_id = 42 AND b.tenant_id = a.tenant_id",
		     "orders", "42"),
		NODE("SELECT * FROM orders a, items b WHERE a.tenant_id = b.order_id AND b.order_id = b.tenant_id AND "
		     "a.tenant_id = 42",
		     "orders", "42"),
		NOT("SELECT * FROM orders o, items i WHERE o.tenant_id = 42", NO_KEY),
		NOT("SELECT * FROM orders o LEFT JOIN items i ON o.tenant_id = 42 AND i.tenant_id = 42", NO_KEY),
		NOT("SELECT * FROM orders o LEFT JOIN items i ON i.tenant_id = o.tenant_id WHERE i.n = 42", NO_KEY),
		NOT("SELECT * FROM orders o FULL JOIN items i ON i.tenant_id = o.tenant_id WHERE o.tenant_id = 42",
		    NO_KEY),
		NOT("SELECT * FROM orders o RIGHT JOIN items i ON o.tenant_id = 42 AND i.tenant_id = 42", NO_KEY),
		NOT("SELECT * FROM ints a, orders o WHERE a.k = o.tenant_id AND a.k = 42", NO_KEY), /* types differ */
		NOT("SELECT * FROM orders NATURAL JOIN items WHERE tenant_id = 42", SHAPE),
		NOT("SELECT * FROM (orders o JOIN items i USING (tenant_id)) AS j WHERE j.tenant_id = 42", SHAPE),
		NOT("SELECT * FROM orders o(a, b) WHERE o.a = 42", SHAPE),
		NOT("SELECT * FROM orders o, items i WHERE tenant_id = 42", NAME_UNKNOWN), /* ambiguous */
		NOT("SELECT * FROM orders o, items o WHERE o.tenant_id = 42", NAME_UNKNOWN),
		NOT("SELECT * FROM orders o WHERE orders.tenant_id = 42", NAME_UNKNOWN), /* hidden by the alias */
		NOT("SELECT * FROM orders, notes WHERE tenant_id = 42", LOCAL_TABLE),
		NOT("SELECT * FROM orders o, countries c WHERE o.tenant_id = 42 FOR UPDATE", REFERENCE_TABLE),
	};
	(void)state;
	check_cases(cases, MEM_COUNT(cases));
}

static void names_and_kinds(void **state)
{
	static const struct route_case cases[] = {
		NOT("SELECT * FROM nosuch WHERE k = 1", NAME_UNKNOWN),
		NOT("SELECT * FROM only_here WHERE k = 1", NAME_UNKNOWN), /* not on the path */
		NOT("SELECT * FROM Orders2 WHERE k = 1", NAME_UNKNOWN),
		NOT("SELECT * FROM \"Orders\" WHERE tenant_id = 1", NAME_UNKNOWN),
		NOT("SELECT * FROM otherdb.public.orders WHERE tenant_id = 1", NAME_UNKNOWN),
		NOT("SELECT nosuch FROM orders WHERE tenant_id = 1", NAME_UNKNOWN),
		NOT("SELECT x.id FROM orders WHERE tenant_id = 1", NAME_UNKNOWN),
		NOT("SELECT x.* FROM orders WHERE tenant_id = 1", NAME_UNKNOWN),
		NOT("SELECT \"TENANT_ID\" FROM orders WHERE tenant_id = 1", NAME_UNKNOWN),
		NOT("SELECT orders.myfunc FROM orders WHERE tenant_id = 1", NAME_UNKNOWN), /* may be myfunc(orders) */
		NOT("SELECT U&\"\\0069d\" FROM orders WHERE tenant_id = 1", NAME_UNKNOWN),
		NOT("SELECT orders FROM orders WHERE tenant_id = 1", SHAPE),
		NOT("SELECT count(o) FROM orders o WHERE tenant_id = 1", SHAPE),
		NOT("SELECT (tags).x FROM orders WHERE tenant_id = 1", SHAPE),
		NOT("SELECT ctid FROM orders WHERE tenant_id = 1", TYPE),
		NOT("SELECT orders.tableoid FROM orders WHERE tenant_id = 1", TYPE),
		NOT("SELECT * FROM notes WHERE k = 1", LOCAL_TABLE),
		NOT("SELECT * FROM a_view WHERE k = 1", VIEW),
		NOT("SELECT * FROM one_shard WHERE k = 1", TABLE_KIND),
		NOT("SELECT * FROM pg_class", LOCAL_TABLE),
		NOT("SELECT * FROM pg_catalog.pg_class", LOCAL_TABLE),
		NOT("SELECT * FROM information_schema.tables", LOCAL_TABLE),
		NOT("SELECT * FROM pg_temp.x", LOCAL_TABLE),
		NOT("SELECT * FROM citus_tables", LOCAL_TABLE),
		NOT("SELECT * FROM moods WHERE k = 1", TYPE),
		NOT("SELECT k FROM regs WHERE k = 1", TYPE),
		NOT("SELECT * FROM refused WHERE k = 1", TABLE_DIFFERS),
		ANY("SELECT * FROM countries WHERE code = 'nl'", REFERENCE_TABLE),
		NOT("SELECT * FROM countries FOR SHARE", REFERENCE_TABLE),
		NOT("UPDATE countries SET title = 'x'", REFERENCE_TABLE),
		NOT("DELETE FROM countries", REFERENCE_TABLE),
		NOT("INSERT INTO countries VALUES ('x', 'y')", REFERENCE_TABLE),
		NOT("SELECT * FROM half_reference", TABLE_DIFFERS),
		NOT("INSERT INTO a_view VALUES (1)", VIEW),
		NOT("INSERT INTO notes VALUES (1)", LOCAL_TABLE),
	};
	(void)state;
	check_cases(cases, MEM_COUNT(cases));
}

static void functions_and_types(void **state)
{
	static const struct route_case cases[] = {
		ANY("SELECT 1", NO_TABLE),
		ANY("VALUES (1), (2)", NO_TABLE),
		ANY("SELECT now(), random(), gen_random_uuid(), current_user, current_date", NO_TABLE),
		ANY("", NO_TABLE),
		ANY(" -- nothing", NO_TABLE),
		NOT("SELECT current_catalog", FUNCTION),
		NOT("SELECT pg_backend_pid()", FUNCTION),
		NOT("SELECT nextval('s')", FUNCTION),
		NOT("SELECT pg_advisory_lock(1)", FUNCTION),
		NOT("SELECT set_config('a.b', 'x', true)", FUNCTION),
		NOT("SELECT myfunc(id) FROM orders WHERE tenant_id = 1", FUNCTION),
		NOT("SELECT initcap(note) FROM orders WHERE tenant_id = 1", FUNCTION),
		ANY("SELECT pg_catalog.initcap('x')", NO_TABLE),
		NOT("SELECT also(note) FROM orders WHERE tenant_id = 1", FUNCTION),
		NOT("SELECT s3.also(note) FROM orders WHERE tenant_id = 1", FUNCTION),
		NOT("SELECT public.lower(note) FROM orders WHERE tenant_id = 1", FUNCTION),
		NOT("SELECT id % 2 FROM orders WHERE tenant_id = 1", FUNCTION), /* a user's % over text */
		NOT("SELECT 1 FROM orders WHERE tenant_id OPERATOR(public.=) 1", FUNCTION),
		NOT("SELECT 1 FROM orders WHERE tenant_id === 1", FUNCTION),
		NOT("SELECT 'orders'::regclass", TYPE),
		NOT("SELECT 'sad'::mood", TYPE),
		NOT("SELECT '[1,2]'::numrange", TYPE), /* a user's type of that name */
		NOT("SELECT 'x'::public.text", TYPE),
		NOT("SELECT ROW(1)::orders", TYPE),
		ANY("SELECT '{1,2}'::int[], '1'::pg_catalog.int4, '1'::numeric(10,2)", NO_TABLE),
		NOT("SELECT note COLLATE \"de-x-icu\" FROM orders WHERE tenant_id = 1", TYPE),
	};
	(void)state;
	check_cases(cases, MEM_COUNT(cases));
}

static void shapes(void **state)
{
	static const struct route_case cases[] = {
		NOT("WITH x AS (SELECT 1) SELECT * FROM orders WHERE tenant_id = 1", SHAPE),
		NOT("SELECT * FROM orders WHERE tenant_id = 1 AND id IN (SELECT order_id FROM items)", SHAPE),
		NOT("SELECT * FROM orders WHERE tenant_id = (SELECT 1)", SHAPE),
		NOT("SELECT (SELECT count(*) FROM notes) FROM orders WHERE tenant_id = 1", LOCAL_TABLE),
		NOT("SELECT * FROM (SELECT * FROM orders) x WHERE tenant_id = 1", SHAPE),
		NOT("SELECT 1 FROM orders WHERE tenant_id = 1 UNION SELECT 2 FROM orders WHERE tenant_id = 1", SHAPE),
		NOT("SELECT * FROM orders, generate_series(1, 2) WHERE tenant_id = 1", SHAPE),
		NOT("SELECT * FROM orders TABLESAMPLE system (10) WHERE tenant_id = 1", SHAPE),
		NOT("SELECT xmlelement(name a) FROM orders WHERE tenant_id = 1", SHAPE),
		NOT("DELETE FROM orders WHERE CURRENT OF c", SHAPE),
		NOT("SELECT * INTO x FROM orders WHERE tenant_id = 1", DDL),
		NOT("CREATE TABLE x (a int)", DDL),
		NOT("EXPLAIN SELECT * FROM orders WHERE tenant_id = 1", UTILITY),
		NOT("COPY orders TO STDOUT", UTILITY),
		NOT("COPY orders FROM STDIN", UTILITY),
		NOT("COPY (SELECT * FROM orders WHERE tenant_id = 1) TO '/tmp/x'", UTILITY),
		NOT("SET work_mem = '1MB'", UTILITY),
		NOT("SELECT 1 FROM", SYNTAX),
		NOT("SELECT 'unterminated", SYNTAX),
		NOT("SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (a int)) x", SYNTAX),
		NOT("SELECT * FROM orders WHERE tenant_id = 1; SELECT * FROM notes", LOCAL_TABLE),
		NOT("SET search_path = s2; SELECT * FROM ints WHERE k = 1", UTILITY),
		NOT("SET LOCAL search_path = s2; SELECT * FROM ints WHERE k = 1", SEARCH_PATH),
		NOT("ROLLBACK; SELECT * FROM ints WHERE k = 1", SEARCH_PATH),
		NOT("SELECT set_config('search_path', 's2', true); SELECT * FROM ints WHERE k = 1", FUNCTION),
	};
	(void)state;
	check_cases(cases, MEM_COUNT(cases));
}

static void search_paths(void **state)
{
	static const struct {
		const char *path, *sql, *schema; /* schema: where it is found; NULL: declined */
		enum reason reason;
	} cases[] = {
		{ "public", "SELECT * FROM ints WHERE k = 1", "public", REASON_KEY },
		{ "s2", "SELECT * FROM ints WHERE k = 1", "s2", REASON_KEY },
		{ "S2", "SELECT * FROM ints WHERE k = 1", "s2", REASON_KEY },
		{ "\"S2\"", "SELECT * FROM ints WHERE k = 1", NULL, REASON_NAME_UNKNOWN },
		{ "nosuch, \"public\"", "SELECT * FROM ints WHERE k = 1", "public", REASON_KEY },
		{ "s2, public", "SELECT * FROM ints WHERE k = 1", NULL, REASON_NAME_UNKNOWN }, /* which, is for USAGE */
		{ "s2, public", "SELECT * FROM only_here WHERE k = 1", "s2", REASON_KEY },
		{ "s2, public", "SELECT * FROM s2.ints WHERE k = 1", "s2", REASON_KEY },
		{ "public, public", "SELECT * FROM ints WHERE k = 1", "public", REASON_KEY },
		{ "\"$user\"", "SELECT * FROM joes WHERE k = 1", "joe", REASON_KEY },
		{ "$user, public", "SELECT * FROM joes WHERE k = 1", "joe", REASON_KEY },
		{ "", "SELECT * FROM ints WHERE k = 1", NULL, REASON_NAME_UNKNOWN },
		{ "", "SELECT * FROM public.ints WHERE k = 1", "public", REASON_KEY },
		{ "pg_catalog, public", "SELECT v::text FROM ints WHERE k = 1", "public", REASON_KEY },
		{ "a b", "SELECT * FROM ints WHERE k = 1", NULL, REASON_SEARCH_PATH },
		{ "\"public", "SELECT * FROM ints WHERE k = 1", NULL, REASON_SEARCH_PATH },
		{ "public,", "SELECT * FROM ints WHERE k = 1", NULL, REASON_SEARCH_PATH },
		{ NULL, "SELECT * FROM ints WHERE k = 1", NULL, REASON_SEARCH_PATH },
		{ NULL, "SELECT * FROM public.ints WHERE k = 1", "public", REASON_KEY },
		{ NULL, "SELECT v::text FROM public.ints WHERE k = 1", NULL, REASON_TYPE },
	};
	struct map *map = small_citus_map();
	struct router *router = router_new(&options);
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		struct route_env env = env_of(map);
		env.search_path = cases[i].path;
		const struct script *script = router_read(router, &env, span_text(cases[i].sql), NULL, 0);
		struct route_decision decision = route_script(script, NULL, 0);
		if (decision.reason != cases[i].reason)
			print_message("%s: %s\n", cases[i].path, cases[i].sql);
		assert_int_equal(decision.reason, cases[i].reason);
		if (cases[i].schema != NULL)
			assert_int_equal(decision.kind, ROUTE_NODE);
	}
	router_free(router);
	map_unref(map);
}

/* Parameters: (types declared) (text or binary values) -> routed as the key, or why not. */
static void parameters(void **state)
{
	static const struct {
		const char *sql, *table, *key;
		uint32_t types[2];
		const char *values[2];
		enum reason reason;
	} cases[] = {
		{ "SELECT * FROM orders WHERE tenant_id = $1", "orders", "42", { 0 }, { "42" }, REASON_KEY },
		{ "SELECT * FROM orders WHERE $1 = tenant_id", "orders", "42", { TYPE_INT4 }, { "42" }, REASON_KEY },
		{ "SELECT * FROM orders WHERE tenant_id = $2 AND id = $1",
		  "orders",
		  "7",
		  { 0, TYPE_INT8 },
		  { "1", "7" },
		  REASON_KEY },
		{ "SELECT * FROM orders WHERE tenant_id = $1::bigint", "orders", "42", { 0 }, { "42" }, REASON_KEY },
		{ "SELECT * FROM orders WHERE tenant_id = $1::int",
		  "orders",
		  "42",
		  { TYPE_INT2 },
		  { "42" },
		  REASON_KEY },
		{ "SELECT * FROM orders WHERE tenant_id = $1 AND id = $1",
		  "orders",
		  "42",
		  { 0 },
		  { "42" },
		  REASON_KEY },
		{ "SELECT * FROM orders WHERE tenant_id = $1 AND id = $1",
		  "orders",
		  "42",
		  { TYPE_INT4 },
		  { "42" },
		  REASON_KEY },
		{ "INSERT INTO orders (tenant_id, id) VALUES ($1, $2)",
		  "orders",
		  "42",
		  { 0 },
		  { "42", "1" },
		  REASON_KEY },
		{ "INSERT INTO short (name) VALUES ($1)", "short", "abc", { 0 }, { "abc" }, REASON_KEY },
		{ "INSERT INTO people (name) VALUES ($1)", "people", "abc", { TYPE_VARCHAR }, { "abc" }, REASON_KEY },
		{ "SELECT * FROM people WHERE name = $1::varchar",
		  "people",
		  "abc",
		  { TYPE_TEXT },
		  { "abc" },
		  REASON_KEY },
		{ "SELECT * FROM orders WHERE tenant_id = $1", NULL, NULL, { 0 }, { NULL }, REASON_KEY_NULL },
		{ "SELECT * FROM orders WHERE tenant_id = $2", NULL, NULL, { 0 }, { "1", NULL }, REASON_KEY_NULL },
		{ "SELECT * FROM orders WHERE tenant_id = $3", NULL, NULL, { 0 }, { "1", "2" }, REASON_KEY_VALUE },
		{ "SELECT * FROM orders WHERE tenant_id = $1",
		  NULL,
		  NULL,
		  { TYPE_NUMERIC },
		  { "42" },
		  REASON_KEY_VALUE },
		{ "SELECT * FROM orders WHERE tenant_id = $1", NULL, NULL, { TYPE_TEXT }, { "42" }, REASON_KEY_VALUE },
		{ "SELECT * FROM orders WHERE tenant_id = $1", NULL, NULL, { SMALL_OID_MOOD }, { "42" }, REASON_TYPE },
		{ "SELECT * FROM orders WHERE tenant_id = $1::text::int8",
		  NULL,
		  NULL,
		  { 0 },
		  { "42" },
		  REASON_KEY_VALUE },
		{ "SELECT * FROM orders WHERE tenant_id = $1::numeric", NULL, NULL, { 0 }, { "42" }, REASON_KEY_VALUE },
		{ "SELECT * FROM orders WHERE tenant_id = $1 + 0", NULL, NULL, { 0 }, { "42" }, REASON_KEY_VALUE },
		/* Of two uses that could give it two types it is not known which does. */
		{ "SELECT $1::numeric FROM orders WHERE tenant_id = $1",
		  NULL,
		  NULL,
		  { 0 },
		  { "42" },
		  REASON_KEY_VALUE },
		{ "SELECT * FROM orders WHERE tenant_id = $1 AND amount > $1",
		  NULL,
		  NULL,
		  { 0 },
		  { "42" },
		  REASON_KEY_VALUE },
		{ "SELECT * FROM orders WHERE tenant_id = $1 AND note LIKE $1",
		  NULL,
		  NULL,
		  { 0 },
		  { "42" },
		  REASON_KEY_VALUE },
		{ "SELECT * FROM people WHERE name = $1::text", NULL, NULL, { TYPE_INT4 }, { "42" }, REASON_KEY_VALUE },
	};
	struct map *map = small_citus_map();
	struct router *router = router_new(&options);
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		struct route_env env = env_of(map);
		struct route_param params[2];
		for (int j = 0; j < 2; j++)
			params[j] = (struct route_param){ .bytes = span_text(cases[i].values[j]),
							  .null = cases[i].values[j] == NULL };
		const struct script *script = router_read(router, &env, span_text(cases[i].sql), cases[i].types, 2);
		struct route_decision decision = route_part(script, 0, params, 2);
		if (decision.reason != cases[i].reason)
			print_message("%zu %s: %s\n", i, cases[i].sql, reason_code(decision.reason));
		assert_int_equal(decision.reason, cases[i].reason);
		if (cases[i].table != NULL)
			assert_int_equal(decision.node,
					 small_node_of(map, "public", cases[i].table, cases[i].key, NULL));
	}
	router_free(router);
	map_unref(map);
}

static void binary_parameters(void **state)
{
	struct map *map = small_citus_map();
	struct router *router = router_new(&options);
	struct route_env env = env_of(map);
	static const char eight[8] = { 0, 0, 0, 0, 0, 0, 0, 42 }, four[4] = { 0, 0, 0, 42 };
	uint32_t types[] = { TYPE_INT4 };
	struct route_param param = { .bytes = span_of(eight, 8), .binary = true };
	int node = small_node_of(map, "public", "orders", "42", NULL);
	(void)state;
	const char *sql = "SELECT * FROM orders WHERE tenant_id = $1";
	struct route_decision decision = route_part(router_read(router, &env, span_text(sql), NULL, 0), 0, &param, 1);
	assert_int_equal(decision.kind, ROUTE_NODE);
	assert_int_equal(decision.node, node);
	/* Four bytes for a parameter that is taken for int8: the server's error, not ours. */
	param.bytes = span_of(four, 4);
	decision = route_part(router_read(router, &env, span_text(sql), NULL, 0), 0, &param, 1);
	assert_int_equal(decision.reason, REASON_KEY_VALUE);
	decision = route_part(router_read(router, &env, span_text(sql), types, 1), 0, &param, 1);
	assert_int_equal(decision.node, node);
	router_free(router);
	map_unref(map);
}

static void two_key_columns(void **state)
{
	static const struct {
		const char *sql, *a, *b;
		enum reason reason;
	} cases[] = {
		{ "SELECT * FROM pairs WHERE a = 5 AND b = 'x'", "5", "x", REASON_KEY },
		{ "SELECT * FROM pairs WHERE b = 'x' AND v = 1 AND 5 = a", "5", "x", REASON_KEY },
		{ "INSERT INTO pairs (b, a) VALUES ('x', 5)", "5", "x", REASON_KEY },
		{ "SELECT * FROM pairs WHERE a = 5", NULL, NULL, REASON_NO_KEY },
		{ "SELECT * FROM pairs WHERE b = 'x'", NULL, NULL, REASON_NO_KEY },
		{ "SELECT * FROM pairs WHERE a = 5 AND b = NULL", NULL, NULL, REASON_KEY_NULL },
		{ "UPDATE pairs SET b = 'y' WHERE a = 5 AND b = 'x'", NULL, NULL, REASON_KEY_ASSIGNED },
		{ "INSERT INTO pairs (a) VALUES (5)", NULL, NULL, REASON_KEY_NULL },
	};
	struct map *map = small_native_map();
	struct router *router = router_new(&options);
	struct route_env env = env_of(map);
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		struct route_decision decision =
			route_script(router_read(router, &env, span_text(cases[i].sql), NULL, 0), NULL, 0);
		assert_int_equal(decision.reason, cases[i].reason);
		if (cases[i].a != NULL)
			assert_int_equal(decision.node, small_node_of(map, "public", "pairs", cases[i].a, cases[i].b));
	}
	router_free(router);
	map_unref(map);
}

/* The node of the key has to have everything, and to be fit. */
static void nodes_that_differ(void **state)
{
	struct map *map = small_citus_map();
	struct router *router = router_new(&options);
	struct route_env env = env_of(map);
	bool seen[3] = { false };
	(void)state;
	for (int k = 0; k < 20; k++) {
		char sql[64], key[16];
		snprintf(key, sizeof key, "%d", k);
		snprintf(sql, sizeof sql, "SELECT * FROM half WHERE k = %d", k);
		int node = small_node_of(map, "public", "half", key, NULL);
		struct route_decision decision =
			route_script(router_read(router, &env, span_text(sql), NULL, 0), NULL, 0);
		assert_int_equal(decision.reason, node == 2 ? REASON_KEY : REASON_TABLE_DIFFERS);
		assert_int_equal(decision.kind, node == 2 ? ROUTE_NODE : ROUTE_COORDINATOR);
		seen[node] = true;
	}
	assert_true(seen[1] && seen[2]);
	router_free(router);
	map_unref(map);
}

static void bounds(void **state)
{
	struct map *map = small_citus_map();
	struct router *router = router_new(&options);
	struct route_env env = env_of(map);
	static char text[200000];
	(void)state;
	memset(text, '(', 150);
	memcpy(text, "SELECT", 6);
	text[150] = '\0';
	const struct script *script = router_read(router, &env, span_text(text), NULL, 0);
	assert_false(script->understood);
	assert_int_equal(script->reason, REASON_TOO_LARGE);
	memset(text, ' ', sizeof text - 1);
	script = router_read(router, &env, span_text(text), NULL, 0);
	assert_int_equal(script->reason, REASON_TOO_LARGE);
	assert_int_equal(route_script(script, NULL, 0).reason, REASON_TOO_LARGE);
	/* Deep without a bracket. */
	size_t len = (size_t)snprintf(text, sizeof text, "SELECT 1");
	for (int i = 0; i < 20000; i++) {
		memcpy(text + len, "+1", 2);
		len += 2;
	}
	script = router_read(router, &env, span_of(text, len), NULL, 0);
	assert_int_equal(script->reason, REASON_TOO_LARGE);
	len = (size_t)snprintf(text, sizeof text, "SELECT true");
	for (int i = 0; i < 10000; i++) {
		memcpy(text + len, "=NOT 1", 6);
		len += 6;
	}
	script = router_read(router, &env, span_of(text, len), NULL, 0);
	assert_int_equal(script->reason, REASON_TOO_LARGE);
	/* Long but flat is fine. */
	len = (size_t)snprintf(text, sizeof text, "SELECT * FROM ints WHERE k = 1");
	for (int i = 0; i < 3000; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, " AND w <> %d", i);
	assert_int_equal(route_script(router_read(router, &env, span_of(text, len), NULL, 0), NULL, 0).reason,
			 REASON_KEY);
	router_free(router);
	map_unref(map);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_by_key),
		cmocka_unit_test(no_key),
		cmocka_unit_test(key_values_not_certain),
		cmocka_unit_test(several_keys),
		cmocka_unit_test(writes_by_key),
		cmocka_unit_test(joins),
		cmocka_unit_test(names_and_kinds),
		cmocka_unit_test(functions_and_types),
		cmocka_unit_test(shapes),
		cmocka_unit_test(search_paths),
		cmocka_unit_test(parameters),
		cmocka_unit_test(binary_parameters),
		cmocka_unit_test(two_key_columns),
		cmocka_unit_test(nodes_that_differ),
		cmocka_unit_test(bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
