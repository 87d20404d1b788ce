/* Sets of settings: order, case, replacing, removing, copying. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "pool/guc.h"

static bool put(struct guc_set *set, const char *name, const char *value)
{
	return guc_put(set, span_text(name), value);
}

static void test_put_and_get(void **state)
{
	struct guc_set set;
	(void)state;
	guc_init(&set);
	assert_null(guc_get(&set, "timezone"));
	assert_true(put(&set, "TimeZone", "UTC"));
	assert_string_equal(guc_get(&set, "timezone"), "UTC");
	assert_string_equal(guc_get(&set, "TIMEZONE"), "UTC");
	assert_string_equal(set.items[0].name, "timezone");
	assert_false(put(&set, "timezone", "UTC"));
	assert_true(put(&set, "TIMEZONE", "utc")); /* values compare byte by byte */
	assert_string_equal(guc_get(&set, "timezone"), "utc");
	assert_int_equal(set.count, 1);
	assert_true(put(&set, "timezone", NULL));
	assert_false(put(&set, "timezone", NULL));
	assert_int_equal(set.count, 0);
	guc_done(&set);
}

static void test_names_that_begin_alike(void **state)
{
	struct guc_set set;
	(void)state;
	guc_init(&set);
	put(&set, "work_mem", "1");
	put(&set, "work", "2");
	put(&set, "work_mem_more", "3");
	put(&set, "w", "4");
	assert_string_equal(guc_get(&set, "work_mem"), "1");
	assert_string_equal(guc_get(&set, "work"), "2");
	assert_string_equal(guc_get(&set, "work_mem_more"), "3");
	assert_string_equal(guc_get(&set, "w"), "4");
	assert_null(guc_get(&set, "work_me"));
	assert_null(guc_get(&set, ""));
	/* A name within longer bytes. */
	assert_true(guc_put(&set, span_of("work_xxx", 4), "5"));
	assert_string_equal(guc_get(&set, "work"), "5");
	guc_done(&set);
}

static void test_the_order_is_that_of_names(void **state)
{
	struct guc_set set;
	static const char *const names[] = { "search_path", "app.tenant", "role", "Zone", "datestyle", "b", "a" };
	(void)state;
	guc_init(&set);
	for (size_t i = 0; i < MEM_COUNT(names); i++)
		put(&set, names[i], names[i]);
	for (size_t i = 1; i < set.count; i++)
		assert_true(strcmp(set.items[i - 1].name, set.items[i].name) < 0);
	for (size_t i = 0; i < MEM_COUNT(names); i++)
		assert_string_equal(guc_get(&set, names[i]), names[i]);
	guc_done(&set);
}

static void test_copies_are_their_own(void **state)
{
	struct guc_set from, to;
	(void)state;
	guc_init(&from);
	guc_init(&to);
	put(&to, "old", "1");
	put(&from, "a", "1");
	put(&from, "b", "");
	guc_copy(&to, &from);
	guc_clear(&from);
	assert_int_equal(to.count, 2);
	assert_null(guc_get(&to, "old"));
	assert_string_equal(guc_get(&to, "b"), ""); /* empty is not unset */
	assert_null(guc_get(&from, "a"));
	guc_copy(&to, &from);
	assert_int_equal(to.count, 0);
	guc_done(&from);
	guc_done(&to);
}

static void test_custom_ones_have_a_dot(void **state)
{
	(void)state;
	assert_true(guc_is_custom("app.tenant"));
	assert_false(guc_is_custom("search_path"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_and_get),
		cmocka_unit_test(test_names_that_begin_alike),
		cmocka_unit_test(test_the_order_is_that_of_names),
		cmocka_unit_test(test_copies_are_their_own),
		cmocka_unit_test(test_custom_ones_have_a_dot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
