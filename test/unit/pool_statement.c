/* Prepared statements: what is equal is shared, what is not is not; counting; the set
 * that a server knows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/mem.h"
#include "pool/statement.h"

#define BODY(text) span_of(text, sizeof text - 1)

static void test_equal_ones_are_shared(void **state)
{
	struct statement_table *table = statement_table_new();
	(void)state;
	struct statement *one = statement_intern(table, BODY("app\npublic"), BODY("SELECT 1\0\0\0"));
	struct statement *two = statement_intern(table, BODY("app\npublic"), BODY("SELECT 1\0\0\0"));
	assert_ptr_equal(one, two);
	assert_int_equal(one->ref_count, 2);
	assert_true(span_is(one->text, "SELECT 1"));
	assert_int_equal(one->type_count, 0);
	assert_int_equal(one->body.len, sizeof "SELECT 1\0\0");
	statement_unref(one);
	statement_unref(two);
	statement_table_free(table);
}

static void test_different_ones_are_not(void **state)
{
	struct statement_table *table = statement_table_new();
	const struct {
		struct span environment, body;
	} rows[] = {
		{ BODY("app\npublic"), BODY("SELECT 1\0\0\0") },
		{ BODY("bob\npublic"), BODY("SELECT 1\0\0\0") },
		{ BODY("app\nother"), BODY("SELECT 1\0\0\0") },
		{ BODY(""), BODY("SELECT 1\0\0\0") },
		{ BODY("app\npublic"), BODY("SELECT  1\0\0\0") },
		{ BODY("app\npublic"), BODY("SELECT 1\0\0\1\0\0\0\x17") },
		{ BODY("app\npublic"), BODY("SELECT 1\0\0\1\0\0\0\x14") },
	};
	struct statement *made[MEM_COUNT(rows)];
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		made[i] = statement_intern(table, rows[i].environment, rows[i].body);
		for (size_t k = 0; k < i; k++) {
			assert_ptr_not_equal(made[i], made[k]);
			assert_string_not_equal(made[i]->name, made[k]->name);
		}
	}
	assert_int_equal(made[5]->type_count, 1);
	assert_int_equal(made[5]->types[0], 23);
	for (size_t i = 0; i < MEM_COUNT(rows); i++)
		statement_unref(made[i]);
	statement_table_free(table);
}

static void test_unused_ones_go_at_the_sweep(void **state)
{
	struct statement_table *table = statement_table_new();
	(void)state;
	struct statement *kept = statement_intern(table, BODY(""), BODY("SELECT 1\0\0\0"));
	struct statement *gone = statement_intern(table, BODY(""), BODY("SELECT 2\0\0\0"));
	uint64_t id = gone->id;
	statement_unref(gone);
	/* Still findable until then. */
	assert_ptr_equal(statement_intern(table, BODY(""), BODY("SELECT 2\0\0\0")), gone);
	statement_unref(gone);
	statement_table_sweep(table);
	assert_ptr_equal(statement_intern(table, BODY(""), BODY("SELECT 1\0\0\0")), kept);
	struct statement *again = statement_intern(table, BODY(""), BODY("SELECT 2\0\0\0"));
	assert_true(again->id != id); /* a name is never used for another statement */
	statement_unref(again);
	statement_unref(kept);
	statement_unref(kept);
	statement_unref(NULL);
	statement_table_free(table);
}

static void test_what_a_server_knows(void **state)
{
	struct statement_table *table = statement_table_new();
	struct prepared_set set;
	struct statement *s[4];
	(void)state;
	for (int i = 0; i < 4; i++) {
		char body[] = "SELECT x\0\0\0";
		body[7] = (char)('0' + i);
		s[i] = statement_intern(table, BODY(""), span_of(body, sizeof body - 1));
	}
	prepared_init(&set);
	assert_null(prepared_evict(&set));
	for (int i = 0; i < 3; i++)
		prepared_add(&set, s[i]);
	prepared_add(&set, s[0]); /* known already: once */
	assert_int_equal(prepared_count(&set), 3);
	assert_int_equal(s[0]->ref_count, 2);
	assert_false(prepared_touch(&set, s[3]));
	assert_true(prepared_touch(&set, s[0])); /* now s[1] is the oldest */
	assert_true(prepared_touch(&set, s[0]));
	struct statement *old = prepared_evict(&set);
	assert_ptr_equal(old, s[1]);
	assert_false(prepared_touch(&set, s[1]));
	statement_unref(old);
	assert_int_equal(s[1]->ref_count, 1);
	prepared_remove(&set, s[2]);
	prepared_remove(&set, s[2]);
	assert_int_equal(s[2]->ref_count, 1);
	assert_int_equal(prepared_count(&set), 1);
	prepared_clear(&set);
	assert_int_equal(prepared_count(&set), 0);
	assert_int_equal(s[0]->ref_count, 1);
	prepared_add(&set, s[0]);
	prepared_done(&set);
	for (int i = 0; i < 4; i++)
		statement_unref(s[i]);
	statement_table_free(table);
}

static void test_the_least_recent_goes_first(void **state)
{
	enum { COUNT = 50 };
	struct statement_table *table = statement_table_new();
	struct prepared_set set;
	struct statement *s[COUNT];
	(void)state;
	prepared_init(&set);
	for (int i = 0; i < COUNT; i++) {
		char body[16];
		int len = snprintf(body, sizeof body, "%d%c%c%c", i, 0, 0, 0);
		s[i] = statement_intern(table, BODY(""), span_of(body, (size_t)len));
		prepared_add(&set, s[i]);
	}
	for (int i = COUNT - 1; i >= 0; i -= 2)
		prepared_touch(&set, s[i]);
	for (int i = 0; i < COUNT; i++) {
		struct statement *old = prepared_evict(&set);
		assert_ptr_equal(old, s[i < COUNT / 2 ? 2 * i : 2 * COUNT - 1 - 2 * i]);
		statement_unref(old);
		statement_unref(old);
	}
	prepared_done(&set);
	statement_table_free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_ones_are_shared),       cmocka_unit_test(test_different_ones_are_not),
		cmocka_unit_test(test_unused_ones_go_at_the_sweep), cmocka_unit_test(test_what_a_server_knows),
		cmocka_unit_test(test_the_least_recent_goes_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
