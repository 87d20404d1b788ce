/* Ini lines and connect strings: what is read, and what mistakes are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "conf/connect.h"
#include "conf/ini.h"

/* Writes down what was read: "section|key|value@line\n". */
static void note_entry(void *arg, const struct ini_entry *entry)
{
	buf_add_printf(arg, "%.*s|%.*s|%.*s@%u\n", (int)entry->section.len, entry->section.ptr, (int)entry->key.len,
		       entry->key.ptr, (int)entry->value.len, entry->value.ptr, entry->line);
}

static void note_section(void *arg, const struct ini_entry *head)
{
	(void)arg;
	assert_int_equal(head->key.len + head->value.len, 0);
}

static void assert_buf(struct buf *b, const char *text)
{
	buf_add_u8(b, 0);
	assert_string_equal(buf_head(b), text);
	buf_done(b);
}

static void reads(const char *text, const char *entries, const char *mistakes)
{
	struct buf read, errors;
	buf_init(&read, 0);
	buf_init(&errors, 0);
	struct ini_reader reader = { .on_section = note_section, .on_entry = note_entry, .arg = &read };
	/* In a block of its own size, so that a sanitizer sees reads past the end. */
	size_t len = strlen(text);
	char *copy = mem_alloc(len);
	memcpy(copy, text, len);
	bool good = ini_read_text(span_of(copy, len), "a.ini", &reader, &errors);
	mem_free(copy);
	assert_int_equal(good, *mistakes == '\0');
	assert_buf(&errors, mistakes);
	assert_buf(&read, entries);
}

static void test_entries(void **state)
{
	(void)state;
	reads("[s]\nkey = value\n", "s|key|value@2\n", "");
	reads("[s]\nkey=value", "s|key|value@2\n", "");
	reads("  [ s ]\r\n\tkey\t =  two words \r\n", "s|key|two words@2\n", "");
	reads("[s]\nempty =\nempty2=   \n", "s|empty|@2\ns|empty2|@3\n", "");
	reads("[s]\na = b = c ; no comment\n", "s|a|b = c ; no comment@2\n", "");
	reads("\xef\xbb\xbf[s]\nk=v\n", "s|k|v@2\n", "");
	reads("", "", "");
}

static void test_comments(void **state)
{
	(void)state;
	reads("; c\n# c\n   ; c\n\n[s]\n;k=v\nk=v\n", "s|k|v@7\n", "");
}

static void test_sections_and_keys_repeat(void **state)
{
	(void)state;
	reads("[s]\nk=1\n[t]\nk=2\n[s]\nk=3\n", "s|k|1@2\nt|k|2@4\ns|k|3@6\n", "");
}

static void test_keys(void **state)
{
	(void)state;
	reads("[d]\n* = x\nmy-db.1 = y\nhost:5432 = z\n", "d|*|x@2\nd|my-db.1|y@3\nd|host:5432|z@4\n", "");
	reads("[d]\n\"a \"\"b\"\" =\" = x\n", "d|a \"b\" =|x@2\n", "");
	reads("[d]\nd\xc3\xa9j\xc3\xa0 = x\n", "d|d\xc3\xa9j\xc3\xa0|x@2\n", "");
}

static void test_mistakes(void **state)
{
	(void)state;
	reads("k=v\n", "", "a.ini:1: a key outside of a section: put [pgshunt] above it\n");
	reads("[s]\nsecret words\n", "", "a.ini:2: no = behind the key: write key = value\n");
	reads("[s]\n= v\n", "",
	      "a.ini:2: not a key: write key = value, with the key in \"\" if it has odd characters\n");
	reads("[s]\n\"open = v\n\"\" = v\n", "",
	      "a.ini:2: not a key: write key = value, with the key in \"\" if it has odd characters\n"
	      "a.ini:3: not a key: write key = value, with the key in \"\" if it has odd characters\n");
	reads("[s\nk=v\n", "",
	      "a.ini:1: a section without ] at the end of the line: write [name]\n"
	      "a.ini:2: a key outside of a section: put [pgshunt] above it\n");
	reads("%includ x\n%include\n", "",
	      "a.ini:1: not a directive: write %include file\na.ini:2: not a directive: write %include file\n");
	reads("%include x\n", "", "a.ini:1: %include is not allowed here\n");
	/* What stands beside a mistake is still read. */
	reads("[s]\nbad\nk=v\n", "s|k|v@3\n", "a.ini:2: no = behind the key: write key = value\n");
}

static void test_nul_is_refused(void **state)
{
	(void)state;
	static const char text[] = "[s]\nk=a\0b\n";
	struct buf read, errors;
	buf_init(&read, 0);
	buf_init(&errors, 0);
	struct ini_reader reader = { .on_section = note_section, .on_entry = note_entry, .arg = &read };
	assert_false(ini_read_text(span_of(text, sizeof text - 1), "a.ini", &reader, &errors));
	assert_buf(&errors, "a.ini:2: a NUL byte: this is no text file\n");
	assert_buf(&read, "");
}

static void test_mistakes_are_bounded(void **state)
{
	(void)state;
	struct buf text, read, errors;
	buf_init(&text, 0);
	buf_init(&read, 0);
	buf_init(&errors, 0);
	for (int i = 0; i < 1000; i++)
		buf_add_text(&text, "?\n");
	struct ini_reader reader = { .on_section = note_section, .on_entry = note_entry, .arg = &read };
	assert_false(ini_read_text(buf_span(&text), "a.ini", &reader, &errors));
	unsigned lines = 0;
	for (size_t i = 0; i < buf_held(&errors); i++)
		lines += buf_head(&errors)[i] == '\n';
	assert_int_equal(lines, INI_ERROR_COUNT);
	buf_done(&text);
	buf_done(&read);
	buf_done(&errors);
}

static void test_complaints_are_one_line(void **state)
{
	(void)state;
	struct buf errors;
	buf_init(&errors, 0);
	ini_complain(&errors, "f", 3, "a %s", "b\nc\x1b");
	ini_complain(&errors, "f", 0, "whole");
	assert_buf(&errors, "f:3: a b?c?\nf: whole\n");
}

/* ---- files */

struct folder {
	char path[64], back[4096];
};

static int enter_folder(void **state)
{
	struct folder *folder = mem_zalloc(sizeof *folder);
	snprintf(folder->path, sizeof folder->path, "/tmp/conf_ini.XXXXXX");
	if (!getcwd(folder->back, sizeof folder->back) || !mkdtemp(folder->path) || chdir(folder->path) != 0)
		return -1;
	*state = folder;
	return 0;
}

static int leave_folder(void **state)
{
	struct folder *folder = *state;
	char *command = mem_printf("rm -rf '%s'", folder->path);
	int rc = chdir(folder->back) | system(command);
	mem_free(command);
	mem_free(folder);
	return rc;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void reads_file(const char *name, const char *entries, const char *mistakes)
{
	struct buf read, errors;
	buf_init(&read, 0);
	buf_init(&errors, 0);
	struct ini_reader reader = { .on_section = note_section, .on_entry = note_entry, .arg = &read };
	assert_int_equal(ini_read_file(name, &reader, &errors), *mistakes == '\0');
	assert_buf(&errors, mistakes);
	assert_buf(&read, entries);
}

static void test_include(void **state)
{
	(void)state;
	write_file("a.ini", "[s]\nk=1\n%include b.ini\nm=4\n");
	write_file("b.ini", "k=2\n[t]\nk=3\n");
	reads_file("a.ini", "s|k|1@2\ns|k|2@1\nt|k|3@3\ns|m|4@4\n", "");
	/* Twice is no circle. */
	write_file("a.ini", "[s]\n%include c.ini\n%include c.ini\n");
	write_file("c.ini", "k=v\n");
	reads_file("a.ini", "s|k|v@1\ns|k|v@1\n", "");
	/* Relative to the working directory, not to the file. */
	mkdir("sub", 0700);
	write_file("sub/a.ini", "[s]\n%include c.ini\n");
	reads_file("sub/a.ini", "s|k|v@1\n", "");
}

static void test_include_mistakes(void **state)
{
	(void)state;
	write_file("a.ini", "[s]\n%include none.ini\n%include .\nk=v\n");
	reads_file("a.ini", "s|k|v@4\n",
		   "a.ini:2: cannot include \"none.ini\": No such file or directory\n"
		   "a.ini:3: cannot include \".\": it is not a regular file\n");
	reads_file("none.ini", "", "none.ini: cannot be read: No such file or directory\n");
	write_file("bad.ini", "k\n");
	write_file("a.ini", "[s]\n%include bad.ini\n");
	reads_file("a.ini", "", "bad.ini:1: no = behind the key: write key = value\n");
}

static void test_include_circle(void **state)
{
	(void)state;
	write_file("self.ini", "%include self.ini\n");
	reads_file("self.ini", "", "self.ini:1: cannot include \"self.ini\": it includes itself\n");
	write_file("x.ini", "%include y.ini\n");
	write_file("y.ini", "\n%include ./x.ini\n");
	reads_file("x.ini", "", "y.ini:2: cannot include \"./x.ini\": it includes itself\n");
}

static void test_include_depth_and_number(void **state)
{
	(void)state;
	char name[32], text[64];
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "d%d.ini", i);
		snprintf(text, sizeof text, "%%include d%d.ini\n", i + 1);
		write_file(name, text);
	}
	reads_file("d0.ini", "", "d19.ini:1: more than 20 files include each other\n");
	/* Each includes the next twice: a million files but for the bound. */
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "d%d.ini", i);
		snprintf(text, sizeof text, "%%include d%d.ini\n%%include d%d.ini\n", i + 1, i + 1);
		write_file(name, text);
	}
	struct buf read, errors;
	buf_init(&read, 0);
	buf_init(&errors, 0);
	struct ini_reader reader = { .on_section = note_section, .on_entry = note_entry, .arg = &read };
	assert_false(ini_read_file("d2.ini", &reader, &errors));
	buf_done(&read);
	buf_done(&errors);
}

static void test_fifo_does_not_hang(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	reads_file("fifo", "", "fifo: cannot be read: it is not a regular file\n");
}

/* ---- connect strings */

static void connects(const char *text, const char *pairs, const char *wrong)
{
	struct buf read;
	struct connect_cursor cursor;
	size_t len = strlen(text);
	char *copy = mem_alloc(len);
	memcpy(copy, text, len);
	buf_init(&read, 0);
	connect_init(&cursor, span_of(copy, len));
	while (connect_next(&cursor))
		buf_add_printf(&read, "%.*s<%.*s>", (int)cursor.key.len, cursor.key.ptr, (int)buf_held(&cursor.value),
			       buf_span(&cursor.value).ptr);
	if (wrong)
		assert_non_null(strstr(cursor.wrong ? cursor.wrong : "", wrong));
	else
		assert_null(cursor.wrong);
	assert_false(connect_next(&cursor));
	connect_done(&cursor);
	mem_free(copy);
	assert_buf(&read, pairs);
}

static void test_connect_strings(void **state)
{
	(void)state;
	connects("", "", NULL);
	connects("  host=a  port=1\t", "host<a>port<1>", NULL);
	connects("host = a port= 1", "host<a>port<1>", NULL);
	connects("password='it''s mine' x=''", "password<it's mine>x<>", NULL);
	connects("password=p=q'r", "password<p=q'r>", NULL);
	connects("a=''''", "a<'>", NULL);
	connects("a=", "a<>", NULL);
}

static void test_connect_mistakes(void **state)
{
	(void)state;
	connects("host", "", "a word without =");
	connects("password=two words", "password<two>", "a word without =");
	connects("=x", "", "a word without =");
	connects("a='open", "", "not closed");
	connects("a='it''", "", "not closed");
	connects("a='x'y", "", "behind a closing quote");
	connects("host= port=1", "", "an empty value");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_sections_and_keys_repeat),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_nul_is_refused),
		cmocka_unit_test(test_mistakes_are_bounded),
		cmocka_unit_test(test_complaints_are_one_line),
		cmocka_unit_test_setup_teardown(test_include, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(test_include_mistakes, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(test_include_circle, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(test_include_depth_and_number, enter_folder, leave_folder),
		cmocka_unit_test_setup_teardown(test_fifo_does_not_hang, enter_folder, leave_folder),
		cmocka_unit_test(test_connect_strings),
		cmocka_unit_test(test_connect_mistakes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
