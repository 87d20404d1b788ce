/* The façade: what is cached and what is not, scripts that are kept, pairs of decisions,
 * statistics, and what EXPLAIN ROUTE shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/buf.h"
#include "route/router.h"
#include "route_map_small.h"

struct setup {
	struct map *map;
	struct router *router;
	struct route_env env;
};

static const struct route_options options = { .max_text_bytes = 10000, .max_depth = 50, .cache_bytes = 1 << 20 };

static int set_up(void **state)
{
	struct setup *s = MEM_NEW(struct setup);
	s->map = small_citus_map();
	s->router = router_new(&options);
	s->env = (struct route_env){ .map = s->map,
				     .role = span_text("joe"),
				     .search_path = "public",
				     .text_is_safe = true,
				     .encoding_matches = true };
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct setup *s = *state;
	router_free(s->router);
	map_unref(s->map);
	mem_free(s);
	return 0;
}

static const struct script *read_text(struct setup *s, const char *sql)
{
	return router_read(s->router, &s->env, span_text(sql), NULL, 0);
}

static struct route_decision decide(struct setup *s, const char *sql)
{
	return route_script(read_text(s, sql), NULL, 0);
}

/* The recipe's address tells a cached plan from a new one. */
static void templates_are_cached(void **state)
{
	struct setup *s = *state;
	const struct recipe *first = read_text(s, "SELECT * FROM ints WHERE k = 1")->parts->recipe;
	uint64_t id = read_text(s, "SELECT * FROM ints WHERE k = 1")->template_id;
	const struct script *again = read_text(s, "SELECT *  FROM ints WHERE k = 22222");
	assert_ptr_equal(again->parts->recipe, first);
	assert_int_equal(again->template_id, id);
	assert_int_equal(route_script(again, NULL, 0).node, small_node_of(s->map, "public", "ints", "22222", NULL));
	assert_ptr_not_equal(read_text(s, "SELECT * FROM ints WHERE k = '1'")->parts->recipe, first);
}

/* The environment is part of the key. */
static void environments_are_told_apart(void **state)
{
	struct setup *s = *state;
	const char *sql = "SELECT * FROM ints WHERE k = $1";
	uint32_t types[] = { TYPE_INT8 };
	const struct recipe *first = read_text(s, sql)->parts->recipe;
	uint64_t id = read_text(s, sql)->template_id;
	s->env.search_path = "s2";
	const struct recipe *second = read_text(s, sql)->parts->recipe;
	assert_ptr_not_equal(second, first);
	assert_int_equal(read_text(s, sql)->template_id, id);
	s->env.search_path = NULL;
	assert_int_equal(decide(s, "SELECT * FROM ints WHERE k = 5").reason, REASON_SEARCH_PATH);
	s->env.search_path = "public";
	s->env.role = span_text("ann");
	assert_ptr_not_equal(read_text(s, sql)->parts->recipe, first);
	s->env.role = span_text("joe");
	assert_ptr_not_equal(router_read(s->router, &s->env, span_text(sql), types, 1)->parts->recipe, first);
	struct map *other = small_native_map(), *old = s->env.map;
	s->env.map = other;
	assert_ptr_not_equal(read_text(s, sql)->parts->recipe, first);
	s->env.map = NULL;
	assert_int_equal(decide(s, sql).reason, REASON_NO_MAP);
	s->env.map = old; /* not the newest any more: read again */
	assert_int_equal(decide(s, "SELECT * FROM ints WHERE k = 5").reason, REASON_KEY);
	map_unref(other);
}

static void new_options_forget(void **state)
{
	struct setup *s = *state;
	struct route_options trusting = options;
	const char *sql = "SELECT myfunc(w) FROM ints WHERE k = 1";
	assert_int_equal(decide(s, sql).reason, REASON_FUNCTION);
	trusting.route_functions = span_text(" other , myfunc");
	router_configure(s->router, &trusting);
	assert_int_equal(decide(s, sql).reason, REASON_KEY);
	router_configure(s->router, &options);
	assert_int_equal(decide(s, sql).reason, REASON_FUNCTION);
}

static void the_cache_is_bounded(void **state)
{
	struct setup *s = *state;
	struct route_options small = options;
	small.cache_bytes = 64 * 1024;
	router_configure(s->router, &small);
	for (int i = 0; i < 2000; i++) {
		char sql[96];
		snprintf(sql, sizeof sql, "SELECT w AS a%d FROM ints WHERE k = 1", i);
		assert_int_equal(decide(s, sql).reason, REASON_KEY);
	}
	/* One too large to be cached is read all the same. */
	static char sql[9000];
	size_t len = (size_t)snprintf(sql, sizeof sql, "SELECT 1 FROM ints WHERE k = 1");
	while (len < sizeof sql - 20)
		len += (size_t)snprintf(sql + len, sizeof sql - len, " AND w = w");
	assert_int_equal(decide(s, sql).reason, REASON_KEY);
	assert_int_equal(decide(s, sql).reason, REASON_KEY);
}

static void kept_scripts_stay(void **state)
{
	struct setup *s = *state;
	char sql[] = "SELECT * FROM people WHERE name = 'O''Brien'";
	struct script *kept = router_keep(s->router, read_text(s, sql), span_text(sql));
	memset(sql, 'x', sizeof sql - 1);
	for (int i = 0; i < 10; i++)
		decide(s, "SELECT 1; SELECT 2");
	router_configure(s->router, &options);
	assert_int_equal(route_script(kept, NULL, 0).node, small_node_of(s->map, "public", "people", "O'Brien", NULL));
	struct script *twice = router_keep(s->router, kept, span_text("SELECT * FROM people WHERE name = 'O''Brien'"));
	router_drop(kept);
	assert_int_equal(route_script(twice, NULL, 0).node, small_node_of(s->map, "public", "people", "O'Brien", NULL));
	router_free(s->router);
	assert_int_equal(route_part(twice, 0, NULL, 0).kind, ROUTE_NODE);
	router_drop(twice);
	router_drop(NULL);
	s->router = NULL;
}

static void pairs(void **state)
{
	struct route_decision one = { .kind = ROUTE_NODE, .node = 1, .reason = REASON_KEY };
	struct route_decision two = { .kind = ROUTE_NODE, .node = 2, .reason = REASON_KEY };
	struct route_decision any = { .kind = ROUTE_ANYWHERE, .reason = REASON_NO_TABLE };
	struct route_decision reference = { .kind = ROUTE_ANYWHERE, .reason = REASON_REFERENCE_TABLE };
	struct route_decision local = { .kind = ROUTE_COORDINATOR, .reason = REASON_LOCAL_TABLE };
	(void)state;
	assert_int_equal(route_both(one, one).node, 1);
	assert_int_equal(route_both(one, two).reason, REASON_MULTI_NODE);
	assert_int_equal(route_both(one, two).kind, ROUTE_COORDINATOR);
	assert_int_equal(route_both(one, any).node, 1);
	assert_int_equal(route_both(any, two).node, 2);
	assert_int_equal(route_both(reference, two).kind, ROUTE_NODE);
	assert_int_equal(route_both(any, reference).reason, REASON_REFERENCE_TABLE);
	assert_int_equal(route_both(reference, any).reason, REASON_REFERENCE_TABLE);
	assert_int_equal(route_both(any, local).reason, REASON_LOCAL_TABLE);
	assert_int_equal(route_both(local, one).reason, REASON_LOCAL_TABLE);
}

struct seen {
	size_t count;
	struct route_template_stats stats[4];
	char texts[4][64];
};

static void on_template(void *arg, const struct route_template_stats *stats)
{
	struct seen *seen = arg;
	assert_true(seen->count < 4);
	seen->stats[seen->count] = *stats;
	snprintf(seen->texts[seen->count++], 64, "%s", stats->text);
}

static void count(struct setup *s, const char *sql)
{
	const struct script *script = read_text(s, sql);
	struct route_decision decision = route_script(script, NULL, 0);
	router_count(s->router, script, &decision);
}

static void templates_are_counted(void **state)
{
	struct setup *s = *state;
	struct seen seen = { 0 };
	count(s, "SELECT w FROM ints");
	count(s, "BEGIN"); /* has no rows: not listed */
	for (int i = 0; i < 3; i++)
		count(s, "SELECT 'a' FROM ints WHERE k = 7");
	s->env.role = span_text("ann"); /* counted with joe's */
	count(s, "SELECT 'b' FROM ints WHERE k = NULL");
	count(s, "SELECT 'b' FROM ints WHERE k = 8");
	router_each_template(s->router, on_template, &seen);
	assert_int_equal(seen.count, 3);
	assert_string_equal(seen.texts[0], "SELECT ? FROM ints WHERE k = ?");
	assert_int_equal(seen.stats[0].calls, 4);
	assert_int_equal(seen.stats[0].routed, 4);
	assert_int_equal(seen.stats[0].reason, REASON_KEY);
	assert_int_equal(seen.stats[0].node, small_node_of(s->map, "public", "ints", "8", NULL));
	assert_int_equal(seen.stats[1].calls, 1);
	assert_int_equal(seen.stats[1].routed, 0);
	assert_int_equal(seen.stats[1].node, -1);
}

static void check_text(struct buf *out, const char *expected)
{
	assert_true(span_is(buf_span(out), expected));
	buf_clear(out);
}

static void what_explain_shows(void **state)
{
	struct setup *s = *state;
	struct buf out;
	struct route_param param = { .bytes = span_of("\0\0\0\52", 4), .binary = true };
	uint32_t types[] = { TYPE_INT4 };
	buf_init(&out, 0);
	const struct script *script = read_text(s, "SELECT * FROM ints i, countries WHERE i.k = -5  AND code = 'x'");
	route_explain_template(script, &out);
	check_text(&out, "SELECT * FROM ints i, countries WHERE i.k = -? AND code = ?");
	route_explain_tables(script, 0, &out);
	check_text(&out, "public.ints, public.countries");
	route_explain_key(script, 0, NULL, 0, &out);
	check_text(&out, "k = -5");
	script = router_read(s->router, &s->env, span_text("DELETE FROM ints WHERE k = $1"), types, 1);
	route_explain_key(script, 0, NULL, 0, &out);
	check_text(&out, "k = $1");
	route_explain_key(script, 0, &param, 1, &out);
	check_text(&out, "k = 42");
	script = read_text(s, "SELECT * FROM people WHERE name = 'it''s'");
	route_explain_key(script, 0, NULL, 0, &out);
	check_text(&out, "name = 'it''s'");
	script = read_text(s, "SHOW all");
	route_explain_tables(script, 0, &out);
	route_explain_key(script, 0, NULL, 0, &out);
	check_text(&out, "");
	/* What declined is still told. */
	script = read_text(s, "SELECT * FROM notes");
	route_explain_tables(script, 0, &out);
	check_text(&out, "public.notes");
	buf_done(&out);
}

static void odd_texts(void **state)
{
	struct setup *s = *state;
	const struct script *script = router_read(s->router, &s->env, span_of("SELECT 1\0; DROP", 15), NULL, 0);
	assert_int_equal(script->part_count, 1);
	assert_int_equal(decide(s, "SELECT 1 FROM ints WHERE k = 99999999999999999999999999").reason, REASON_KEY_VALUE);
	/* The same template, now with a value that is one. */
	assert_int_equal(decide(s, "SELECT 1 FROM ints WHERE k = 9").reason, REASON_KEY);
	assert_int_equal(decide(s, "SELECT 'x'::varchar(99999999999)").reason, REASON_SYNTAX);
	assert_int_equal(decide(s, "SELECT 'x'::varchar(9)").reason, REASON_NO_TABLE);
	assert_int_equal(decide(s, "SELECT $99999999999").kind, ROUTE_COORDINATOR);
	assert_int_equal(decide(s, "SELECT $2147483647").reason, REASON_TOO_LARGE);
	assert_int_equal(decide(s, "SELECT $0").kind, ROUTE_COORDINATOR);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(templates_are_cached, set_up, tear_down),
		cmocka_unit_test_setup_teardown(environments_are_told_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(new_options_forget, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_cache_is_bounded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(kept_scripts_stay, set_up, tear_down),
		cmocka_unit_test(pairs),
		cmocka_unit_test_setup_teardown(templates_are_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_explain_shows, set_up, tear_down),
		cmocka_unit_test_setup_teardown(odd_texts, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
