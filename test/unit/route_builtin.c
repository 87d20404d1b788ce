/* The lists of what is the same on every node: names that must be on them, names that
 * must not, and names that only look alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "route/builtin.h"
#include "route/key.h"

static void test_functions_allowed(void **state)
{
	static const char *const names[] = {
		"abs",
		"lower",
		"upper",
		"length",
		"substring",
		"md5",
		"round",
		"count",
		"sum",
		"avg",
		"min",
		"max",
		"array_agg",
		"string_agg",
		"jsonb_agg",
		"json_agg",
		"json_object_agg",
		"row_number",
		"lag",
		"rank",
		"now",
		"clock_timestamp",
		"timeofday",
		"random",
		"gen_random_uuid",
		"date_trunc",
		"extract",
		"timezone",
		"concat",
		"format",
		"to_json",
		"jsonb_set",
		"row_to_json",
		"unnest",
		"generate_series",
		"current_user",
		"session_user",
		"percentile_cont",
		"regexp_replace",
		"pg_size_pretty",
		"hashint8",
		"hashtext",
		"overlaps",
		"pg_sleep",
		"statement_timestamp",
		"transaction_timestamp",
		"jsonb_path_query",
		"json_populate_record",
		"timestamptz_cmp_date",
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(names); i++) {
		if (!builtin_function_allowed(span_text(names[i])))
			fail_msg("%s is not allowed", names[i]);
		assert_true(builtin_function_exists(span_text(names[i])));
	}
}

static void test_functions_refused(void **state)
{
	static const char *const names[] = {
		"nextval",
		"currval",
		"lastval",
		"setval",
		"set_config",
		"current_setting",
		"setseed",
		"version",
		"pg_backend_pid",
		"inet_server_addr",
		"inet_server_port",
		"inet_client_addr",
		"current_database",
		"current_schema",
		"current_schemas",
		"pg_is_in_recovery",
		"has_table_privilege",
		"pg_has_role",
		"row_security_active",
		"pg_table_is_visible",
		"to_regclass",
		"to_regtype",
		"regclass",
		"format_type",
		"pg_typeof",
		"obj_description",
		"col_description",
		"pg_get_viewdef",
		"pg_relation_size",
		"pg_column_size",
		"pg_database_size",
		"satisfies_hash_partition",
		"pg_advisory_lock",
		"pg_try_advisory_lock",
		"pg_advisory_xact_lock",
		"pg_advisory_unlock_all",
		"pg_notify",
		"pg_export_snapshot",
		"pg_current_xact_id",
		"txid_current",
		"txid_snapshot_xmin",
		"age",
		"mxid_age",
		"query_to_xml",
		"table_to_xml",
		"xpath",
		"xmlagg",
		"xml",
		"lo_create",
		"lo_get",
		"pg_read_file",
		"pg_ls_dir",
		"pg_cancel_backend",
		"pg_terminate_backend",
		"pg_reload_conf",
		"pg_switch_wal",
		"to_tsvector",
		"to_tsquery",
		"plainto_tsquery",
		"ts_headline",
		"ts_rewrite",
		"ts_stat",
		"to_char",
		"to_number",
		"to_date",
		"to_timestamp",
		"money",
		"numeric",
		"convert_from",
		"enum_range",
		"hashenum",
		"hash_record",
		"int4in",
		"int4out",
		"eqsel",
		"byteain",
		"current_query",
		"aclexplode",
		"acldefault",
		"pg_stat_get_activity",
		"pg_stat_reset",
		"json_to_tsvector",
		"pg_partition_root",
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(names); i++) {
		if (builtin_function_allowed(span_text(names[i])))
			fail_msg("%s is allowed", names[i]);
		if (!builtin_function_exists(span_text(names[i])))
			fail_msg("%s is not a function of pg_catalog", names[i]);
	}
}

static void test_names_that_are_none(void **state)
{
	static const char *const names[] = {
		"", "ab", "absx", "ABS", "Now", "now ", " now", "zzzz", "create_distributed_table", "dblink", "nowish",
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(names); i++) {
		assert_false(builtin_function_allowed(span_text(names[i])));
		assert_false(builtin_function_exists(span_text(names[i])));
		assert_false(builtin_operator_allowed(span_text(names[i])));
		assert_int_equal(builtin_type(span_text(names[i])), 0);
	}
	assert_false(builtin_function_allowed(span_of(NULL, 0)));
	/* A span ends where it says, and NUL is a byte like any other. */
	assert_true(builtin_function_allowed(span_of("absolute", 3)));
	assert_false(builtin_function_allowed(span_of("abs\0", 4)));
}

static void test_operators(void **state)
{
	static const char *const allowed[] = {
		"=",  "<>",  "<",  ">",   "<=", ">=", "+", "-",  "*",  "/",   "%",  "^",   "||",
		"->", "->>", "#>", "#>>", "@>", "<@", "?", "?|", "?&", "&&",  "~~", "!~~", "~~*",
		"~",  "~*",  "!~", "|/",  "&",  "|",  "#", "<<", ">>", "-|-", "@?", "^@",  "!!",
	};
	static const char *const refused[] = { "@@", "!=", "===", "<=>", "OR", "" };
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(allowed); i++)
		if (!builtin_operator_allowed(span_text(allowed[i])))
			fail_msg("%s is not allowed", allowed[i]);
	for (size_t i = 0; i < MEM_COUNT(refused); i++)
		assert_false(builtin_operator_allowed(span_text(refused[i])));
}

static void test_types(void **state)
{
	static const struct {
		const char *name;
		uint32_t oid;
	} rows[] = {
		{ "int4", TYPE_INT4 },
		{ "int", TYPE_INT4 },
		{ "integer", TYPE_INT4 },
		{ "smallint", TYPE_INT2 },
		{ "bigint", TYPE_INT8 },
		{ "bool", TYPE_BOOL },
		{ "boolean", TYPE_BOOL },
		{ "char", TYPE_CHAR },
		{ "character", TYPE_BPCHAR },
		{ "bpchar", TYPE_BPCHAR },
		{ "varchar", TYPE_VARCHAR },
		{ "character varying", TYPE_VARCHAR },
		{ "text", TYPE_TEXT },
		{ "double precision", TYPE_FLOAT8 },
		{ "real", TYPE_FLOAT4 },
		{ "decimal", TYPE_NUMERIC },
		{ "uuid", TYPE_UUID },
		{ "date", TYPE_DATE },
		{ "timestamp with time zone", TYPE_TIMESTAMPTZ },
		{ "timestamp without time zone", TYPE_TIMESTAMP },
		{ "timestamptz", TYPE_TIMESTAMPTZ },
		{ "_int4", 1007 },
		{ "jsonb", 3802 },
		{ "tstzrange", 3910 },
		{ "pg_lsn", 3220 },
	};
	static const char *const refused[] = {
		"regclass", "regproc",      "regtype",    "regrole",       "_regclass", "xml",
		"_xml",     "money",        "_money",     "xid",           "xid8",      "cid",
		"tid",      "oidvector",    "aclitem",    "record",        "any",       "anyelement",
		"unknown",  "cstring",      "void",       "trigger",       "internal",  "refcursor",
		"pg_class", "pg_node_tree", "int2vector", "txid_snapshot", "mood",      "INT4",
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		assert_int_equal(builtin_type(span_text(rows[i].name)), rows[i].oid);
		assert_true(builtin_cast_allowed(rows[i].oid));
	}
	for (size_t i = 0; i < MEM_COUNT(refused); i++)
		if (builtin_type(span_text(refused[i])) != 0)
			fail_msg("%s is allowed", refused[i]);
}

static void test_casts_refused(void **state)
{
	enum {
		OID_REGCLASS = 2205,
		OID_XML = 142,
		OID_MONEY = 790,
		OID_XID = 28,
		OID_RECORD = 2249,
		OID_REFCURSOR = 1790
	};
	static const uint32_t oids[] = {
		TYPE_UNSPECIFIED, TYPE_UNKNOWN,  OID_REGCLASS,
		OID_XML,          OID_MONEY,     OID_XID,
		OID_RECORD,       OID_REFCURSOR, TYPE_FIRST_USER_DEFINED,
		UINT32_MAX,
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(oids); i++)
		assert_false(builtin_cast_allowed(oids[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions_allowed),
		cmocka_unit_test(test_functions_refused),
		cmocka_unit_test(test_names_that_are_none),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_casts_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
