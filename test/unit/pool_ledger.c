/* The ledger: counts are exact whatever the number of threads; who waits is woken;
 * lanes say whom to ask. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "pool/ledger.h"

enum { LOOPS = 3, ROUNDS = 20000, BOUND = 5 };

struct place {
	struct loop *loops[LOOPS];
	struct ledger *ledger;
	struct account *account;
	_Atomic int inside, most;
};

/* What on_wake saw; it is told nothing but the loop. */
static _Atomic unsigned wakes[LOOPS]; /* global to the loops */

static void on_wake(struct loop *loop)
{
	atomic_fetch_add(&wakes[loop_index(loop)], 1);
	loop_stop(loop);
}

static int set_up(void **state)
{
	struct place *place = MEM_NEW(struct place);
	for (unsigned i = 0; i < LOOPS; i++) {
		place->loops[i] = loop_new(i);
		wakes[i] = 0;
	}
	place->ledger = ledger_new(place->loops, LOOPS, on_wake);
	place->account = ledger_account(place->ledger, ACCOUNT_NODE, span_text("w1:5432"));
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	ledger_free(place->ledger);
	for (unsigned i = 0; i < LOOPS; i++)
		loop_free(place->loops[i]);
	mem_free(place);
	return 0;
}

static void stop(void *arg)
{
	loop_stop(arg);
}

/* Runs a loop until it is woken, or a moment. */
static void turn(struct loop *loop)
{
	struct timer *timer = timer_new(loop, stop, loop);
	timer_start(timer, 20000);
	loop_run(loop);
	timer_free(timer);
}

static void test_accounts_are_found_by_kind_and_key(void **state)
{
	struct place *place = *state;
	struct ledger *l = place->ledger;
	assert_ptr_equal(ledger_account(l, ACCOUNT_NODE, span_text("w1:5432")), place->account);
	assert_ptr_not_equal(ledger_account(l, ACCOUNT_POOL, span_text("w1:5432")), place->account);
	assert_ptr_not_equal(ledger_account(l, ACCOUNT_NODE, span_text("w1:5433")), place->account);
	assert_ptr_not_equal(ledger_account(l, ACCOUNT_NODE, span_of("a\0b", 3)),
			     ledger_account(l, ACCOUNT_NODE, span_of("a\0c", 3)));
	assert_true(span_is(account_key(place->account), "w1:5432"));
	assert_int_equal(ledger_loop_count(l), LOOPS);
	assert_ptr_equal(ledger_loop(l, 1), place->loops[1]);
}

static void count_account(void *arg, struct account *account)
{
	assert_int_equal(account_key(account).len, 1);
	++*(unsigned *)arg;
}

static void test_each_of_a_kind(void **state)
{
	struct place *place = *state;
	unsigned count = 0;
	ledger_each(place->ledger, ACCOUNT_USER, count_account, &count);
	assert_int_equal(count, 0);
	ledger_account(place->ledger, ACCOUNT_USER, span_text("a"));
	ledger_account(place->ledger, ACCOUNT_USER, span_text("b"));
	ledger_each(place->ledger, ACCOUNT_USER, count_account, &count);
	assert_int_equal(count, 2);
}

static void test_bounds(void **state)
{
	struct account *a = ((struct place *)*state)->account;
	for (int i = 0; i < 100; i++)
		assert_true(account_try(a, 0)); /* no limit */
	for (int i = 0; i < 100; i++)
		account_give(a);
	account_set_limit(a, 2);
	assert_int_equal(account_limit(a), 2);
	assert_true(account_try(a, 0));
	assert_false(account_try(a, 1)); /* one is to be kept free */
	assert_true(account_try(a, 0));
	assert_false(account_try(a, 0));
	assert_int_equal(account_count(a), 2);
	account_set_limit(a, 1); /* lowered under what is there */
	account_give(a);
	assert_false(account_try(a, 0));
	account_give(a);
	assert_true(account_try(a, 0));
	account_give(a);
	account_set_limit(a, 2);
	assert_false(account_try(a, 2));
	assert_false(account_try(a, 5));
}

static void *take_and_give(void *arg)
{
	struct place *place = arg;
	for (int i = 0; i < ROUNDS; i++) {
		if (!account_try(place->account, 0))
			continue;
		int inside = atomic_fetch_add(&place->inside, 1) + 1, most = atomic_load(&place->most);
		while (inside > most && !atomic_compare_exchange_weak(&place->most, &most, inside))
			;
		atomic_fetch_sub(&place->inside, 1);
		account_give(place->account);
	}
	return NULL;
}

static void test_many_threads_never_go_over(void **state)
{
	struct place *place = *state;
	pthread_t threads[8];
	account_set_limit(place->account, BOUND);
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, take_and_give, place);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(account_count(place->account), 0);
	assert_in_range(place->most, 1, BOUND);
}

static void test_the_oldest_waiter_is_woken(void **state)
{
	struct place *place = *state;
	account_publish_waiting(place->account, 1, 2000, 0);
	account_publish_waiting(place->account, 2, 1000, 0);
	assert_true(account_try(place->account, 0));
	account_give(place->account);
	account_wake(place->account); /* one mail for both */
	turn(place->loops[2]);
	turn(place->loops[1]);
	assert_int_equal(wakes[2], 1);
	assert_int_equal(wakes[1], 0);
	account_publish_waiting(place->account, 2, 0, 0);
	account_wake(place->account);
	turn(place->loops[1]);
	assert_int_equal(wakes[1], 1);
	account_publish_waiting(place->account, 1, 0, 0);
	account_wake(place->account);
	for (int i = 0; i < LOOPS; i++)
		turn(place->loops[i]);
	assert_int_equal(wakes[0] + wakes[1] + wakes[2], 2);
}

static void test_a_higher_limit_wakes(void **state)
{
	struct place *place = *state;
	account_publish_waiting(place->account, 0, 1, 0);
	account_set_limit(place->account, 5); /* from none to some: nothing became free */
	account_set_limit(place->account, 4);
	account_set_limit(place->account, 6);
	turn(place->loops[0]);
	assert_int_not_equal(wakes[0], 0);
}

static void test_who_has_idle_ones(void **state)
{
	struct account *a = ((struct place *)*state)->account;
	assert_int_equal(account_idle_elsewhere(a, 0), -1);
	account_publish_idle(a, 0, 2);
	assert_int_equal(account_idle(a, 0), 2);
	assert_int_equal(account_idle_elsewhere(a, 0), -1);
	assert_int_equal(account_idle_elsewhere(a, 1), 0);
	account_publish_idle(a, 2, 1);
	assert_int_equal(account_idle_elsewhere(a, 0), 2);
	assert_int_equal(account_idle_elsewhere(a, 1), 2); /* the next one round */
	account_publish_idle(a, 2, -1);
	assert_int_equal(account_idle_elsewhere(a, 0), -1);
}

static void test_who_waits(void **state)
{
	struct account *a = ((struct place *)*state)->account;
	int64_t since = 0;
	int share = -1;
	assert_int_equal(account_oldest_elsewhere(a, 0, &since), -1);
	assert_false(account_waited_for(a, &share));
	account_publish_waiting(a, 0, 500, 3);
	account_publish_waiting(a, 1, 700, 2);
	account_publish_waiting(a, 2, 900, 4);
	assert_int_equal(account_oldest_elsewhere(a, 0, &since), 1);
	assert_int_equal(since, 700);
	assert_int_equal(account_oldest_elsewhere(a, 2, &since), 0);
	assert_true(account_waited_for(a, &share));
	assert_int_equal(share, 2);
}

static void test_nodes_that_are_down(void **state)
{
	struct account *a = ((struct place *)*state)->account;
	char why[8] = "x";
	assert_false(account_is_down(a, 0));
	account_why_down(a, why, sizeof why);
	assert_string_equal(why, "");
	account_set_down(a, 1000, "connection refused");
	assert_true(account_is_down(a, 999));
	assert_false(account_is_down(a, 1000));
	account_why_down(a, why, sizeof why);
	assert_string_equal(why, "connect");
	account_set_down(a, 0, NULL);
	assert_false(account_is_down(a, 1));
	account_why_down(a, why, sizeof why);
	assert_string_equal(why, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_accounts_are_found_by_kind_and_key),
		TEST(test_each_of_a_kind),
		TEST(test_bounds),
		TEST(test_many_threads_never_go_over),
		TEST(test_the_oldest_waiter_is_woken),
		TEST(test_a_higher_limit_wakes),
		TEST(test_who_has_idle_ones),
		TEST(test_who_waits),
		TEST(test_nodes_that_are_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
