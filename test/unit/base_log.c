/* The log: whole lines in order, one line each whatever is in them, levels, rotation,
 * many threads. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"

struct place {
	char folder[32], path[64], other[64];
};

static int set_up(void **state)
{
	struct place *place = MEM_NEW(struct place);
	snprintf(place->folder, sizeof place->folder, "/tmp/pgs-log.XXXXXX");
	if (mkdtemp(place->folder) == NULL)
		return -1;
	snprintf(place->path, sizeof place->path, "%s/log", place->folder);
	snprintf(place->other, sizeof place->other, "%s/other", place->folder);
	log_set_verbose(0);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;
	unlink(place->path);
	unlink(place->other);
	rmdir(place->folder);
	mem_free(place);
	return 0;
}

static char *contents(const char *path)
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	char *text = mem_zalloc(1 << 22);
	size_t len = fread(text, 1, (1 << 22) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

static unsigned count_lines(const char *text)
{
	unsigned count = 0;
	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void test_lines_are_written(void **state)
{
	struct place *place = *state;
	assert_null(log_start(place->path, true));
	log_info("first %d", 1);
	log_error("second");
	log_stop();
	char *text = contents(place->path);
	assert_int_equal(count_lines(text), 2);
	char *first = strstr(text, "LOG first 1\n"), *second = strstr(text, "ERROR second\n");
	assert_true(first && second && first < second);
	mem_free(text);
}

static void test_what_is_in_a_line_cannot_end_it(void **state)
{
	struct place *place = *state;
	assert_null(log_start(place->path, true));
	log_info("%s", "user \"a\n2026-01-01 FATAL forged\r\x1b[31m\x7f\xc3\xa4\"");
	log_stop();
	char *text = contents(place->path);
	assert_int_equal(count_lines(text), 1);
	assert_non_null(strstr(text, "a\\x0a2026-01-01 FATAL forged\\x0d\\x1b[31m\\x7f\xc3\xa4\"\n"));
	mem_free(text);
}

static void test_long_lines_are_cut(void **state)
{
	struct place *place = *state;
	char longest[100001];
	memset(longest, '\n', 100000);
	longest[100000] = '\0';
	assert_null(log_start(place->path, true));
	log_info("%s", longest);
	memset(longest, 'x', 100000);
	log_info("%s", longest);
	log_stop();
	char *text = contents(place->path);
	assert_int_equal(count_lines(text), 2);
	assert_true(strlen(text) < 8192);
	mem_free(text);
}

static void test_levels(void **state)
{
	struct place *place = *state;
	static const unsigned lines[] = { 1, 2, 3, 3 };
	unsigned total = 0;
	for (int verbose = 0; verbose < 4; verbose++) {
		log_set_verbose(verbose);
		assert_true(log_enabled(LOG_LOG));
		assert_int_equal(log_enabled(LOG_DEBUG), verbose >= 1);
		assert_int_equal(log_enabled(LOG_NOISE), verbose >= 2);
		assert_null(log_start(place->path, true));
		log_info("always");
		log_debug("sometimes");
		log_noise("hardly");
		log_stop();
		char *text = contents(place->path);
		total += lines[verbose];
		assert_int_equal(count_lines(text), total); /* it appends */
		mem_free(text);
	}
	log_set_verbose(0);
}

static void test_rotation(void **state)
{
	struct place *place = *state;
	assert_null(log_start(place->path, true));
	log_info("before");
	log_stop();
	assert_null(log_start(place->path, true));
	assert_int_equal(rename(place->path, place->other), 0);
	assert_null(log_reopen(place->path));
	log_info("after");
	assert_non_null(log_reopen("/nowhere/at/all"));
	log_info("still");
	log_stop();
	char *old = contents(place->other), *new = contents(place->path);
	assert_non_null(strstr(old, "before"));
	assert_non_null(strstr(new, "after"));
	assert_non_null(strstr(new, "still"));
	mem_free(old);
	mem_free(new);
}

static void test_a_link_is_not_followed(void **state)
{
	struct place *place = *state;
	assert_int_equal(symlink(place->other, place->path), 0);
	assert_non_null(log_start(place->path, true));
	assert_int_not_equal(access(place->other, F_OK), 0);
}

static void test_others_cannot_read_it(void **state)
{
	struct place *place = *state;
	struct stat st;
	assert_null(log_start(place->path, true));
	log_stop();
	assert_int_equal(stat(place->path, &st), 0);
	assert_int_equal(st.st_mode & 0007, 0);
}

static void *write_many(void *arg)
{
	for (int i = 0; i < 500; i++)
		log_info("thread %s line %d.", (const char *)arg, i);
	return NULL;
}

static void test_many_threads(void **state)
{
	struct place *place = *state;
	static char names[4][2] = { "a", "b", "c", "d" }; /* global to the threads */
	pthread_t threads[4];
	assert_null(log_start(place->path, true));
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, write_many, names[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	log_stop();
	char *text = contents(place->path);
	assert_int_equal(count_lines(text), 2000);
	/* Of each thread in order. */
	for (int i = 0; i < 4; i++) {
		char *at = text, wanted[40];
		for (int line = 0; line < 500; line++) {
			snprintf(wanted, sizeof wanted, "LOG thread %s line %d.\n", names[i], line);
			at = strstr(at, wanted);
			assert_non_null(at);
		}
	}
	mem_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines_are_written, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_in_a_line_cannot_end_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_lines_are_cut, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_levels, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rotation, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_link_is_not_followed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_others_cannot_read_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_threads, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
