/* From servers' answers to maps, without servers: the answers are made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/mem.h"
#include "cluster/reading.h"
#include "cluster/selftest.h"
#include "route/key.h"

enum { MAX_COLUMNS = 16 };

/* A result of these rows, each of whose columns are parted by |; ~ stands for NULL. */
static PGresult *rows(const char *const *lines)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc columns[MAX_COLUMNS] = { { 0 } };
	char name[] = "column";
	int column_count = 1;
	for (const char *p = lines[0] ? lines[0] : ""; *p; p++)
		column_count += *p == '|';
	for (int i = 0; i < column_count; i++)
		columns[i].name = name;
	PQsetResultAttrs(result, column_count, columns);
	for (int row = 0; lines[row]; row++) {
		struct span rest = span_text(lines[row]);
		for (int column = 0; column < column_count; column++) {
			struct span value = span_split(&rest, '|');
			bool null = span_is(value, "~");
			char *text = mem_strndup(value.ptr, value.len);
			PQsetvalue(result, row, column, null ? NULL : text, null ? -1 : (int)value.len);
			mem_free(text);
		}
	}
	return result;
}

#define ROWS(...) rows((const char *const[]){ __VA_ARGS__, NULL })
#define NO_ROWS rows((const char *const[]){ NULL })
#define KEY_1 "{VAR :varno 1 :varattno 1 :vartype 20}"

#define LOOK_CITUS "13.2|t|t|t|t|f|97|UTF8 C C"
#define LOOK_NATIVE "~|f|f|f|f|t|97|UTF8 C C"

/* What every server is asked. */
static void answer_names(PGresult **results, const char *look, PGresult *relations)
{
	results[QUERY_LOOK] = ROWS(look);
	results[QUERY_SETTINGS] = ROWS("TimeZone|UTC|configuration file", "search_path|\"$user\", public|default",
				       "server_encoding|UTF8|default");
	results[QUERY_SIGNAL] = ROWS("names");
	results[QUERY_RELATIONS] = relations;
	results[QUERY_FUNCTIONS] = NO_ROWS;
	results[QUERY_TYPES] = NO_ROWS;
	results[QUERY_OPERATORS] = NO_ROWS;
	results[QUERY_NONSTANDARD] = NO_ROWS;
	results[QUERY_ROLE_SETTINGS] = NO_ROWS;
}

static void replace(PGresult **results, enum query query, PGresult *by)
{
	PQclear(results[query]);
	results[query] = by;
}

static const char *const relation_rows[] = { "1259|pg_catalog|pg_class|r",
					     "100|public|t|r",
					     "101|public|u|r",
					     "102|public|local|r",
					     "103|s2|t|r",
					     "104|public|ref|r",
					     "105|ten|x|r",
					     "106|public|one|r",
					     NULL };

#define COLUMN(relation, number, name, type) relation "|" number "|" name "|" type "|-1|0|t|f|||~|t|f"

/* A coordinator with t and u in one group of two shards, and a local s2.t. */
static void citus_coordinator(struct reading *r)
{
	*r = (struct reading){ .epoch = 5, .host = "coord", .port = 5432 };
	answer_names(r->results, LOOK_CITUS, rows(relation_rows));
	r->results[QUERY_SIGNAL_CITUS] = ROWS("names|placements");
	r->results[QUERY_SCHEMAS] = ROWS("public", "s2", "ten", "empty");
	r->results[QUERY_COLUMNS] = ROWS(COLUMN("100", "1", "id", "20"), COLUMN("100", "2", "v", "25"),
					 COLUMN("101", "1", "k", "20"), COLUMN("102", "1", "a", "23"));
	r->results[QUERY_CITUS_GROUP] = ROWS("0");
	r->results[QUERY_CITUS_NODES] =
		ROWS("coord|5432|0|t|t|t|primary", "w1|5432|1|t|t|t|primary", "w2|5432|2|t|t|t|primary");
	r->results[QUERY_CITUS_TABLES] = ROWS("100|h|" KEY_1 "|1|s|2200", "101|h|" KEY_1 "|1|s|2200",
					      "104|n|~|2|t|2200", "105|n|~|3|s|7777", "106|n|~|4|s|2200");
	r->results[QUERY_CITUS_SHARDS] = ROWS("100|1001|-2147483648|-1|1", "100|1002|0|2147483647|2",
					      "101|1003|-2147483648|-1|1", "101|1004|0|2147483647|2");
	r->results[QUERY_CITUS_PRINTS] = ROWS("public|t|print t", "public|u|print u", "public|ref|print ref");
	r->results[QUERY_CITUS_TENANTS] = ROWS("7777");
}

static void citus_worker(PGresult **results, const char *group)
{
	static const char *const relations[] = { "900|pg_catalog|pg_class|r", "901|public|t|r", "902|public|u|r",
						 "904|public|ref|r", NULL };
	memset(results, 0, QUERY_COUNT * sizeof *results);
	answer_names(results, LOOK_CITUS, rows(relations));
	results[QUERY_CITUS_GROUP] = ROWS(group);
	results[QUERY_CITUS_PRINTS] = ROWS("public|t|print t", "public|u|print u", "public|ref|print ref");
}

static void clear(PGresult **results)
{
	for (int i = 0; i < QUERY_COUNT; i++)
		PQclear(results[i]);
}

static const struct map_relation *find(const struct map *map, const char *schema, const char *name)
{
	const struct map_relation *relation = map_find_relation(map, span_text(schema), span_text(name));
	assert_non_null(relation);
	return relation;
}

struct citus {
	struct reading r;
	PGresult *w1[QUERY_COUNT], *w2[QUERY_COUNT];
};

static void citus_start(struct citus *c)
{
	citus_coordinator(&c->r);
	citus_worker(c->w1, "1");
	citus_worker(c->w2, "2");
}

/* The map of it all; the answers are gone then. */
static struct map *citus_map(struct citus *c)
{
	assert_null(reading_see_kind(&c->r, CLUSTER_AUTO));
	assert_int_equal(c->r.kind, MAP_CITUS);
	assert_null(reading_see_nodes(&c->r));
	for (size_t i = 1; i < c->r.node_count; i++)
		c->r.nodes[i].results = c->r.nodes[i].group == 1 ? c->w1 : c->w2;
	struct map *map = reading_map(&c->r, NULL, NULL, "ok");
	reading_done(&c->r);
	clear(c->w1);
	clear(c->w2);
	return map;
}

static void citus_tables_become_what_they_are(void **state)
{
	struct citus c;
	(void)state;
	citus_start(&c);
	struct map *map = citus_map(&c);
	assert_int_equal(map_epoch(map), 5);
	assert_int_equal(map_node_count(map), 3);
	assert_true(map_node(map, 1)->routable);
	const struct map_relation *t = find(map, "public", "t"), *u = find(map, "public", "u");
	assert_int_equal(t->kind, MAP_RELATION_HASH);
	assert_null(t->why);
	assert_string_equal(t->columns[t->key_columns[0]].name, "id");
	assert_ptr_equal(t->group, u->group);
	assert_int_equal(t->group->shard_count, 2);
	assert_int_equal(t->group->shards[1].node, 2);
	assert_int_equal(t->same_on, 7);
	assert_int_equal(find(map, "public", "local")->kind, MAP_RELATION_LOCAL);
	assert_int_equal(find(map, "public", "local")->same_on, 1);
	assert_int_equal(find(map, "s2", "t")->kind, MAP_RELATION_LOCAL);
	assert_int_equal(find(map, "public", "ref")->kind, MAP_RELATION_REFERENCE);
	assert_int_equal(find(map, "public", "ref")->same_on, 7);
	assert_int_equal(find(map, "ten", "x")->kind, MAP_RELATION_TENANT);
	assert_int_equal(find(map, "public", "one")->kind, MAP_RELATION_SINGLE_SHARD);
	assert_true(map_has_schema(map, span_text("empty")));
	assert_string_equal(map_session_default(map, span_text("anybody"), "search_path"), "\"$user\", public");
	assert_string_equal(map_server_encoding(map), "UTF8");
	assert_string_equal(map_self_test(map), "ok");
	map_unref(map);
}

static void a_workers_own_table_makes_its_name_doubtful_there(void **state)
{
	struct citus c;
	(void)state;
	citus_start(&c);
	replace(c.w1, QUERY_RELATIONS, ROWS("901|public|t|r", "902|public|u|r", "903|mine|t|r"));
	struct map *map = citus_map(&c);
	assert_int_equal(find(map, "public", "t")->same_on, 5);
	assert_int_equal(find(map, "public", "u")->same_on, 7);
	map_unref(map);
}

static void a_table_that_differs_or_is_missing_is_not_the_same(void **state)
{
	struct citus c;
	(void)state;
	citus_start(&c);
	replace(c.w1, QUERY_CITUS_PRINTS, ROWS("public|t|print t with another column", "public|u|print u"));
	replace(c.w2, QUERY_CITUS_PRINTS, ROWS("public|t|print t"));
	struct map *map = citus_map(&c);
	assert_int_equal(find(map, "public", "t")->same_on, 5);
	assert_int_equal(find(map, "public", "u")->same_on, 3);
	map_unref(map);
}

static void nodes_are_refused_with_a_reason(void **state)
{
	struct citus c;
	(void)state;
	citus_start(&c);
	replace(c.r.results, QUERY_CITUS_NODES,
		ROWS("w1|5432|1|t|t|t|primary", "w2|5432|2|t|t|f|primary", "w3|5432|3|f|t|t|primary",
		     "w1s|5432|1|t|t|t|secondary"));
	replace(c.w1, QUERY_CITUS_GROUP, ROWS("9"));
	struct map *map = citus_map(&c);
	assert_int_equal(map_node_count(map), 5);
	assert_true(map_node(map, 0)->routable);
	for (size_t i = 1; i < 5; i++) {
		assert_false(map_node(map, i)->routable);
		assert_non_null(map_node(map, i)->why);
	}
	assert_non_null(strstr(map_node(map, 1)->why, "another node"));
	assert_non_null(strstr(map_node(map, 2)->why, "not synced"));
	assert_non_null(strstr(map_node(map, 3)->why, "not active"));
	assert_non_null(strstr(map_node(map, 4)->why, "secondary"));
	/* a shard is on the group's primary */
	assert_int_equal(find(map, "public", "t")->group->shards[0].node, 1);
	map_unref(map);
}

static void sessions_that_mean_something_else_refuse_the_node(void **state)
{
	struct citus c;
	(void)state;
	citus_start(&c);
	replace(c.w1, QUERY_ROLE_SETTINGS, ROWS("app|f|search_path=s2"));
	replace(c.w2, QUERY_SETTINGS,
		ROWS("TimeZone|Asia/Tokyo|configuration file", "search_path|s2, public|configuration file",
		     "server_encoding|UTF8|default"));
	struct map *map = citus_map(&c);
	assert_non_null(strstr(map_node(map, 1)->why, "ALTER ROLE"));
	assert_non_null(strstr(map_node(map, 2)->why, "search_path"));
	map_unref(map);
}

static void another_zone_is_no_matter(void **state)
{
	struct citus c;
	(void)state;
	citus_start(&c);
	replace(c.w2, QUERY_SETTINGS,
		ROWS("TimeZone|Asia/Tokyo|configuration file", "search_path|\"$user\", public|default",
		     "server_encoding|UTF8|default"));
	struct map *map = citus_map(&c);
	assert_true(map_node(map, 2)->routable);
	map_unref(map);
}

static void tables_that_cannot_be_routed_say_why(void **state)
{
	static const struct {
		enum query query;
		const char *rows[5];
		const char *why;
	} cases[] = {
		{ QUERY_CITUS_SHARDS,
		  { "100|1|-2147483648|-1|1", "100|1|-2147483648|-1|2", "100|2|0|2147483647|2" },
		  "several placements" },
		{ QUERY_CITUS_SHARDS, { "100|1|~|~|1" }, "no range" },
		{ QUERY_CITUS_SHARDS, { "100|1|-2147483648|5|1", "100|2|0|2147483647|2" }, "overlap" },
		{ QUERY_CITUS_SHARDS, { NULL }, "no shards" },
		{ QUERY_CITUS_TABLES, { "100|r|" KEY_1 "|1|s|2200" }, "by range or append" },
		{ QUERY_CITUS_TABLES, { "100|h|nonsense|1|s|2200" }, "could not be read" },
		{ QUERY_CITUS_TABLES, { "100|h|{VAR :varno 1 :varattno 7 :x}|1|s|2200" }, "could not be read" },
		{ QUERY_COLUMNS, { "100|1|id|16999|-1|0|t|f|||~|t|f" }, "not known" },
		{ QUERY_COLUMNS, { "100|1|id|25|-1|17000|f|f|||~|t|f" }, "nondeterministic" },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		struct citus c;
		citus_start(&c);
		replace(c.r.results, cases[i].query, rows(cases[i].rows));
		struct map *map = citus_map(&c);
		const struct map_relation *t = find(map, "public", "t");
		assert_non_null(t->why);
		assert_non_null(strstr(t->why, cases[i].why));
		map_unref(map);
	}
}

static void tables_of_a_group_must_be_alike(void **state)
{
	struct citus c;
	(void)state;
	citus_start(&c);
	replace(c.r.results, QUERY_CITUS_SHARDS,
		ROWS("100|1001|-2147483648|-1|1", "100|1002|0|2147483647|2", "101|1003|-2147483648|-1|2",
		     "101|1004|0|2147483647|2"));
	struct map *map = citus_map(&c);
	assert_null(find(map, "public", "t")->why);
	assert_non_null(strstr(find(map, "public", "u")->why, "colocation group"));
	map_unref(map);
}

static void names_of_any_node_hide_postgresqls_own(void **state)
{
	struct citus c;
	size_t count;
	(void)state;
	citus_start(&c);
	replace(c.r.results, QUERY_FUNCTIONS, ROWS("here"));
	replace(c.w1, QUERY_FUNCTIONS, ROWS("there"));
	replace(c.w2, QUERY_TYPES, ROWS("kind"));
	replace(c.w2, QUERY_OPERATORS, ROWS("=|23|25"));
	struct map *map = citus_map(&c);
	assert_true(map_has_user_function(map, span_text("here")));
	assert_true(map_has_user_function(map, span_text("there")));
	assert_true(map_has_user_type(map, span_text("kind")));
	assert_non_null(map_user_operators(map, span_text("="), &count));
	assert_int_equal(count, 1);
	assert_false(map_nonstandard_catalog(map));
	map_unref(map);
}

static void settings_of_roles_come_before_the_configurations(void **state)
{
	struct citus c;
	(void)state;
	citus_start(&c);
	replace(c.r.results, QUERY_ROLE_SETTINGS,
		ROWS("~|f|search_path=all", "~|t|search_path=db", "app|f|search_path=a, b"));
	replace(c.r.results, QUERY_SETTINGS,
		ROWS("search_path|theirs|user", "transform_null_equals|on|configuration file"));
	struct map *map = citus_map(&c);
	assert_string_equal(map_session_default(map, span_text("app"), "search_path"), "a, b");
	assert_string_equal(map_session_default(map, span_text("bob"), "search_path"), "db");
	assert_string_equal(map_session_default(map, span_text("bob"), "transform_null_equals"), "on");
	map_unref(map);
	/* The configuration's cannot be seen behind the reader's own: then no name is found. */
	citus_start(&c);
	replace(c.r.results, QUERY_SETTINGS, ROWS("search_path|theirs|user"));
	map = citus_map(&c);
	assert_string_equal(map_session_default(map, span_text("bob"), "search_path"), "");
	map_unref(map);
}

static void a_node_that_was_not_read_is_not_routable(void **state)
{
	struct citus c;
	(void)state;
	citus_start(&c);
	assert_null(reading_see_kind(&c.r, CLUSTER_AUTO));
	assert_null(reading_see_nodes(&c.r));
	c.r.nodes[1].results = c.w1;
	c.r.nodes[2].unread = mem_strdup("it could not be read: refused");
	struct map *map = reading_map(&c.r, NULL, NULL, NULL);
	assert_true(map_node(map, 1)->routable);
	assert_false(map_node(map, 2)->routable);
	assert_string_equal(map_node(map, 2)->why, "it could not be read: refused");
	assert_int_equal(find(map, "public", "t")->same_on, 3);
	map_unref(map);
	reading_done(&c.r);
	clear(c.w1);
	clear(c.w2);
}

static void kinds_are_seen_or_refused(void **state)
{
	static const struct {
		const char *look;
		enum cluster_kind wanted;
		enum map_kind is;
		const char *why;
	} cases[] = {
		{ LOOK_CITUS, CLUSTER_AUTO, MAP_CITUS, NULL },
		{ LOOK_NATIVE, CLUSTER_AUTO, MAP_NATIVE, NULL },
		{ "~|f|f|f|f|f|97|UTF8 C C", CLUSTER_AUTO, MAP_NONE, NULL },
		{ "~|f|f|f|f|f|97|UTF8 C C", CLUSTER_NATIVE, MAP_NATIVE, NULL },
		{ "~|f|f|f|f|f|97|UTF8 C C", CLUSTER_CITUS, MAP_NONE, "does not have Citus" },
		{ "~|t|f|f|f|f|97|UTF8 C C", CLUSTER_AUTO, MAP_NONE, NULL }, /* tables without the extension … */
		{ "~|t|f|f|f|f|97|UTF8 C C", CLUSTER_CITUS, MAP_CITUS, NULL }, /* … only if told so */
		{ "10.2-4|t|f|t|t|f|97|UTF8 C C", CLUSTER_AUTO, MAP_NONE, "older than 11" },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		struct reading r = { .host = "h", .port = 1 };
		r.results[QUERY_LOOK] = ROWS(cases[i].look);
		const char *why = reading_see_kind(&r, cases[i].wanted);
		assert_int_equal(r.kind, cases[i].is);
		if (cases[i].why)
			assert_non_null(strstr(why, cases[i].why));
		else
			assert_null(why);
		reading_done(&r);
	}
}

static void a_worker_is_no_coordinator(void **state)
{
	struct citus c;
	(void)state;
	citus_start(&c);
	replace(c.r.results, QUERY_CITUS_GROUP, ROWS("2"));
	assert_null(reading_see_kind(&c.r, CLUSTER_AUTO));
	assert_non_null(strstr(reading_see_nodes(&c.r), "worker"));
	reading_done(&c.r);
	clear(c.w1);
	clear(c.w2);
}

/* --- native --- */

#define PART(oid, name, kind, bound, server)                                                                           \
	"public|o|" oid "|public|" name "|" kind "|FOR VALUES WITH (" bound ")|f|" server
#define W1 "w1|postgres_fdw|w1|5433|db1|public|"
#define W2 "w2|postgres_fdw|w2|~|db2|remote|"
#define HERE "~|~|~|~|~|public|"

struct native {
	struct reading r;
	PGresult *w1[QUERY_COUNT], *w2[QUERY_COUNT];
};

static void native_start(struct native *n)
{
	memset(n, 0, sizeof *n);
	n->r = (struct reading){ .epoch = 1, .host = "coord", .port = 5432 };
	answer_names(
		n->r.results, LOOK_NATIVE,
		ROWS("10|public|o|p", "11|public|o_0|f", "12|public|o_1|f", "13|public|o_2|r", "20|public|plain|p"));
	n->r.results[QUERY_SCHEMAS] = ROWS("public");
	n->r.results[QUERY_COLUMNS] = ROWS(COLUMN("10", "1", "v", "25"), COLUMN("10", "2", "k", "20"));
	n->r.results[QUERY_NATIVE_PARENTS] = ROWS("10|h|2|f|t|t|f", "20|r|1|f|t|t|f");
	n->r.results[QUERY_NATIVE_PARTITIONS] = ROWS(PART("11", "o_0", "f", "modulus 4, remainder 0", W1 "o_0"),
						     PART("12", "o_1", "f", "modulus 4, remainder 2", W2 "there"),
						     PART("13", "o_2", "r", "modulus 2, remainder 1", HERE "o_2"));
	n->r.results[QUERY_NATIVE_PRINTS] = ROWS("public|o|print o", "public|plain|print plain");
	answer_names(n->w1, LOOK_NATIVE, ROWS("90|public|o|p", "91|public|o_0|r", "92|public|o_1|f"));
	n->w1[QUERY_NATIVE_PRINTS] = ROWS("public|o|print o");
	n->w1[QUERY_NATIVE_PARTITIONS] = ROWS(PART("91", "o_0", "r", "modulus 4, remainder 0", HERE "o_0"),
					      PART("92", "o_1", "f", "modulus 4, remainder 2", W2 "there"));
	answer_names(n->w2, LOOK_NATIVE, ROWS("90|public|o|p", "91|public|o_0|f", "92|remote|there|r"));
	n->w2[QUERY_NATIVE_PRINTS] = ROWS("public|o|print o");
	n->w2[QUERY_NATIVE_PARTITIONS] =
		ROWS(PART("91", "o_0", "f", "modulus 4, remainder 0", W1 "o_0"),
		     "public|o|92|remote|there|r|FOR VALUES WITH (modulus 4, remainder 2)|f|" HERE "there");
}

static struct map *native_map(struct native *n)
{
	assert_null(reading_see_kind(&n->r, CLUSTER_AUTO));
	assert_null(reading_see_nodes(&n->r));
	for (size_t i = 1; i < n->r.node_count; i++)
		n->r.nodes[i].results = strcmp(n->r.nodes[i].name, "w1") == 0 ? n->w1 : n->w2;
	struct map *map = reading_map(&n->r, NULL, NULL, NULL);
	reading_done(&n->r);
	clear(n->w1);
	clear(n->w2);
	return map;
}

static void native_parents_are_hash_distributed(void **state)
{
	struct native n;
	(void)state;
	native_start(&n);
	struct map *map = native_map(&n);
	assert_int_equal(map_kind(map), MAP_NATIVE);
	assert_int_equal(map_node_count(map), 3);
	assert_int_equal(map_node(map, 1)->port, 5433);
	assert_int_equal(map_node(map, 2)->port, 5432);
	assert_string_equal(map_node(map, 2)->dbname, "db2");
	const struct map_relation *o = find(map, "public", "o");
	assert_int_equal(o->kind, MAP_RELATION_HASH);
	assert_null(o->why);
	assert_int_equal(o->key_columns[0], 1);
	assert_int_equal(o->same_on, 7);
	assert_int_equal(o->group->modulus, 4);
	static const int nodes[] = { 1, 0, 2, 0 };
	for (int i = 0; i < 4; i++)
		assert_int_equal(o->group->shards[o->group->shard_of_remainder[i]].node, nodes[i]);
	assert_int_equal(find(map, "public", "plain")->kind, MAP_RELATION_LOCAL);
	assert_int_equal(find(map, "public", "o_0")->kind, MAP_RELATION_FOREIGN);
	map_unref(map);
}

static void a_partition_must_be_a_plain_table_where_it_is_said_to_be(void **state)
{
	static const char *const wrong[][3] = {
		{ PART("91", "o_0", "f", "modulus 4, remainder 0", W2 "o_0") }, /* foreign there too */
		{ PART("91", "o_0", "r", "modulus 8, remainder 0", HERE "o_0") }, /* another bound */
		{ PART("91", "o_9", "r", "modulus 4, remainder 0", HERE "o_9") }, /* another table */
		{ NULL },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(wrong); i++) {
		struct native n;
		native_start(&n);
		replace(n.w1, QUERY_NATIVE_PARTITIONS, rows(wrong[i]));
		struct map *map = native_map(&n);
		assert_int_equal(find(map, "public", "o")->same_on, 5);
		map_unref(map);
	}
}

static void parents_that_cannot_be_routed_say_why(void **state)
{
	static const struct {
		enum query query;
		const char *rows[3];
		const char *why;
	} cases[] = {
		{ QUERY_NATIVE_PARENTS, { "10|l|2|f|t|t|f" }, "list or range" },
		{ QUERY_NATIVE_PARENTS, { "10|h|0|t|t|t|f" }, "expression" },
		{ QUERY_NATIVE_PARENTS, { "10|h|2|f|f|t|f" }, "operator class" },
		{ QUERY_NATIVE_PARENTS, { "10|h|2|f|t|f|f" }, "nondeterministic" },
		{ QUERY_NATIVE_PARENTS, { "10|h|2|f|t|t|t" }, "itself a partition" },
		{ QUERY_NATIVE_PARTITIONS,
		  { PART("11", "o_0", "p", "modulus 4, remainder 0", HERE "o_0") },
		  "partitioned themselves" },
		{ QUERY_NATIVE_PARTITIONS,
		  { PART("11", "o_0", "f", "modulus 4, remainder 0", "x|file_fdw|~|~|~|public|o_0") },
		  "not PostgreSQL's" },
		{ QUERY_NATIVE_PARTITIONS,
		  { PART("11", "o_0", "f", "modulus 4, remainder 0", "x|postgres_fdw|a,b|~|d|public|o_0") },
		  "several hosts" },
		{ QUERY_NATIVE_PARTITIONS,
		  { PART("11", "o_0", "f", "modulus 4, remainder 0", "x|postgres_fdw|a|~|~|public|o_0") },
		  "host and dbname" },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		struct native n;
		native_start(&n);
		replace(n.r.results, cases[i].query, rows(cases[i].rows));
		struct map *map = native_map(&n);
		const struct map_relation *o = find(map, "public", "o");
		assert_non_null(o->why);
		assert_non_null(strstr(o->why, cases[i].why));
		map_unref(map);
	}
}

/* --- the self-test --- */

/* A server that hashes as it is done here, but for the sample number `lie_at`. */
static PGresult *server_says(const struct statement *statement, int lie_at)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc columns[2] = { { 0 } };
	char name[] = "c";
	columns[0].name = columns[1].name = name;
	PQsetResultAttrs(result, 2, columns);
	struct span rest = span_text(statement->params[0] + 1);
	rest.len--; /* the brace */
	for (int row = 0; rest.len; row++) {
		struct span quoted = span_split(&rest, ',');
		char text[64], hash[32];
		snprintf(text, sizeof text, "%.*s", (int)quoted.len - 2, quoted.ptr + 1);
		struct key_value value;
		assert_true(key_from_text(&value, TYPE_INT8, span_text(text)));
		snprintf(hash, sizeof hash, "%d", key_hash_citus(&value) + (row == lie_at));
		PQsetvalue(result, row, 0, text, (int)strlen(text));
		PQsetvalue(result, row, 1, hash, (int)strlen(hash));
	}
	return result;
}

static struct selftest *run_selftest(struct map *map, int lie_at)
{
	struct selftest *test = selftest_new(map, true, false);
	const struct statement *statement;
	int asked = 0;
	while ((statement = selftest_next(test)) != NULL) {
		assert_non_null(strstr(statement->sql, "worker_hash(v::int8)"));
		PGresult *result = server_says(statement, lie_at);
		selftest_answer(test, result, NULL);
		PQclear(result);
		asked++;
	}
	assert_int_equal(asked, 1); /* t and u have keys of one type */
	return test;
}

static void a_difference_refuses_every_table_with_that_key_type(void **state)
{
	struct citus c;
	(void)state;
	citus_start(&c);
	struct map *map = citus_map(&c);
	struct selftest *right = run_selftest(map, -1), *wrong = run_selftest(map, 17);
	assert_true(selftest_passed(right));
	assert_string_equal(selftest_summary(right), "ok (64 values)");
	assert_null(selftest_refuse(right, find(map, "public", "t")));
	assert_false(selftest_passed(wrong));
	assert_non_null(strstr(selftest_summary(wrong), "int8"));
	assert_non_null(selftest_refuse(wrong, find(map, "public", "t")));
	assert_non_null(selftest_refuse(wrong, find(map, "public", "u")));
	assert_string_equal(selftest_signature(right), selftest_signature(wrong));
	selftest_free(right);
	selftest_free(wrong);
	map_unref(map);
}

static void a_test_that_cannot_be_done_refuses_too(void **state)
{
	struct citus c;
	(void)state;
	citus_start(&c);
	struct map *map = citus_map(&c);
	struct selftest *test = selftest_new(map, false, false);
	assert_non_null(strstr(selftest_next(test)->sql, "hash_record(ROW(v::int8))"));
	assert_non_null(selftest_refuse(test, find(map, "public", "t")));
	selftest_answer(test, NULL, "function hash_record(record) does not exist");
	assert_false(selftest_passed(test));
	assert_non_null(strstr(selftest_refuse(test, find(map, "public", "t")), "does not exist"));
	selftest_free(test);
	map_unref(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(citus_tables_become_what_they_are),
		cmocka_unit_test(a_workers_own_table_makes_its_name_doubtful_there),
		cmocka_unit_test(a_table_that_differs_or_is_missing_is_not_the_same),
		cmocka_unit_test(nodes_are_refused_with_a_reason),
		cmocka_unit_test(sessions_that_mean_something_else_refuse_the_node),
		cmocka_unit_test(another_zone_is_no_matter),
		cmocka_unit_test(tables_that_cannot_be_routed_say_why),
		cmocka_unit_test(tables_of_a_group_must_be_alike),
		cmocka_unit_test(names_of_any_node_hide_postgresqls_own),
		cmocka_unit_test(settings_of_roles_come_before_the_configurations),
		cmocka_unit_test(a_node_that_was_not_read_is_not_routable),
		cmocka_unit_test(kinds_are_seen_or_refused),
		cmocka_unit_test(a_worker_is_no_coordinator),
		cmocka_unit_test(native_parents_are_hash_distributed),
		cmocka_unit_test(a_partition_must_be_a_plain_table_where_it_is_said_to_be),
		cmocka_unit_test(parents_that_cannot_be_routed_say_why),
		cmocka_unit_test(a_difference_refuses_every_table_with_that_key_type),
		cmocka_unit_test(a_test_that_cannot_be_done_refuses_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
