/* What commands are and what they leave behind: classes, effects, pins, names, settings,
 * bodies, without a map and with one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "route/router.h"
#include "route_map_small.h"

static const struct route_options options = {
	.route_functions = { "trusted", 7 }, .max_text_bytes = 10000, .max_depth = 50, .cache_bytes = 1 << 20
};

static struct route_env env_of(struct map *map)
{
	return (struct route_env){ .map = map,
				   .role = span_text("joe"),
				   .search_path = "public",
				   .text_is_safe = true,
				   .encoding_matches = true };
}

static void classes_and_names(void **state)
{
	static const struct {
		const char *sql;
		enum part_class cls;
		const char *tag, *name;
	} cases[] = {
		{ "SELECT 1", PART_ROWS, NULL, NULL },
		{ "VALUES (1)", PART_ROWS, NULL, NULL },
		{ "TABLE x", PART_ROWS, NULL, NULL },
		{ "COPY x TO STDOUT", PART_COPY_OUT, "COPY", NULL },
		{ "COPY (SELECT 1) TO STDOUT", PART_COPY_OUT, "COPY", NULL },
		{ "COPY x FROM STDIN", PART_COPY_IN, "COPY", NULL },
		{ "COPY x FROM '/tmp/x'", PART_UTILITY, "COPY", NULL },
		{ "COPY x FROM PROGRAM 'ls'", PART_UTILITY, "COPY", NULL },
		{ "begin", PART_BEGIN, "BEGIN", NULL },
		{ "START TRANSACTION READ ONLY", PART_BEGIN, "START TRANSACTION", NULL },
		{ "END", PART_COMMIT, "COMMIT", NULL },
		{ "ABORT", PART_ROLLBACK, "ROLLBACK", NULL },
		{ "SAVEPOINT \"A b\"", PART_SAVEPOINT, "SAVEPOINT", "A b" },
		{ "RELEASE a", PART_RELEASE, "RELEASE", "a" },
		{ "ROLLBACK TO SAVEPOINT A", PART_ROLLBACK_TO, "ROLLBACK", "a" },
		{ "PREPARE TRANSACTION 'x'", PART_PREPARE_TRANSACTION, "PREPARE TRANSACTION", "x" },
		{ "COMMIT PREPARED 'x'", PART_COMMIT_PREPARED, "COMMIT PREPARED", "x" },
		{ "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", PART_SET_TRANSACTION, "SET", NULL },
		{ "SET TRANSACTION SNAPSHOT 'x'", PART_UTILITY, "SET", NULL },
		{ "SET LOCAL transaction_read_only = on", PART_SET_TRANSACTION, "SET", NULL },
		{ "SET x.y = 1", PART_SET, "SET", NULL },
		{ "RESET x", PART_SET, "RESET", NULL },
		{ "SET CONSTRAINTS ALL DEFERRED", PART_UTILITY, "SET CONSTRAINTS", NULL },
		{ "SHOW TimeZone", PART_SHOW, "SHOW", "timezone" },
		{ "SHOW ALL", PART_SHOW, "SHOW", "all" },
		{ "DISCARD ALL", PART_DISCARD, "DISCARD ALL", "all" },
		{ "DISCARD TEMP", PART_DISCARD, "DISCARD TEMP", "temp" },
		{ "PREPARE p AS SELECT 1", PART_PREPARE, "PREPARE", "p" },
		{ "EXECUTE p", PART_EXECUTE, NULL, "p" },
		{ "DEALLOCATE p", PART_DEALLOCATE, "DEALLOCATE", "p" },
		{ "DEALLOCATE PREPARE ALL", PART_DEALLOCATE, "DEALLOCATE ALL", NULL },
		{ "DECLARE c CURSOR FOR SELECT 1", PART_CURSOR, "DECLARE CURSOR", "c" },
		{ "FETCH 5 FROM c", PART_CURSOR, NULL, "c" },
		{ "MOVE c", PART_CURSOR, NULL, "c" },
		{ "CLOSE ALL", PART_CURSOR, "CLOSE CURSOR ALL", NULL },
		{ "LISTEN chan", PART_LISTEN, "LISTEN", "chan" },
		{ "UNLISTEN *", PART_UNLISTEN, "UNLISTEN", NULL },
		{ "NOTIFY chan, 'x'", PART_NOTIFY, "NOTIFY", "chan" },
		{ "EXPLAIN SELECT 1", PART_EXPLAIN, "EXPLAIN", NULL },
		{ "CREATE INDEX ON x (a)", PART_DDL, "CREATE INDEX", NULL },
		{ "ALTER TABLE x ADD y int", PART_DDL, NULL, NULL },
		{ "CREATE POLICY p ON x", PART_DDL, NULL, NULL },
		{ "DO $$ BEGIN END $$", PART_DDL, "DO", NULL },
		{ "CALL f()", PART_DDL, "CALL", NULL },
		{ "VACUUM x", PART_UTILITY, "VACUUM", NULL },
		{ "ANALYZE", PART_UTILITY, "ANALYZE", NULL },
		{ "LOCK x", PART_UTILITY, "LOCK TABLE", NULL },
		{ "TRUNCATE x", PART_UTILITY, "TRUNCATE TABLE", NULL },
		{ "SELECT 1 INTO x", PART_DDL, "SELECT INTO", NULL },
	};
	struct router *router = router_new(&options);
	struct route_env env = env_of(NULL);
	(void)state;
	for (int again = 0; again < 2; again++)
		for (size_t i = 0; i < MEM_COUNT(cases); i++) {
			const struct script *script = router_read(router, &env, span_text(cases[i].sql), NULL, 0);
			const struct part *part = script->parts;
			assert_true(script->understood);
			assert_int_equal(script->part_count, 1);
			if ((part->tag == NULL) != (cases[i].tag == NULL) || part->cls != cases[i].cls)
				print_message("%s\n", cases[i].sql);
			assert_int_equal(part->cls, cases[i].cls);
			if (cases[i].tag != NULL)
				assert_string_equal(part->tag, cases[i].tag);
			assert_int_equal(part->name == NULL, cases[i].name == NULL);
			if (cases[i].name != NULL)
				assert_string_equal(part->name, cases[i].name);
			assert_int_equal(part->cls == PART_ROWS, part->recipe != NULL && part->tag == NULL);
		}
	router_free(router);
}

static void transaction_options(void **state)
{
	static const struct {
		const char *sql;
		bool chain, has_options, read_only;
	} cases[] = {
		{ "BEGIN", false, false, false },
		{ "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", false, true, true },
		{ "BEGIN READ WRITE", false, true, false },
		{ "START TRANSACTION DEFERRABLE", false, true, false },
		{ "COMMIT AND CHAIN", true, false, false },
		{ "COMMIT AND NO CHAIN", false, false, false },
		{ "ROLLBACK AND CHAIN", true, false, false },
		{ "SET TRANSACTION READ ONLY", false, true, true },
		{ "SET transaction_read_only = off", false, true, false },
		{ "SET transaction_read_only = 'on'", false, true, true },
	};
	struct router *router = router_new(&options);
	struct route_env env = env_of(NULL);
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		const struct part *part = router_read(router, &env, span_text(cases[i].sql), NULL, 0)->parts;
		assert_int_equal(part->chain, cases[i].chain);
		assert_int_equal(part->has_options, cases[i].has_options);
		assert_int_equal(part->read_only, cases[i].read_only);
	}
	router_free(router);
}

static void settings(void **state)
{
	static const struct {
		const char *sql, *name, *value;
		bool local, known;
	} cases[] = {
		{ "SET search_path = a, \"B c\"", "search_path", "a, \"B c\"", false, true },
		{ "SET search_path TO 'a, b', \"$user\"", "search_path", "\"a, b\", \"$user\"", false, true },
		{ "SET search_path = ''", "search_path", "\"\"", false, true },
		{ "SET SCHEMA 'x'", "search_path", "x", false, true },
		{ "SET LOCAL Work_Mem = '1MB'", "work_mem", "1MB", true, true },
		{ "SET SESSION work_mem TO 1024", "work_mem", "1024", false, true },
		{ "SET seed = -0.5", "seed", "-0.5", false, true },
		{ "SET datestyle = sql, dmy", "datestyle", "sql, dmy", false, true },
		{ "SET work_mem = 1, 2", "work_mem", "1, 2", false, false },
		{ "SET enable_seqscan = off", "enable_seqscan", "off", false, true },
		{ "SET enable_seqscan = TRUE", "enable_seqscan", "true", false, true },
		{ "SET app.\"Tenant\" = 'it''s'", "app.tenant", "it's", false, true },
		{ "SET work_mem TO DEFAULT", "work_mem", NULL, false, true },
		{ "SET LOCAL work_mem = DEFAULT", "work_mem", NULL, true, true },
		{ "SET work_mem FROM CURRENT", "work_mem", NULL, false, false },
		{ "RESET work_mem", "work_mem", NULL, false, true },
		{ "RESET ALL", "all", NULL, false, true },
		{ "SET TIME ZONE 'Asia/Tokyo'", "timezone", "Asia/Tokyo", false, true },
		{ "SET TIME ZONE -7", "timezone", "-7", false, true },
		{ "SET TIME ZONE LOCAL", "timezone", NULL, false, true },
		{ "SET TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE", "timezone", NULL, false, false },
		{ "RESET TIME ZONE", "timezone", NULL, false, true },
		{ "SET NAMES 'LATIN1'", "client_encoding", "LATIN1", false, true },
		{ "SET NAMES", "client_encoding", NULL, false, true },
		{ "SET ROLE \"Some One\"", "role", "Some One", false, true },
		{ "SET ROLE NONE", "role", "none", false, true },
		{ "RESET ROLE", "role", NULL, false, true },
		{ "SET SESSION AUTHORIZATION joe", "session_authorization", "joe", false, true },
		{ "SET SESSION AUTHORIZATION DEFAULT", "session_authorization", NULL, false, true },
		{ "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "default_transaction_read_only", "on", false,
		  true },
		{ "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED",
		  "default_transaction_isolation", "read committed", false, true },
		{ "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, READ WRITE", "default_transaction_read_only",
		  "off", false, true },
	};
	struct router *router = router_new(&options);
	struct route_env env = env_of(NULL);
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		const struct part *part = router_read(router, &env, span_text(cases[i].sql), NULL, 0)->parts;
		if (part->cls != PART_SET || part->setting_count != 1)
			print_message("%s\n", cases[i].sql);
		assert_int_equal(part->cls, PART_SET);
		assert_int_equal(part->setting_count, 1);
		assert_string_equal(part->settings[0].name, cases[i].name);
		assert_int_equal(part->settings[0].known, cases[i].known);
		assert_int_equal(part->settings[0].local, cases[i].local);
		if (cases[i].value == NULL || part->settings[0].value == NULL)
			assert_ptr_equal(part->settings[0].value, cases[i].value);
		else
			assert_string_equal(part->settings[0].value, cases[i].value);
	}
	const struct part *several =
		router_read(router, &env,
			    span_text("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE, "
				      "READ ONLY, NOT DEFERRABLE"),
			    NULL, 0)
			->parts;
	assert_int_equal(several->setting_count, 3);
	router_free(router);
}

enum {
	NOTHING = 0,
	W = EFFECT_WRITES,
	L = EFFECT_LOCKS,
	N = EFFECT_NAMES,
	C = EFFECT_COMMITS,
	S = EFFECT_SETTINGS_UNKNOWN,
	Q = EFFECT_SEQUENCE,
	U = EFFECT_USER_CODE,
};

static void effects_and_pins(void **state)
{
	static const struct {
		const char *sql;
		unsigned effects;
		enum pin pin;
	} cases[] = {
		{ "SELECT 1", NOTHING, PIN_NONE },
		{ "SELECT lower(note), count(*) FROM orders", NOTHING, PIN_NONE },
		{ "SELECT * FROM orders FOR SHARE", L, PIN_NONE },
		{ "INSERT INTO orders VALUES (1)", W, PIN_NONE },
		{ "UPDATE orders SET id = 1", W, PIN_NONE },
		{ "DELETE FROM orders", W, PIN_NONE },
		{ "WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x", W, PIN_NONE },
		{ "SELECT pg_notify('a', 'b')", W, PIN_NONE },
		{ "SELECT myfunc()", W | U | S | Q, PIN_NONE },
		{ "SELECT * FROM orders WHERE id = myfunc(1)", W | U | S | Q, PIN_NONE },
		{ "SELECT * FROM orders ORDER BY (SELECT max(myfunc(id)) FROM items)", W | U | S | Q, PIN_NONE },
		{ "SELECT * FROM myfunc(1)", W | U | S | Q, PIN_NONE },
		{ "SELECT initcap('x')", W | U | S | Q, PIN_NONE },
		{ "SELECT trusted(1)", W | U, PIN_NONE },
		{ "SELECT note % 'x' FROM orders", W | U | S | Q, PIN_NONE }, /* a user's operator */
		{ "SELECT note @@ 'x', 1 === 2 FROM orders", NOTHING, PIN_NONE },
		{ "SELECT * FROM a_view", U, PIN_NONE },
		{ "SELECT nextval('s')", W | Q, PIN_NONE },
		{ "INSERT INTO defaults (k, stamp) VALUES (1, 'x')", W | Q, PIN_NONE },
		{ "INSERT INTO defaults (k, id) VALUES (1, 2)", W | Q | U, PIN_NONE },
		{ "INSERT INTO defaults (k, id, stamp) VALUES (1, 2, 'x')", W, PIN_NONE },
		{ "INSERT INTO defaults (k, id, stamp) VALUES (1, DEFAULT, 'x')", W | Q | U, PIN_NONE },
		{ "INSERT INTO nosuch VALUES (1)", W | Q, PIN_NONE },
		{ "COPY defaults (k, id, stamp) FROM STDIN", W, PIN_NONE },
		{ "COPY defaults (k) FROM STDIN", W | Q | U, PIN_NONE },
		{ "SELECT currval('s')", W, PIN_CURRVAL },
		{ "SELECT lastval()", W, PIN_CURRVAL },
		{ "SELECT setseed(0.5)", W, PIN_CURRVAL },
		{ "SELECT pg_advisory_lock(1)", W | L, PIN_ADVISORY_LOCK },
		{ "SELECT pg_catalog.pg_try_advisory_lock_shared($1)", W | L, PIN_ADVISORY_LOCK },
		{ "SELECT CASE WHEN true THEN pg_advisory_lock(1) END", W | L, PIN_ADVISORY_LOCK },
		{ "SELECT pg_advisory_xact_lock(1)", W | L, PIN_NONE },
		{ "SELECT set_config('a.b', 'c', true)", W | S, PIN_NONE },
		{ "SELECT set_config('a.b', 'c', false)", W | S, PIN_SET_CONFIG },
		{ "SELECT set_config('a.b', 'c', $1)", W | S, PIN_SET_CONFIG },
		{ "SELECT set_config('a.b', is_local => true, new_value => 'c')", W | S, PIN_SET_CONFIG },
		{ "CREATE TABLE x (a int)", W | L | N, PIN_NONE },
		{ "CREATE TEMP TABLE x (a int)", W | L, PIN_TEMP_TABLE },
		{ "CREATE TABLE pg_temp.x (a int)", W | L, PIN_TEMP_TABLE },
		{ "CREATE TEMP TABLE x AS SELECT myfunc()", W | L | U | S | Q, PIN_TEMP_TABLE },
		{ "CREATE TABLE x AS EXECUTE p", W | L | N | S | Q | U, PIN_NONE },
		{ "CREATE TEMP VIEW x AS SELECT 1", W | L, PIN_TEMP_TABLE },
		{ "CREATE TEMP SEQUENCE x", W | L, PIN_TEMP_TABLE },
		{ "SELECT 1 INTO TEMP x", W | L, PIN_TEMP_TABLE },
		{ "SELECT 1 INTO x", W | L | N, PIN_NONE },
		{ "DROP TABLE pg_temp.x", W | L | N, PIN_TEMP_TABLE },
		{ "DROP TABLE x", W | L | N, PIN_NONE },
		{ "DROP INDEX CONCURRENTLY x", W | L | N | C, PIN_NONE },
		{ "CREATE INDEX CONCURRENTLY ON x (a)", W | L | N | C | U, PIN_NONE },
		{ "GRANT SELECT ON x TO y", W | L | N, PIN_NONE },
		{ "ALTER ROLE joe SET search_path = x", W | L | N, PIN_NONE },
		{ "CREATE DATABASE x", W | L | N | C, PIN_NONE },
		{ "DO $$BEGIN END$$", W | L | N | C | S | Q | U, PIN_NONE },
		{ "CALL p()", W | L | N | C | S | Q | U, PIN_NONE },
		{ "SELECT create_distributed_table('x', 'y')", W | L | N | S | Q | U, PIN_NONE },
		{ "SELECT citus_move_shard_placement(1, 'a', 1, 'b', 1)", W | L | N | S | Q | U, PIN_NONE },
		{ "SELECT run_command_on_workers('x')", W | L | N | S | Q | U, PIN_NONE },
		{ "SELECT citus_version()", W | S | Q | U, PIN_NONE },
		{ "VACUUM x", W | L | C, PIN_NONE },
		{ "LISTEN x", NOTHING, PIN_LISTEN },
		{ "NOTIFY x", W, PIN_NONE },
		{ "LOAD 'x'", U, PIN_LOAD },
		{ "LOCK TABLE x", L, PIN_NONE },
		{ "DECLARE c CURSOR FOR SELECT 1", NOTHING, PIN_NONE },
		{ "DECLARE c CURSOR WITH HOLD FOR SELECT 1", NOTHING, PIN_HOLD_CURSOR },
		{ "DECLARE c CURSOR FOR SELECT pg_advisory_lock(1)", W | L, PIN_ADVISORY_LOCK },
		{ "PREPARE p AS SELECT pg_advisory_lock($1)", W | L, PIN_ADVISORY_LOCK },
		{ "PREPARE p AS INSERT INTO orders VALUES ($1)", W, PIN_NONE },
		{ "EXECUTE p(1)", NOTHING, PIN_NONE },
		{ "EXPLAIN SELECT pg_advisory_lock(1)", NOTHING, PIN_NONE },
		{ "EXPLAIN DELETE FROM orders", NOTHING, PIN_NONE },
		{ "EXPLAIN SELECT myfunc()", U, PIN_NONE },
		{ "EXPLAIN ANALYZE SELECT pg_advisory_lock(1)", W | L, PIN_ADVISORY_LOCK },
		{ "EXPLAIN (ANALYZE off) DELETE FROM orders", NOTHING, PIN_NONE },
		{ "EXPLAIN (COSTS off, ANALYZE 1) DELETE FROM orders", W, PIN_NONE },
		{ "EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1", W | L | N, PIN_NONE },
		{ "COPY (SELECT pg_advisory_lock(1)) TO STDOUT", W | L, PIN_ADVISORY_LOCK },
		{ "COMMIT", C, PIN_NONE },
		{ "BEGIN", NOTHING, PIN_NONE },
		{ "DISCARD ALL", C, PIN_NONE },
	};
	struct map *map = small_citus_map();
	struct router *router = router_new(&options);
	struct route_env env = env_of(map);
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		const struct part *part = router_read(router, &env, span_text(cases[i].sql), NULL, 0)->parts;
		if (part->effects != cases[i].effects || part->pin != cases[i].pin)
			print_message("%s: %x %d\n", cases[i].sql, part->effects, part->pin);
		assert_int_equal(part->effects, cases[i].effects);
		assert_int_equal(part->pin, cases[i].pin);
		assert_int_equal(pin_text(part->pin) == NULL, part->pin == PIN_NONE);
	}
	env.search_path = "pg_temp, public";
	assert_int_equal(router_read(router, &env, span_text("CREATE TABLE x (a int)"), NULL, 0)->parts->pin,
			 PIN_TEMP_TABLE);
	router_free(router);
	map_unref(map);
}

static void bodies(void **state)
{
	static const struct {
		const char *sql, *name, *body;
	} cases[] = {
		{ "PREPARE p AS SELECT 1", "p", "SELECT 1" },
		{ " /* x */ PREPARE \"P q\" (int, numeric(10,2)) AS  SELECT $1 + (2) ", "P q", "SELECT $1 + (2)" },
		{ "EXECUTE p", "p", "" },
		{ "EXECUTE p (1, f(2), ')')", "p", "1, f(2), ')'" },
	};
	struct router *router = router_new(&options);
	struct route_env env = env_of(NULL);
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		char *sql = mem_printf("BEGIN; %s; COMMIT", cases[i].sql);
		const struct script *script = router_read(router, &env, span_text(sql), NULL, 0);
		struct script *kept = router_keep(router, script, span_text(sql));
		assert_true(span_is(script->parts[1].body, cases[i].body));
		assert_string_equal(script->parts[1].name, cases[i].name);
		memset(sql, 'x', strlen(sql));
		assert_true(span_is(kept->parts[1].body, cases[i].body));
		mem_free(sql);
		router_drop(kept);
	}
	router_free(router);
}

/* Texts that are not understood: what is certain of them. */
static void unread(void **state)
{
	static const struct {
		const char *sql;
		enum reason reason;
		bool names;
	} cases[] = {
		{ "SELEC 1", REASON_SYNTAX, false },
		{ "SELECT * FROM JSON_TABLE('[]', '$' COLUMNS (create int)) x", REASON_SYNTAX, true },
		{ "SELECT JSON_ARRAY('create' RETURNING text) +", REASON_SYNTAX, false },
		{ "INSERT INTO x VALUES (JSON_SCALAR(1) +)", REASON_SYNTAX, false },
		{ "CREATE TABLE x (a int) WITH SOMETHING NEW", REASON_SYNTAX, true },
		{ "SELECT 1 INTO x FROM SOMETHING NEW a b c", REASON_SYNTAX, true },
		{ "SELECT 'create", REASON_SYNTAX, false },
	};
	struct router *router = router_new(&options);
	struct route_env env = env_of(NULL);
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		const struct script *script = router_read(router, &env, span_text(cases[i].sql), NULL, 0);
		assert_false(script->understood);
		assert_int_equal(script->reason, cases[i].reason);
		assert_int_equal(script->part_count, 1);
		assert_int_equal(script->parts->cls, PART_UTILITY);
		assert_int_equal(script->parts->pin, PIN_UNREAD);
		assert_int_equal((script->parts->effects & EFFECT_NAMES) != 0, cases[i].names);
		assert_int_equal(route_part(script, 0, NULL, 0).reason, cases[i].reason);
		struct script *kept = router_keep(router, script, span_text(cases[i].sql));
		assert_int_equal(route_script(kept, NULL, 0).reason, cases[i].reason);
		router_drop(kept);
	}
	router_free(router);
}

/* Where the bytes of a text could mean something else, plain ASCII is still read, but never routed. */
static void unsafe_text(void **state)
{
	struct map *map = small_citus_map();
	struct router *router = router_new(&options);
	struct route_env env = env_of(map);
	(void)state;
	env.text_is_safe = false;
	const struct script *script =
		router_read(router, &env, span_text("SET standard_conforming_strings = on"), NULL, 0);
	assert_true(script->understood);
	assert_int_equal(script->parts->cls, PART_SET);
	script = router_read(router, &env, span_text("SELECT * FROM ints WHERE k = 1"), NULL, 0);
	assert_true(script->understood);
	assert_int_equal(route_script(script, NULL, 0).reason, REASON_ENCODING);
	script = router_read(router, &env, span_text("SELECT 'a\\' FROM ints WHERE k = 1"), NULL, 0);
	assert_false(script->understood);
	assert_int_equal(script->reason, REASON_ENCODING);
	script = router_read(router, &env, span_text("SELECT '\203\\'; drop table x"), NULL, 0);
	assert_int_equal(script->reason, REASON_ENCODING);
	assert_true(script->parts->effects & EFFECT_NAMES);
	/* Encodings that are read alike, but differ in their bytes. */
	env.text_is_safe = true;
	env.encoding_matches = false;
	script = router_read(router, &env, span_text("SELECT * FROM people WHERE name = 'abc'"), NULL, 0);
	assert_int_equal(route_script(script, NULL, 0).reason, REASON_KEY);
	script = router_read(router, &env, span_text("SELECT * FROM people WHERE name = '\353'"), NULL, 0);
	assert_int_equal(route_script(script, NULL, 0).reason, REASON_KEY_VALUE);
	script = router_read(router, &env, span_text("SELECT \"\353\" FROM people WHERE name = 'a'"), NULL, 0);
	assert_int_equal(route_script(script, NULL, 0).reason, REASON_ENCODING);
	router_free(router);
	map_unref(map);
}

static void several_statements(void **state)
{
	struct router *router = router_new(&options);
	struct route_env env = env_of(NULL);
	(void)state;
	const struct script *script =
		router_read(router, &env, span_text(";; BEGIN; ; SET a.b = 1; SELECT 1;\n"), NULL, 0);
	assert_int_equal(script->part_count, 3);
	assert_int_equal(script->parts[0].cls, PART_BEGIN);
	assert_int_equal(script->parts[1].cls, PART_SET);
	assert_int_equal(script->parts[2].cls, PART_ROWS);
	script = router_read(router, &env, span_text(" ; ;"), NULL, 0);
	assert_true(script->understood);
	assert_int_equal(script->part_count, 0);
	router_free(router);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(classes_and_names),
		cmocka_unit_test(transaction_options),
		cmocka_unit_test(settings),
		cmocka_unit_test(effects_and_pins),
		cmocka_unit_test(bodies),
		cmocka_unit_test(unread),
		cmocka_unit_test(unsafe_text),
		cmocka_unit_test(several_statements),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
