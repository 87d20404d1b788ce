/* A client's prepared statements: names, what a Parse replaces, and how it comes back
 * when the server never came to that Parse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "session/handles.h"

#define NAME(text) span_of(text, sizeof text - 1)

struct place {
	struct statement_table *table;
	struct statement *a, *b;
	struct handles handles;
};

static int set_up(void **state)
{
	struct place *place = MEM_NEW(struct place);
	place->table = statement_table_new();
	place->a = statement_intern(place->table, NAME(""), NAME("SELECT 1\0\0\0"));
	place->b = statement_intern(place->table, NAME(""), NAME("SELECT 2\0\0\0"));
	handles_init(&place->handles);
	*state = place;
	return 0;
}

/* Nothing may be left that holds a statement. */
static int tear_down(void **state)
{
	struct place *place = *state;
	handles_done(&place->handles);
	int left = (int)(place->a->ref_count + place->b->ref_count) - 2;
	statement_unref(place->a);
	statement_unref(place->b);
	statement_table_free(place->table);
	mem_free(place);
	return left;
}

static void test_names(void **state)
{
	struct place *place = *state;
	struct handles *h = &place->handles;
	assert_null(handles_find(h, NAME("s")));
	struct handle *one = handles_add(h, NAME("s"), place->a);
	struct handle *none = handles_add(h, NAME(""), place->b);
	assert_int_equal(handles_count(h), 2);
	assert_ptr_equal(handles_find(h, NAME("s")), one);
	assert_ptr_equal(handles_find(h, NAME("")), none);
	assert_null(handles_find(h, NAME("S")));
	assert_ptr_equal(one->statement, place->a);
	handles_remove(h, one);
	handles_remove(h, one);
	assert_null(handles_find(h, NAME("s")));
	assert_ptr_equal(one->statement, place->a); /* who holds it still has it */
	handle_unref(one);
	handle_unref(none);
	handle_unref(NULL);
}

static void test_a_close_that_was_not_carried_out(void **state)
{
	struct place *place = *state;
	struct handles *h = &place->handles;
	struct handle *one = handles_add(h, NAME("s"), place->a);
	handles_remove(h, one);
	handles_relist(h, one);
	handles_relist(h, one);
	assert_ptr_equal(handles_find(h, NAME("s")), one);
	/* A newer one keeps the name. */
	handles_remove(h, one);
	struct handle *two = handles_add(h, NAME("s"), place->b);
	handles_relist(h, one);
	assert_ptr_equal(handles_find(h, NAME("s")), two);
	handle_unref(one);
	handle_unref(two);
}

static void test_a_parse_that_was_skipped(void **state)
{
	struct place *place = *state;
	struct handles *h = &place->handles;
	struct handle *old = handles_add(h, NAME(""), place->a), *new = handles_add(h, NAME(""), place->b);
	assert_ptr_equal(handles_find(h, NAME("")), new);
	assert_int_equal(handles_count(h), 1);
	handles_undo(h, new);
	assert_ptr_equal(handles_find(h, NAME("")), old);
	handles_undo(h, old);
	assert_null(handles_find(h, NAME("")));
	handle_unref(old);
	handle_unref(new);
}

static void test_a_parse_that_was_carried_out(void **state)
{
	struct place *place = *state;
	struct handles *h = &place->handles;
	handle_unref(handles_add(h, NAME(""), place->a));
	struct handle *new = handles_add(h, NAME(""), place->b);
	handle_settle(new);
	handle_settle(new);
	assert_int_equal(place->a->ref_count, 1); /* nobody can want it back */
	handles_undo(h, new);
	assert_int_equal(handles_count(h), 0);
	handle_unref(new);
}

static void test_many_are_undone_newest_first(void **state)
{
	enum { COUNT = 20000 };
	struct place *place = *state;
	struct handles *h = &place->handles;
	struct handle **chain = mem_array(COUNT, sizeof *chain);
	for (int i = 0; i < COUNT; i++)
		chain[i] = handles_add(h, NAME(""), i % 2 ? place->b : place->a);
	for (int i = COUNT; i-- > 1;) {
		handles_undo(h, chain[i]);
		handle_unref(chain[i]);
	}
	assert_ptr_equal(handles_find(h, NAME("")), chain[0]);
	handle_unref(chain[0]);
	mem_free(chain);
}

static void test_a_long_chain_is_let_go_at_once(void **state)
{
	struct place *place = *state;
	struct handles *h = &place->handles;
	/* Only the newest holds the others: no recursion over what a client made. */
	for (int i = 0; i < 300000; i++)
		handle_unref(handles_add(h, NAME(""), place->a));
	handles_clear(h);
	assert_int_equal(place->a->ref_count, 1);
}

static void test_undoing_the_oldest_first(void **state)
{
	struct place *place = *state;
	struct handles *h = &place->handles;
	struct handle *one = handles_add(h, NAME(""), place->a), *two = handles_add(h, NAME(""), place->b);
	handles_undo(h, one); /* not listed: nothing to undo */
	assert_ptr_equal(handles_find(h, NAME("")), two);
	handle_unref(one);
	handles_undo(h, two);
	handle_unref(two);
	handles_clear(h);
}

static void test_clear_named(void **state)
{
	struct place *place = *state;
	struct handles *h = &place->handles;
	struct handle *unnamed = handles_add(h, NAME(""), place->a);
	handle_unref(handles_add(h, NAME("b"), place->b));
	handle_unref(handles_add(h, NAME("c"), place->b));
	handles_clear_named(h);
	assert_int_equal(handles_count(h), 1);
	assert_ptr_equal(handles_find(h, NAME("")), unnamed);
	handle_unref(unnamed);
}

static void test_clear(void **state)
{
	struct place *place = *state;
	struct handles *h = &place->handles;
	struct handle *kept = handles_add(h, NAME("a"), place->a);
	handle_unref(handles_add(h, NAME("b"), place->b));
	handles_clear(h);
	assert_int_equal(handles_count(h), 0);
	assert_false(kept->listed);
	handle_unref(kept);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_a_close_that_was_not_carried_out),
		TEST(test_a_parse_that_was_skipped),
		TEST(test_a_parse_that_was_carried_out),
		TEST(test_many_are_undone_newest_first),
		TEST(test_a_long_chain_is_let_go_at_once),
		TEST(test_undoing_the_oldest_first),
		TEST(test_clear_named),
		TEST(test_clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
