/* Templates: what is taken out, what stays, and where the literals stand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "route/template.h"

static void check_shown(const char *text, const char *shown)
{
	struct template template;
	struct buf out;
	template_init(&template);
	buf_init(&out, 0);
	template_read(&template, span_text(text), 100);
	assert_int_equal(template.trouble, TEMPLATE_FINE);
	template_show(span_of(template.bytes, template.len), &out);
	buf_add(&out, "", 1);
	assert_string_equal(buf_head(&out), shown);
	buf_done(&out);
	template_done(&template);
}

static void literals_go_out(void **state)
{
	(void)state;
	check_shown("SELECT * FROM t WHERE a = 42 AND b='x''y'", "SELECT * FROM t WHERE a = ? AND b=?");
	check_shown("  SELECT\n\t1 -- one\n , /* two */ 2.5 ;\n", "SELECT ? , ? ;");
	check_shown("SELECT E'a', B'1', x'ff', $$z$$, $q$ $$ $q$, U&'b', N'c'", "SELECT ?, ?, ?, ?, ?, ?, ?");
	check_shown("SELECT \"a 'b' 1\", $1, a1, true, NULL", "SELECT \"a 'b' 1\", $1, a1, true, NULL");
	check_shown("SELECT 'a'\n'b'", "SELECT ?");
	check_shown("SELECT -1", "SELECT -?");
	check_shown("", "");
	check_shown("/* only */ -- this", "");
}

static bool same_template(const char *a, const char *b)
{
	struct template x, y;
	template_init(&x);
	template_init(&y);
	template_read(&x, span_text(a), 100);
	template_read(&y, span_text(b), 100);
	bool same = span_equal(span_of(x.bytes, x.len), span_of(y.bytes, y.len));
	template_done(&x);
	template_done(&y);
	return same;
}

static void only_values_may_differ(void **state)
{
	(void)state;
	assert_true(same_template("SELECT 1", "SELECT   /* x */ 22"));
	assert_true(same_template("SELECT 'a'", "SELECT $$b$$"));
	assert_false(same_template("SELECT 1", "SELECT 'a'"));
	assert_false(same_template("SELECT 1", "SELECT 1.0"));
	assert_false(same_template("SELECT 'a'", "SELECT E'a'"));
	assert_false(same_template("SELECT a", "SELECT \"a\""));
	assert_false(same_template("SELECT a b", "SELECT ab"));
	assert_false(same_template("SELECT $1", "SELECT $2"));
	assert_false(same_template("SELECT ?", "SELECT 1"));
	assert_false(same_template("SELECT true", "SELECT false"));
}

static void slots_stand_where_the_literals_are(void **state)
{
	struct template template;
	const char *text = "SELECT 12, a, 'bc', $1";
	(void)state;
	template_init(&template);
	template_read(&template, span_text(text), 100);
	assert_int_equal(template.slot_count, 2);
	assert_int_equal(template.slots[0].start, 7);
	assert_int_equal(template.slots[0].end, 9);
	assert_int_equal(template.slots[0].kind, TOKEN_INTEGER);
	assert_int_equal(template.slots[1].kind, TOKEN_STRING);
	assert_int_equal(template_slot(template.slots, template.slot_count, 14), 1);
	assert_int_equal(template_slot(template.slots, template.slot_count, 15), -1);
	assert_true(template.params);
	/* Read again, it remembers nothing. */
	template_read(&template, span_text("x"), 100);
	assert_int_equal(template.slot_count, 0);
	assert_false(template.params);
	template_done(&template);
}

static void what_it_notes(void **state)
{
	static const struct {
		const char *text;
		bool odd, unicode, foreign, temp;
	} cases[] = {
		{ "SELECT E'a'", true, false, false, false },
		{ "SELECT 'a'", false, false, false, false },
		{ "SELECT U&\"a\"", false, true, false, false },
		{ "SELECT \"\303\253\"", false, false, true, false },
		{ "SELECT \303\253", false, false, true, false },
		{ "SELECT '\303\253'", false, false, false, false },
		{ "DROP TABLE PG_TEMP.x", false, false, false, true },
		{ "DROP TABLE \"pg_temp_3\".x", false, false, false, true },
		{ "SELECT 'pg_temp'", false, false, false, false },
		{ "SELECT 1 AS pg_temp", false, false, false, false },
		{ "DROP TABLE pg_temp /* a */ . x", false, false, false, true },
		{ "SELECT pg_tem.x", false, false, false, false },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		struct template template;
		template_init(&template);
		template_read(&template, span_text(cases[i].text), 100);
		assert_int_equal(template.odd_literals, cases[i].odd);
		assert_int_equal(template.unicode_names, cases[i].unicode);
		assert_int_equal(template.foreign_names, cases[i].foreign);
		assert_int_equal(template.temp_names, cases[i].temp);
		template_done(&template);
	}
}

static void trouble(void **state)
{
	static const struct {
		const char *text;
		enum template_trouble trouble;
	} cases[] = {
		{ "((((1))))", TEMPLATE_FINE },
		{ "(((((1)))))", TEMPLATE_TOO_DEEP },
		{ "([([([1])])])", TEMPLATE_TOO_DEEP },
		{ ")))))(((1)))", TEMPLATE_FINE },
		{ "CASE CASE CASE CASE CASE 1", TEMPLATE_TOO_DEEP },
		{ "CASE a END, case b end, CASE c END, CASE d END, CASE e END", TEMPLATE_FINE },
		{ "NOT a NOT a NOT a NOT a NOT a NOT a NOT a NOT a NOT a NOT a NOT a NOT a NOT a NOT a NOT a NOT a "
		  "NOT a NOT a NOT a NOT a",
		  TEMPLATE_TOO_DEEP },
		{ "SELECT 'a", TEMPLATE_BAD },
		{ "SELECT /* a", TEMPLATE_BAD },
		{ "SELECT \"a", TEMPLATE_BAD },
		{ "SELECT \001", TEMPLATE_BAD },
	};
	struct template template;
	(void)state;
	template_init(&template);
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		template_read(&template, span_text(cases[i].text), 4);
		assert_int_equal(template.trouble, cases[i].trouble);
	}
	template_done(&template);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_go_out),
		cmocka_unit_test(only_values_may_differ),
		cmocka_unit_test(slots_stand_where_the_literals_are),
		cmocka_unit_test(what_it_notes),
		cmocka_unit_test(trouble),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
