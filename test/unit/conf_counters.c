/* Counters: the table's shape, sums over loops, and averages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/counters.h"

/* As PgBouncer's SHOW STATS and SHOW STATS_TOTALS have them. */
static void test_the_first_columns_are_pgbouncers(void **state)
{
	(void)state;
	static const char *const names[] = { "server_assignment_count",
					     "xact_count",
					     "query_count",
					     "received",
					     "sent",
					     "xact_time",
					     "query_time",
					     "wait_time",
					     "client_parse_count",
					     "server_parse_count",
					     "bind_count",
					     "client_login_count" };
	assert_int_equal(COUNTER_PGBOUNCER_COUNT, 12);
	for (int i = 0; i < COUNTER_PGBOUNCER_COUNT; i++)
		assert_string_equal(counter_rows[i].name, names[i]);
	assert_string_equal(counter_rows[COUNTER_RECEIVED_BYTES].average, "recv");
	assert_string_equal(counter_rows[COUNTER_SENT_BYTES].total, "bytes_sent");
}

static void test_every_row_is_whole(void **state)
{
	(void)state;
	for (int i = 0; i < COUNTER_COUNT; i++) {
		assert_true(counter_rows[i].name[0] && counter_rows[i].average[0] && counter_rows[i].total[0]);
		assert_true(counter_rows[i].help[0]);
	}
}

static void test_sums(void **state)
{
	(void)state;
	struct counters a = { 0 }, b = { 0 }, sum = { 0 };
	counters_add(&a, COUNTER_XACT, 2);
	counters_add(&a, COUNTER_XACT, 3);
	counters_add(&b, COUNTER_XACT, 10);
	counters_add(&b, COUNTER_ROUTED, UINT64_C(1) << 40);
	counters_sum(&sum, &a);
	counters_sum(&sum, &b);
	assert_int_equal(counters_get(&sum, COUNTER_XACT), 15);
	assert_int_equal(counters_get(&sum, COUNTER_ROUTED), UINT64_C(1) << 40);
	assert_int_equal(counters_get(&sum, COUNTER_QUERY), 0);
	assert_int_equal(counters_get(&a, COUNTER_XACT), 5);
}

static void test_averages(void **state)
{
	(void)state;
	struct counters before = { 0 }, now = { 0 };
	counters_add(&before, COUNTER_XACT, 100);
	counters_add(&now, COUNTER_XACT, 400);
	counters_add(&before, COUNTER_XACT_TIME, 1000);
	counters_add(&now, COUNTER_XACT_TIME, 4000);
	/* per second */
	assert_int_equal(counters_average(COUNTER_XACT, &before, &now, 60 * 1000000), 5);
	/* per transaction, whatever the period */
	assert_int_equal(counters_average(COUNTER_XACT_TIME, &before, &now, 60 * 1000000), 10);
	/* nothing happened; no time has passed; backwards */
	assert_int_equal(counters_average(COUNTER_QUERY_TIME, &before, &now, 60 * 1000000), 0);
	assert_int_equal(counters_average(COUNTER_XACT, &before, &now, 0), 0);
	assert_int_equal(counters_average(COUNTER_XACT, &now, &before, 60 * 1000000), 0);
	/* more than 2^64 / 1,000,000 */
	counters_add(&now, COUNTER_SENT_BYTES, UINT64_C(1) << 50);
	assert_int_equal(counters_average(COUNTER_SENT_BYTES, &before, &now, 1000000), UINT64_C(1) << 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_columns_are_pgbouncers),
		cmocka_unit_test(test_every_row_is_whole),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_averages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
