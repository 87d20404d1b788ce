/* Memory: what the allocators promise; secrets are gone when they say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"

static void test_nothing_is_something(void **state)
{
	(void)state;
	void *got[] = { mem_alloc(0),    mem_zalloc(0),    mem_array(0, 8),
			mem_array(8, 0), mem_try_alloc(0), mem_realloc(NULL, 0) };
	for (size_t i = 0; i < MEM_COUNT(got); i++) {
		assert_non_null(got[i]);
		mem_free(got[i]);
	}
	mem_free(NULL);
}

static void test_zeroed_means_zeroed(void **state)
{
	struct {
		int numbers[100];
	} *made = MEM_NEW(typeof(*made));
	int *array = mem_array(100, sizeof *array);
	(void)state;
	for (size_t i = 0; i < 100; i++) {
		assert_int_equal(made->numbers[i], 0);
		assert_int_equal(array[i], 0);
	}
	mem_free(made);
	mem_free(array);
}

static void test_texts_are_copied(void **state)
{
	(void)state;
	char source[] = "orders";
	char *whole = mem_strdup(source), *part = mem_strndup(source, 3), *none = mem_strndup(NULL, 0);
	source[0] = 'X';
	assert_string_equal(whole, "orders");
	assert_string_equal(part, "ord");
	assert_string_equal(none, "");
	char *made = mem_printf("%s-%d", whole, 7);
	assert_string_equal(made, "orders-7");
	mem_free(whole);
	mem_free(part);
	mem_free(none);
	mem_free(made);
}

static void test_bytes_behind_a_nul_are_kept(void **state)
{
	(void)state;
	char *copy = mem_strndup("a\0b", 3);
	assert_memory_equal(copy, "a\0b", 4);
	mem_free(copy);
}

static void test_realloc_keeps_what_was_there(void **state)
{
	(void)state;
	char *bytes = mem_alloc(3);
	memcpy(bytes, "abc", 3);
	bytes = mem_realloc(bytes, 100000);
	assert_memory_equal(bytes, "abc", 3);
	bytes = mem_try_realloc(bytes, 3);
	assert_memory_equal(bytes, "abc", 3);
	mem_free(bytes);
}

static void test_secrets_are_wiped(void **state)
{
	(void)state;
	char secret[] = "open sesame";
	mem_wipe(secret, sizeof secret);
	for (size_t i = 0; i < sizeof secret; i++)
		assert_int_equal(secret[i], 0);
	mem_free_secret(mem_strdup("open sesame"));
	mem_free_secret(NULL);
}

/* The status of a child that asks for more than there can be. */
static int ask(void (*more)(void))
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(0);
		more();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void more_than_there_is(void)
{
	volatile size_t count = SIZE_MAX / 4;
	mem_free(mem_array(count, 8));
}

static void test_overflow_ends_the_process(void **state)
{
	(void)state;
	assert_int_not_equal(ask(more_than_there_is), 0);
}

static void test_the_container_of_a_member(void **state)
{
	struct pair {
		int first, second;
	} pair;
	(void)state;
	assert_ptr_equal(MEM_CONTAINER(&pair.second, struct pair, second), &pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_something),
		cmocka_unit_test(test_zeroed_means_zeroed),
		cmocka_unit_test(test_texts_are_copied),
		cmocka_unit_test(test_bytes_behind_a_nul_are_kept),
		cmocka_unit_test(test_realloc_keeps_what_was_there),
		cmocka_unit_test(test_secrets_are_wiped),
		cmocka_unit_test(test_overflow_ends_the_process),
		cmocka_unit_test(test_the_container_of_a_member),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
