/* What a transaction did to settings, and what is left of it: COMMIT, ROLLBACK,
 * savepoints, SET LOCAL, RESET. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "session/journal.h"

struct session {
	struct journal journal;
	struct guc_set wanted, start;
};

static int set_up(void **state)
{
	struct session *s = MEM_NEW(struct session);
	journal_init(&s->journal);
	guc_init(&s->wanted);
	guc_init(&s->start);
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct session *s = *state;
	journal_done(&s->journal);
	guc_done(&s->wanted);
	guc_done(&s->start);
	mem_free(s);
	return 0;
}

static const char *commit(struct session *s, const char *name)
{
	journal_apply(&s->journal, &s->wanted, &s->start);
	journal_clear(&s->journal);
	return guc_get(&s->wanted, name);
}

static void test_commit_keeps_the_last(void **state)
{
	struct session *s = *state;
	journal_set(&s->journal, "work_mem", "1MB", false);
	journal_set(&s->journal, "work_mem", "2MB", false);
	assert_string_equal(commit(s, "work_mem"), "2MB");
	assert_int_equal(s->journal.count, 0);
}

static void test_local_ends_with_the_transaction(void **state)
{
	struct session *s = *state;
	journal_set(&s->journal, "work_mem", "1MB", false);
	journal_set(&s->journal, "work_mem", "9MB", true);
	assert_string_equal(commit(s, "work_mem"), "1MB");
	journal_set(&s->journal, "work_mem", "9MB", true);
	assert_string_equal(commit(s, "work_mem"), "1MB");
}

static void test_rollback_undoes(void **state)
{
	struct session *s = *state;
	journal_set(&s->journal, "work_mem", "1MB", false);
	journal_clear(&s->journal);
	assert_null(commit(s, "work_mem"));
}

static void test_rollback_to_a_savepoint(void **state)
{
	struct session *s = *state;
	journal_set(&s->journal, "a", "1", false);
	journal_savepoint(&s->journal, "p");
	journal_set(&s->journal, "a", "2", false);
	journal_savepoint(&s->journal, "q");
	journal_set(&s->journal, "a", "3", false);
	journal_rollback_to(&s->journal, "p");
	journal_rollback_to(&s->journal, "p"); /* the savepoint lives on */
	journal_rollback_to(&s->journal, "q"); /* this one does not */
	assert_string_equal(commit(s, "a"), "1");
}

static void test_a_savepoint_of_the_same_name_hides_the_older(void **state)
{
	struct session *s = *state;
	journal_savepoint(&s->journal, "p");
	journal_set(&s->journal, "a", "1", false);
	journal_savepoint(&s->journal, "p");
	journal_set(&s->journal, "a", "2", false);
	journal_rollback_to(&s->journal, "p");
	bool found;
	assert_string_equal(journal_value(&s->journal, "a", &found), "1");
	journal_release(&s->journal, "p"); /* the newer one: the older can be seen again */
	journal_rollback_to(&s->journal, "p");
	assert_null(commit(s, "a"));
}

static void test_release_keeps_settings(void **state)
{
	struct session *s = *state;
	journal_set(&s->journal, "a", "0", false);
	journal_savepoint(&s->journal, "p");
	journal_set(&s->journal, "a", "1", false);
	journal_savepoint(&s->journal, "q");
	journal_set(&s->journal, "b", "2", false);
	journal_release(&s->journal, "p"); /* and with it q */
	journal_rollback_to(&s->journal, "q");
	journal_rollback_to(&s->journal, "p");
	assert_string_equal(commit(s, "a"), "1");
	assert_string_equal(guc_get(&s->wanted, "b"), "2");
}

static void test_names_of_savepoints_are_exact(void **state)
{
	struct session *s = *state;
	journal_savepoint(&s->journal, "p");
	journal_set(&s->journal, "a", "1", false);
	journal_rollback_to(&s->journal, "P");
	journal_rollback_to(&s->journal, "missing");
	journal_release(&s->journal, "missing");
	assert_string_equal(commit(s, "a"), "1");
}

static void test_reset_goes_back_to_the_start(void **state)
{
	struct session *s = *state;
	guc_put(&s->start, span_text("a"), "start");
	guc_put(&s->wanted, span_text("a"), "1");
	guc_put(&s->wanted, span_text("b"), "2");
	journal_set(&s->journal, "a", NULL, false);
	journal_set(&s->journal, "b", NULL, false);
	assert_string_equal(commit(s, "a"), "start");
	assert_null(guc_get(&s->wanted, "b"));
}

static void test_reset_all_keeps_who_one_is(void **state)
{
	struct session *s = *state;
	guc_put(&s->start, span_text("a"), "start");
	guc_put(&s->wanted, span_text("a"), "1");
	guc_put(&s->wanted, span_text("b"), "2");
	guc_put(&s->wanted, span_text("role"), "bob");
	guc_put(&s->wanted, span_text("session_authorization"), "alice");
	journal_set(&s->journal, "all", NULL, false);
	journal_set(&s->journal, "c", "3", false);
	assert_string_equal(commit(s, "role"), "bob");
	assert_string_equal(guc_get(&s->wanted, "session_authorization"), "alice");
	assert_string_equal(guc_get(&s->wanted, "a"), "start");
	assert_null(guc_get(&s->wanted, "b"));
	assert_string_equal(guc_get(&s->wanted, "c"), "3");
}

static void test_the_value_within(void **state)
{
	struct session *s = *state;
	bool found;
	assert_null(journal_value(&s->journal, "a", &found));
	assert_false(found);
	journal_set(&s->journal, "a", "1", false);
	journal_set(&s->journal, "b", "2", true);
	assert_string_equal(journal_value(&s->journal, "A", &found), "1");
	assert_string_equal(journal_value(&s->journal, "b", &found), "2"); /* SET LOCAL counts within */
	journal_set(&s->journal, "a", NULL, false);
	assert_null(journal_value(&s->journal, "a", &found));
	assert_true(found);
	journal_set(&s->journal, "all", NULL, false);
	assert_null(journal_value(&s->journal, "b", &found));
	assert_true(found);
}

static void test_reset_all_within_keeps_who_one_is(void **state)
{
	struct session *s = *state;
	bool found;
	journal_set(&s->journal, "role", "bob", false);
	journal_set(&s->journal, "all", NULL, false);
	assert_string_equal(journal_value(&s->journal, "role", &found), "bob");
	assert_string_equal(commit(s, "role"), "bob");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_commit_keeps_the_last),
		TEST(test_local_ends_with_the_transaction),
		TEST(test_rollback_undoes),
		TEST(test_rollback_to_a_savepoint),
		TEST(test_a_savepoint_of_the_same_name_hides_the_older),
		TEST(test_release_keeps_settings),
		TEST(test_names_of_savepoints_are_exact),
		TEST(test_reset_goes_back_to_the_start),
		TEST(test_reset_all_keeps_who_one_is),
		TEST(test_the_value_within),
		TEST(test_reset_all_within_keeps_who_one_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
