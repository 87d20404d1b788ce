/* Texts of catalogs: what is wholly understood is accepted, everything else is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "cluster/text.h"

#define VAR_TAIL " :vartype 20 :vartypmod -1 :varcollid 0 :varlevelsup 0 :varnosyn 1 :varattnosyn 3 :location -1}"

static void key_column_is_read_from_its_tree(void **state)
{
	int number = 0;
	(void)state;
	assert_true(text_key_column("{VAR :varno 1 :varattno 3" VAR_TAIL, &number));
	assert_int_equal(number, 3);
	assert_true(text_key_column("{VAR :varno 1 :varattno 1600" VAR_TAIL, &number));
	assert_int_equal(number, 1600);
}

static void anything_but_a_column_is_refused(void **state)
{
	static const char *const trees[] = {
		"",
		"{VAR",
		"{VAR :varno 1 :varattno }",
		"{VAR :varno 2 :varattno 3" VAR_TAIL,
		"{VAR :varno 1 :varattno 0" VAR_TAIL,
		"{VAR :varno 1 :varattno -1" VAR_TAIL,
		"{VAR :varno 1 :varattno 1601" VAR_TAIL,
		"{VAR :varno 1 :varattno 99999999999999999999999" VAR_TAIL,
		"{VAR :varno 1 :varattno 3",
		"{FUNCEXPR :funcid 1 :args ({VAR :varno 1 :varattno 3})}",
		"{VAR :varno 1 :varattno 3}}",
		"{VAR :varno 1 :varattno 3 :x {CONST}}",
		"{VAR :varno 1 :varattno 3} ",
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(trees); i++) {
		int number = -7;
		assert_false(text_key_column(trees[i], &number));
		assert_int_equal(number, -7);
	}
}

static void numbers_of_key_columns(void **state)
{
	int numbers[3];
	unsigned count;
	(void)state;
	assert_true(text_numbers("4", numbers, 3, &count));
	assert_int_equal(count, 1);
	assert_int_equal(numbers[0], 4);
	assert_true(text_numbers("1 0 12", numbers, 3, &count));
	assert_int_equal(count, 3);
	assert_int_equal(numbers[1], 0);
	assert_int_equal(numbers[2], 12);
	assert_false(text_numbers("1 2 3 4", numbers, 3, &count));
	assert_false(text_numbers("", numbers, 3, &count));
	assert_false(text_numbers("1  2", numbers, 3, &count));
	assert_false(text_numbers("1 ", numbers, 3, &count));
	assert_false(text_numbers("a", numbers, 3, &count));
	assert_false(text_numbers("-1", numbers, 3, &count));
}

static void bounds_of_hash_partitions(void **state)
{
	uint32_t modulus = 0, remainder = 9;
	(void)state;
	assert_null(text_hash_bound("FOR VALUES WITH (modulus 4, remainder 0)", &modulus, &remainder));
	assert_int_equal(modulus, 4);
	assert_int_equal(remainder, 0);
	assert_null(
		text_hash_bound("FOR VALUES WITH (modulus 2147483647, remainder 2147483646)", &modulus, &remainder));
	assert_int_equal(modulus, 2147483647);
}

static void other_bounds_are_refused(void **state)
{
	static const char *const bounds[] = {
		"",
		"DEFAULT",
		"FOR VALUES IN (1)",
		"FOR VALUES FROM (1) TO (2)",
		"FOR VALUES WITH (modulus 4, remainder 4)",
		"FOR VALUES WITH (modulus 0, remainder 0)",
		"FOR VALUES WITH (modulus 4, remainder -1)",
		"FOR VALUES WITH (modulus 4, remainder 1",
		"FOR VALUES WITH (modulus 4, remainder 1) ",
		"FOR VALUES WITH (modulus 99999999999, remainder 1)",
	};
	uint32_t modulus, remainder;
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(bounds); i++)
		assert_non_null(text_hash_bound(bounds[i], &modulus, &remainder));
}

/* As PostgreSQL 15 stores them, shortened where nothing is read. */
#define CONST(type) "{CONST :consttype " type " :consttypmod -1 :constvalue 4 [ 11 64 0 0 ]}"
#define FUNCTION(oid, args) "{FUNCEXPR :funcid " oid " :funcresulttype 20 :args (" args ") :location 9}"

static void defaults_by_their_trees(void **state)
{
	static const struct {
		const char *tree;
		bool calls_safe;
		enum map_default is;
	} cases[] = {
		{ CONST("23"), true, MAP_DEFAULT_SAFE },
		{ FUNCTION("1299", "<>"), true, MAP_DEFAULT_SAFE },
		{ FUNCTION("20001", "<>"), false, MAP_DEFAULT_OTHER },
		{ FUNCTION("1574", CONST("2205")), true, MAP_DEFAULT_SEQUENCE },
		{ FUNCTION("480", FUNCTION("1574", CONST("2205"))), true, MAP_DEFAULT_SEQUENCE },
		{ FUNCTION("1574", CONST("2205")), false, MAP_DEFAULT_OTHER }, /* something else is called too */
		{ "{NEXTVALUEEXPR :seqid 16385 :typeId 23}", true, MAP_DEFAULT_SEQUENCE },
		{ CONST("2205"), true, MAP_DEFAULT_OTHER },
		{ "{SQLVALUEFUNCTION :op 3 :type 1184 :typmod -1}", true, MAP_DEFAULT_SAFE },
		{ "{SQLVALUEFUNCTION :op 12 :type 19 :typmod -1}", true, MAP_DEFAULT_SAFE },
		{ "{SQLVALUEFUNCTION :op 14 :type 19 :typmod -1}", true, MAP_DEFAULT_OTHER },
		{ "{SQLVALUEFUNCTION :type 19 :typmod -1}", true, MAP_DEFAULT_OTHER },
		{ "{COERCEVIAIO :arg " CONST("25") " :resulttype 2205}", true, MAP_DEFAULT_OTHER },
		{ "{RELABELTYPE :arg " CONST("25") " :resulttype 1043}", true, MAP_DEFAULT_SAFE },
		{ "{SOMETHINGNEW :arg " CONST("25") "}", true, MAP_DEFAULT_OTHER },
		{ "", true, MAP_DEFAULT_OTHER },
		{ NULL, true, MAP_DEFAULT_OTHER },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(cases); i++)
		assert_int_equal(text_default(cases[i].tree, cases[i].calls_safe), cases[i].is);
}

static void names_of_settings(void **state)
{
	(void)state;
	assert_int_equal(text_setting_name("search_path=a, b=c"), 11);
	assert_int_equal(text_setting_name("x="), 1);
	assert_int_equal(text_setting_name("=x"), -1);
	assert_int_equal(text_setting_name("x"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_column_is_read_from_its_tree),
		cmocka_unit_test(anything_but_a_column_is_refused),
		cmocka_unit_test(numbers_of_key_columns),
		cmocka_unit_test(bounds_of_hash_partitions),
		cmocka_unit_test(other_bounds_are_refused),
		cmocka_unit_test(defaults_by_their_trees),
		cmocka_unit_test(names_of_settings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
