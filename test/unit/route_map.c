/* The shard map: names are found exactly, keys find their shard, and a group in
 * which that would be doubtful is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "route/key.h"
#include "route/map.h"

static struct map_builder *builder_with_nodes(enum map_kind kind)
{
	struct map_builder *b = map_builder_new(kind, 7);
	for (int i = 0; i < 3; i++) {
		char name[] = "node0";
		name[4] = (char)('0' + i);
		assert_int_equal(
			map_builder_node(b, &(struct map_node){ .name = name, .port = 5432, .routable = true }), i);
	}
	return b;
}

static struct map_relation *add_table(struct map_builder *b, uint32_t oid, const char *name, uint32_t key_type)
{
	struct map_relation *relation = map_builder_relation(b, oid, "public", name, MAP_RELATION_LOCAL);
	map_builder_column(b, relation, &(struct map_column){ .name = "gone", .dropped_or_system = true });
	map_builder_column(b, relation, &(struct map_column){ .name = "k", .type = key_type, .typmod = -1 });
	map_builder_column(b, relation, &(struct map_column){ .name = "t", .type = TYPE_TEXT, .typmod = -1 });
	return relation;
}

static struct map_relation *add_hash_table(struct map_builder *b, uint32_t oid, const char *name, int group)
{
	static const char *const key[] = { "k" };
	struct map_relation *relation = add_table(b, oid, name, TYPE_INT4);
	assert_true(map_builder_distribute(b, relation, group, key, 1));
	return relation;
}

static void add_range(struct map_builder *b, int group, int64_t id, int32_t min, int32_t max, int node)
{
	map_builder_shard(b, group, &(struct map_shard){ .id = id, .min = min, .max = max, .node = node });
}

static void add_partition(struct map_builder *b, int group, uint32_t modulus, uint32_t remainder, int node)
{
	map_builder_shard(b, group,
			  &(struct map_shard){ .id = modulus * 1000 + remainder,
					       .name = "part",
					       .modulus = modulus,
					       .remainder = remainder,
					       .node = node });
}

static const struct map_relation *find(const struct map *map, const char *name)
{
	return map_find_relation(map, span_text("public"), span_text(name));
}

static const struct map_shard *shard_of(const struct map_relation *relation, const char *text)
{
	struct key_value key;
	assert_true(key_from_text(&key, TYPE_INT4, span_text(text)));
	return map_find_shard(relation, &key);
}

static void test_names_are_exact(void **state)
{
	(void)state;
	struct map_builder *b = builder_with_nodes(MAP_CITUS);
	map_builder_relation(b, 1, "public", "orders", MAP_RELATION_LOCAL);
	map_builder_relation(b, 2, "public", "Orders", MAP_RELATION_VIEW);
	map_builder_relation(b, 3, "Public", "orders", MAP_RELATION_SEQUENCE);
	map_builder_schema(b, "empty");
	struct map *map = map_builder_finish(b);
	assert_int_equal(map_relation_count(map), 3);
	assert_int_equal(find(map, "orders")->oid, 1);
	assert_int_equal(find(map, "Orders")->oid, 2);
	assert_null(find(map, "ORDERS"));
	assert_null(find(map, "order"));
	assert_null(find(map, ""));
	assert_int_equal(map_find_relation(map, span_of("Public.", 6), span_of("orders;", 6))->oid, 3);
	assert_null(map_find_relation(map, span_text("none"), span_text("orders")));
	assert_true(map_has_schema(map, span_text("public")));
	assert_true(map_has_schema(map, span_text("empty")));
	assert_false(map_has_schema(map, span_text("PUBLIC")));
	assert_string_equal(map_relation_kind_name(find(map, "Orders")->kind), "view");
	map_unref(map);
}

static void test_many_names(void **state)
{
	(void)state;
	enum { MANY = 3000 };
	struct map_builder *b = builder_with_nodes(MAP_CITUS);
	for (uint32_t i = 0; i < MANY; i++) {
		char *schema = mem_printf("tenant_%u", i % 500), *name = mem_printf("table_%u", i);
		map_builder_relation(b, i + 1, schema, name, MAP_RELATION_TENANT);
		mem_free(schema);
		mem_free(name);
	}
	assert_string_equal(map_builder_find(b, 1234)->name, "table_1233");
	assert_null(map_builder_find(b, MANY + 1));
	struct map *map = map_builder_finish(b);
	for (uint32_t i = 0; i < MANY; i++) {
		char *schema = mem_printf("tenant_%u", i % 500), *name = mem_printf("table_%u", i);
		assert_int_equal(map_find_relation(map, span_text(schema), span_text(name))->oid, i + 1);
		mem_free(schema);
		mem_free(name);
	}
	assert_null(map_find_relation(map, span_text("tenant_1"), span_text("table_0")));
	map_unref(map);
}

static void test_two_relations_under_one_name_are_refused(void **state)
{
	(void)state;
	struct map_builder *b = builder_with_nodes(MAP_CITUS);
	int group = map_builder_group(b, 1);
	add_range(b, group, 1, INT32_MIN, INT32_MAX, 1);
	struct map_relation *first = add_hash_table(b, 1, "t", group);
	assert_ptr_equal(map_builder_relation(b, 2, "public", "t", MAP_RELATION_LOCAL), first);
	struct map *map = map_builder_finish(b);
	assert_int_equal(map_relation_count(map), 1);
	assert_non_null(find(map, "t")->why);
	assert_null(shard_of(find(map, "t"), "1"));
	map_unref(map);
}

/* hashint4(1) = -1905060026, hashint4(2) = 1134484726, hashint4(0) = -272711505 */
static void test_unequal_ranges(void **state)
{
	(void)state;
	struct map_builder *b = builder_with_nodes(MAP_CITUS);
	int group = map_builder_group(b, 5);
	assert_int_equal(map_builder_group(b, 5), group);
	add_range(b, group, 13, 1134484727, INT32_MAX, 2);
	add_range(b, group, 10, INT32_MIN, -1905060027, 2);
	add_range(b, group, 12, -1905060025, 1134484726, 2);
	add_range(b, group, 11, -1905060026, -1905060026, 1); /* an isolated tenant */
	add_hash_table(b, 1, "t", group);
	struct map *map = map_builder_finish(b);
	const struct map_relation *t = find(map, "t");
	assert_null(t->why);
	assert_int_equal(t->kind, MAP_RELATION_HASH);
	assert_int_equal(t->key_columns[0], 1);
	assert_int_equal(shard_of(t, "1")->id, 11);
	assert_int_equal(shard_of(t, "1")->node, 1);
	assert_int_equal(shard_of(t, "2")->id, 12);
	assert_int_equal(shard_of(t, "0")->id, 12);
	assert_int_equal(map_group_count(map), 1);
	for (size_t i = 0; i < t->group->shard_count; i++)
		assert_int_equal(t->group->shards[i].id, 10 + i);
	map_unref(map);
}

static void test_a_gap_has_no_shard(void **state)
{
	(void)state;
	struct map_builder *b = builder_with_nodes(MAP_CITUS);
	int group = map_builder_group(b, 1);
	add_range(b, group, 1, 0, INT32_MAX, 1);
	add_hash_table(b, 1, "t", group);
	struct map *map = map_builder_finish(b);
	assert_int_equal(shard_of(find(map, "t"), "2")->id, 1);
	assert_null(shard_of(find(map, "t"), "1"));
	map_unref(map);
}

static void test_groups_in_doubt_are_refused(void **state)
{
	(void)state;
	struct map_builder *b = builder_with_nodes(MAP_CITUS);
	int overlap = map_builder_group(b, 1), empty = map_builder_group(b, 2), reversed = map_builder_group(b, 3);
	int whole = map_builder_group(b, 4);
	add_range(b, overlap, 1, INT32_MIN, 0, 1);
	add_range(b, overlap, 2, 0, INT32_MAX, 2);
	add_range(b, reversed, 3, 5, 4, 1);
	add_range(b, whole, 4, INT32_MIN, INT32_MAX, 9); /* no such node */
	add_hash_table(b, 1, "overlap", overlap);
	add_hash_table(b, 2, "empty", empty);
	add_hash_table(b, 3, "reversed", reversed);
	add_hash_table(b, 4, "whole", whole);
	struct map *map = map_builder_finish(b);
	assert_non_null(find(map, "overlap")->why);
	assert_non_null(find(map, "empty")->why);
	assert_non_null(find(map, "reversed")->why);
	assert_null(find(map, "whole")->why);
	assert_null(shard_of(find(map, "overlap"), "1"));
	assert_null(shard_of(find(map, "empty"), "1"));
	assert_int_equal(shard_of(find(map, "whole"), "1")->node, -1);
	map_unref(map);
}

static void test_unequal_moduli(void **state)
{
	(void)state;
	struct map_builder *b = builder_with_nodes(MAP_NATIVE);
	int group = map_builder_group(b, 1);
	add_partition(b, group, 8, 5, 2);
	add_partition(b, group, 4, 0, 1);
	add_partition(b, group, 4, 2, 1);
	add_partition(b, group, 8, 1, 2);
	add_partition(b, group, 8, 3, 2); /* remainder 7 of 8 is missing */
	add_hash_table(b, 1, "t", group);
	struct map *map = map_builder_finish(b);
	const struct map_relation *t = find(map, "t");
	assert_null(t->why);
	assert_int_equal(t->group->modulus, 8);
	bool seen[8] = { false };
	for (int i = 0; i < 200; i++) {
		char *text = mem_printf("%d", i);
		struct key_value key;
		assert_true(key_from_text(&key, TYPE_INT4, span_text(text)));
		uint32_t remainder = key_remainder_native(&key, 1, 8);
		const struct map_shard *shard = map_find_shard(t, &key);
		seen[remainder] = true;
		if (remainder == 7)
			assert_null(shard);
		else
			assert_int_equal(shard->remainder, remainder % shard->modulus);
		mem_free(text);
	}
	for (int i = 0; i < 8; i++)
		assert_true(seen[i]);
	map_unref(map);
}

static void test_native_groups_in_doubt_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint32_t parts[3][2];
	} wrong[] = {
		{ "overlap", { { 4, 1 }, { 8, 5 } } },
		{ "twice", { { 4, 1 }, { 4, 1 } } },
		{ "moduli", { { 3, 1 }, { 8, 5 } } },
		{ "remainder", { { 4, 4 } } },
		{ "enormous", { { 2000000000, 1 }, { 4, 1 } } },
	};
	struct map_builder *b = builder_with_nodes(MAP_NATIVE);
	for (size_t i = 0; i < MEM_COUNT(wrong); i++) {
		int group = map_builder_group(b, (int)i);
		for (int j = 0; j < 3 && wrong[i].parts[j][0]; j++)
			add_partition(b, group, wrong[i].parts[j][0], wrong[i].parts[j][1], 1);
		add_hash_table(b, (uint32_t)i + 1, wrong[i].name, group);
	}
	int zero = map_builder_group(b, 100);
	add_partition(b, zero, 0, 0, 1);
	add_hash_table(b, 100, "zero", zero);
	struct map *map = map_builder_finish(b);
	for (size_t i = 0; i < MEM_COUNT(wrong); i++) {
		assert_non_null(find(map, wrong[i].name)->why);
		assert_null(shard_of(find(map, wrong[i].name), "1"));
	}
	assert_non_null(find(map, "zero")->why);
	map_unref(map);
}

static void test_several_key_columns(void **state)
{
	(void)state;
	static const char *const keys[] = { "t", "k" };
	struct map_builder *b = builder_with_nodes(MAP_NATIVE);
	int group = map_builder_group(b, 1);
	for (uint32_t i = 0; i < 16; i++)
		add_partition(b, group, 16, i, 1);
	assert_true(map_builder_distribute(b, add_table(b, 1, "t", TYPE_INT8), group, keys, 2));
	struct map *map = map_builder_finish(b);
	const struct map_relation *t = find(map, "t");
	struct key_value values[2];
	assert_true(key_from_text(&values[0], TYPE_TEXT, span_text("a")));
	assert_true(key_from_text(&values[1], TYPE_INT8, span_text("1")));
	assert_int_equal(map_find_shard(t, values)->remainder, key_remainder_native(values, 2, 16));
	/* Of another type, a value would have another hash. */
	assert_true(key_from_text(&values[1], TYPE_TEXT, span_text("1")));
	assert_null(map_find_shard(t, values));
	map_unref(map);
}

static void test_distribute_needs_known_columns(void **state)
{
	(void)state;
	static const char *const unknown[] = { "K" }, *const dropped[] = { "gone" }, *const two[] = { "k", "t" };
	struct map_builder *b = builder_with_nodes(MAP_CITUS);
	int group = map_builder_group(b, 1);
	struct map_relation *t = add_table(b, 1, "t", TYPE_INT4);
	assert_false(map_builder_distribute(b, t, group, unknown, 1));
	assert_false(map_builder_distribute(b, t, group, dropped, 1));
	assert_false(map_builder_distribute(b, t, group, two, 2)); /* Citus has one */
	assert_false(map_builder_distribute(b, t, group, two, 0));
	assert_false(map_builder_distribute(b, t, group + 1, two, 1));
	assert_int_equal(t->kind, MAP_RELATION_LOCAL);
	map_builder_free(b);
}

static void test_refusals_keep_their_first_reason(void **state)
{
	(void)state;
	struct map_builder *b = builder_with_nodes(MAP_CITUS);
	int group = map_builder_group(b, 1);
	add_range(b, group, 1, INT32_MIN, INT32_MAX, 1);
	struct map_relation *t = add_hash_table(b, 1, "t", group);
	map_builder_refuse(b, t, "first");
	map_builder_refuse(b, t, "second");
	map_builder_node_refuse(b, 2, "asleep");
	map_builder_node_refuse(b, 2, "dead");
	struct map *map = map_builder_finish(b);
	assert_string_equal(find(map, "t")->why, "first");
	assert_null(shard_of(find(map, "t"), "1"));
	assert_false(map_node(map, 2)->routable);
	assert_string_equal(map_node(map, 2)->why, "asleep");
	assert_true(map_node(map, 1)->routable);
	assert_string_equal(map_node(map, 1)->name, "node1");
	map_unref(map);
}

static void test_nodes_are_bounded(void **state)
{
	(void)state;
	struct map_builder *b = map_builder_new(MAP_CITUS, 0);
	for (int i = 0; i < MAP_MAX_NODES; i++)
		assert_int_equal(map_builder_node(b, &(struct map_node){ .name = "n" }), i);
	assert_int_equal(map_builder_node(b, &(struct map_node){ .name = "n" }), -1);
	map_builder_free(b);
	map_builder_free(NULL);
}

static void test_what_is_not_postgresqls_own(void **state)
{
	(void)state;
	struct map_builder *b = builder_with_nodes(MAP_NATIVE);
	map_builder_user_function(b, "lower");
	map_builder_user_function(b, "lower"); /* overloaded */
	map_builder_user_type(b, "money2");
	map_builder_user_operator(b, "=", TYPE_INT4, TYPE_TEXT);
	map_builder_user_operator(b, "=", 0, 16400);
	struct map *map = map_builder_finish(b);
	size_t count;
	assert_true(map_has_user_function(map, span_text("lower")));
	assert_false(map_has_user_function(map, span_text("upper")));
	assert_true(map_has_user_type(map, span_text("money2")));
	assert_false(map_has_user_type(map, span_text("lower")));
	const struct map_operator *operators = map_user_operators(map, span_text("="), &count);
	assert_int_equal(count, 2);
	assert_int_equal(operators[0].left, TYPE_INT4);
	assert_int_equal(operators[1].right, 16400);
	map_user_operators(map, span_text("<"), &count);
	assert_int_equal(count, 0);
	map_unref(map);
}

static void test_session_defaults(void **state)
{
	(void)state;
	static const struct map_setting settings[] = {
		{ NULL, false, "search_path", "everywhere" }, { NULL, true, "search_path", "database" },
		{ "ann", false, "search_path", "ann" },       { "ann", true, "search_path", "ann here" },
		{ "bob", false, "search_path", "bob" },       { NULL, false, "TimeZone", "UTC" },
	};
	struct map_builder *b = builder_with_nodes(MAP_NATIVE);
	for (size_t i = 0; i < MEM_COUNT(settings); i++)
		map_builder_setting(b, &settings[i]);
	struct map *map = map_builder_finish(b);
	assert_string_equal(map_session_default(map, span_text("ann"), "search_path"), "ann here");
	assert_string_equal(map_session_default(map, span_text("bob"), "search_path"), "bob");
	assert_string_equal(map_session_default(map, span_text("Bob"), "search_path"), "database");
	assert_string_equal(map_session_default(map, span_text("bob"), "timezone"), "UTC");
	assert_null(map_session_default(map, span_text("bob"), "datestyle"));
	map_unref(map);
}

static void test_versions_and_references(void **state)
{
	(void)state;
	struct map *first = map_builder_finish(map_builder_new(MAP_NONE, 1));
	struct map_builder *b = builder_with_nodes(MAP_CITUS);
	assert_string_equal(map_self_test(first), "not run");
	assert_string_equal(map_server_encoding(first), "");
	map_builder_self_test(b, "wrong");
	map_builder_self_test(b, "ok (12 values)");
	map_builder_encoding(b, "UTF8");
	map_builder_nonstandard_catalog(b);
	struct map *second = map_builder_finish(b);
	assert_true(map_version(second) > map_version(first));
	assert_int_equal(map_epoch(second), 7);
	assert_int_equal(map_kind(second), MAP_CITUS);
	assert_int_equal(map_node_count(second), 3);
	assert_true(map_loaded_us(second) >= map_loaded_us(first));
	assert_string_equal(map_self_test(second), "ok (12 values)");
	assert_string_equal(map_server_encoding(second), "UTF8");
	assert_true(map_nonstandard_catalog(second));
	assert_ptr_equal(map_ref(second), second);
	map_unref(second);
	assert_int_equal(map_epoch(second), 7); /* one reference is left */
	map_unref(second);
	map_unref(first);
	map_unref(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_are_exact),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_two_relations_under_one_name_are_refused),
		cmocka_unit_test(test_unequal_ranges),
		cmocka_unit_test(test_a_gap_has_no_shard),
		cmocka_unit_test(test_groups_in_doubt_are_refused),
		cmocka_unit_test(test_unequal_moduli),
		cmocka_unit_test(test_native_groups_in_doubt_are_refused),
		cmocka_unit_test(test_several_key_columns),
		cmocka_unit_test(test_distribute_needs_known_columns),
		cmocka_unit_test(test_refusals_keep_their_first_reason),
		cmocka_unit_test(test_nodes_are_bounded),
		cmocka_unit_test(test_what_is_not_postgresqls_own),
		cmocka_unit_test(test_session_defaults),
		cmocka_unit_test(test_versions_and_references),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
