/* The console's command table: how commands are read, found and allowed, and that doc/admin.md
 * says what the table says. With an argument it prints the part of doc/admin.md that is made from the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "admin/answer.h"
#include "admin/commands.h"
#include "admin/records.h"
#include "admin/words.h"
#include "base/mem.h"

static struct words words_of(const char *text)
{
	return (struct words){ span_text(text) };
}

static void assert_word(struct words *words, enum word_kind kind, const char *meant)
{
	struct word word = words_next(words);
	char *copy = word_copy(&word);
	assert_int_equal(word.kind, kind);
	assert_string_equal(copy, meant);
	mem_free(copy);
}

static void words_are_bare_quoted_or_single(void **state)
{
	struct words words = words_of(" Pause\t\"my \"\"db\"\"\" 'it''s' =x-1.y;next ; ;");
	(void)state;
	assert_word(&words, WORD_BARE, "Pause");
	assert_word(&words, WORD_QUOTED, "my \"db\"");
	assert_word(&words, WORD_STRING, "it's");
	assert_word(&words, WORD_MARK, "=");
	assert_word(&words, WORD_BARE, "x-1.y");
	assert_word(&words, WORD_END, "");
	assert_word(&words, WORD_END, "");
	assert_true(words_next_command(&words));
	assert_word(&words, WORD_BARE, "next");
	assert_false(words_next_command(&words));
	assert_word(&words, WORD_END, "");
}

static void a_quote_that_is_not_closed_is_bad(void **state)
{
	struct words words = words_of("\"a\"\"; b");
	(void)state;
	assert_int_equal(words_next(&words).kind, WORD_BAD);
	assert_int_equal(words_next(&words).kind, WORD_END);
}

static void only_the_bare_word_is_a_keyword(void **state)
{
	struct words words = words_of("oN \"on\" 'on'");
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct word word = words_next(&words);
		assert_int_equal(word_is(&word, "on"), i == 0);
	}
}

static void every_command_is_found_whatever_its_case(void **state)
{
	(void)state;
	for (unsigned i = 0; i < command_count; i++) {
		char text[128];
		int len = snprintf(text, sizeof text, "  %s rest", commands[i].name);
		for (int upper = 0; upper < 2; upper++) {
			for (int c = 0; c < len; c++)
				text[c] = (char)(upper && text[c] >= 'a' && text[c] <= 'z'    ? text[c] - 32
						 : !upper && text[c] >= 'A' && text[c] <= 'Z' ? text[c] + 32
											      : text[c]);
			struct words words = words_of(text);
			assert_ptr_equal(commands_find(&words), &commands[i]);
			struct word rest = words_next(&words);
			assert_true(word_is(&rest, "rest"));
		}
	}
}

static void what_is_not_in_the_table_is_not_found(void **state)
{
	static const char *const texts[] = { "",         "SHOW",        "SHOW POOL", "SHOWPOOLS", "SHOW \"POOLS\"",
					     "POOLS",    "SHOW POOLSX", "SELECT 1",  "BEGIN",     "COMMIT",
					     "ROLLBACK", "SHOW; POOLS", "SHOW FDS",  "KILL",      "EXPLAIN x" };
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(texts); i++) {
		struct words words = words_of(texts[i]);
		assert_null(commands_find(&words));
		assert_ptr_equal(words.rest.ptr, texts[i]);
	}
}

/* Whatever is not named here must be harmless. */
static void stats_users_may_look_and_no_more(void **state)
{
	static const char *const admin_only[] = { "PAUSE",       "RESUME", "RECONNECT", "WAIT_CLOSE",
						  "KILL_CLIENT", "RELOAD", "SHUTDOWN" };
	(void)state;
	for (unsigned i = 0; i < command_count; i++) {
		bool listed = false;
		for (size_t j = 0; j < MEM_COUNT(admin_only); j++)
			listed |= strcmp(commands[i].name, admin_only[j]) == 0;
		assert_true(command_allowed(&commands[i], true));
		assert_int_equal(command_allowed(&commands[i], false), !listed);
		if (!listed)
			assert_true(strncmp(commands[i].name, "SHOW ", 5) == 0 ||
				    strcmp(commands[i].name, "HELP") == 0 || strcmp(commands[i].name, "SET") == 0 ||
				    strcmp(commands[i].name, "EXPLAIN ROUTE") == 0);
	}
}

static void no_two_columns_of_a_command_have_one_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < command_count; i++) {
		struct span rest = span_text(commands[i].columns ? commands[i].columns : "");
		while (rest.len) {
			char name[64];
			struct span one = span_trim(span_split(&rest, ','));
			snprintf(name, sizeof name, "%.*s", (int)one.len, one.ptr);
			for (struct span others = rest; others.len;)
				assert_false(span_is(span_trim(span_split(&others, ',')), name));
		}
	}
}

static void rows_are_filled_up_to_their_columns(void **state)
{
	struct answer answer;
	(void)state;
	answer_init(&answer, 0);
	answer_columns(&answer, "a, b, c");
	assert_int_equal(answer.column_count, 3);
	size_t head = buf_held(&answer.out);
	answer_row(&answer);
	answer_text(&answer, "x");
	answer_text(&answer, NULL);
	answer_row_end(&answer);
	static const char row[] = { 'D', 0, 0, 0, 19, 0, 3, 0, 0, 0, 1, 'x', -1, -1, -1, -1, -1, -1, -1, -1 };
	assert_int_equal(buf_held(&answer.out) - head, sizeof row);
	assert_memory_equal(buf_head(&answer.out) + head, row, sizeof row);
	answer_done(&answer);
}

struct total {
	struct record record;
	int value;
};

static void add(void *into, const void *from)
{
	((struct total *)into)->value += ((const struct total *)from)->value;
}

static void equal_keys_are_summed(void **state)
{
	struct records all, more;
	(void)state;
	records_init(&all, sizeof(struct total));
	records_init(&more, sizeof(struct total));
	records_merge(&all, add);
	((struct total *)RECORDS_ADD(&all, "b", "x"))->value = 1;
	((struct total *)RECORDS_ADD(&all, "a", "y"))->value = 2;
	((struct total *)RECORDS_ADD(&more, "b", "x"))->value = 40;
	((struct total *)RECORDS_ADD(&more, "bx", ""))->value = 5;
	records_move(&all, &more);
	records_merge(&all, add);
	assert_int_equal(all.count, 3);
	static const char *const firsts[] = { "a", "b", "bx" }, *const seconds[] = { "y", "x", "" };
	static const int values[] = { 2, 41, 5 };
	for (size_t i = 0; i < all.count; i++) {
		assert_string_equal(record_text(all.items[i], 0), firsts[i]);
		assert_string_equal(record_text(all.items[i], 1), seconds[i]);
		assert_int_equal(((struct total *)all.items[i])->value, values[i]);
	}
	records_done(&all);
	records_done(&more);
}

static void help_has_a_line_for_each_command(void **state)
{
	struct buf text;
	unsigned lines = 0, wanted = 0;
	(void)state;
	buf_init(&text, 0);
	commands_help(&text);
	for (size_t i = 0; i < buf_held(&text); i++)
		lines += buf_head(&text)[i] == '\n';
	for (unsigned i = 0; i < command_count; i++)
		wanted += commands[i].help[0] != '\0';
	assert_int_equal(lines, wanted);
	buf_done(&text);
}

static void the_manual_is_made_from_the_table(void **state)
{
	struct buf manual;
	char path[512], *text = mem_zalloc(1 << 20);
	const char *top = getenv("top_srcdir");
	(void)state;
	snprintf(path, sizeof path, "%s/doc/admin.md", top ? top : ".");
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 0);
	fclose(file);
	buf_init(&manual, 0);
	commands_manual(&manual);
	buf_add_u8(&manual, 0);
	assert_non_null(strstr(text, buf_head(&manual)));
	buf_done(&manual);
	mem_free(text);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_bare_quoted_or_single),
		cmocka_unit_test(a_quote_that_is_not_closed_is_bad),
		cmocka_unit_test(only_the_bare_word_is_a_keyword),
		cmocka_unit_test(every_command_is_found_whatever_its_case),
		cmocka_unit_test(what_is_not_in_the_table_is_not_found),
		cmocka_unit_test(stats_users_may_look_and_no_more),
		cmocka_unit_test(no_two_columns_of_a_command_have_one_name),
		cmocka_unit_test(rows_are_filled_up_to_their_columns),
		cmocka_unit_test(equal_keys_are_summed),
		cmocka_unit_test(help_has_a_line_for_each_command),
		cmocka_unit_test(the_manual_is_made_from_the_table),
	};
	(void)argv;
	if (argc > 1) {
		struct buf manual;
		buf_init(&manual, 0);
		commands_manual(&manual);
		fwrite(buf_head(&manual), 1, buf_held(&manual), stdout);
		buf_done(&manual);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
