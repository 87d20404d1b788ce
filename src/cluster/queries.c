/* The statements. Written to give the same text whenever nothing has changed, and nothing
 * that only a superuser may see. */
#include "cluster/queries.h"

const enum query look_plan[] = { QUERY_RESET_PATH, QUERY_SETTINGS, QUERY_SET_PATH, QUERY_LOOK, QUERY_COUNT };

/* The signal comes before the snapshot: what changes between them is read again, not overlooked. */
#define CATALOG_PLAN                                                                                                   \
	QUERY_BEGIN, QUERY_RELATIONS, QUERY_COLUMNS, QUERY_SCHEMAS, QUERY_FUNCTIONS, QUERY_TYPES, QUERY_OPERATORS,     \
		QUERY_NONSTANDARD, QUERY_ROLE_SETTINGS

/* One server needs no map: only what tells that it has become more. */
const enum query none_plan[] = { QUERY_SIGNAL, QUERY_ROLE_SETTINGS, QUERY_COUNT };
const enum query citus_plan[] = { QUERY_SIGNAL_CITUS, CATALOG_PLAN,       QUERY_CITUS_GROUP,  QUERY_CITUS_NODES,
				  QUERY_CITUS_TABLES, QUERY_CITUS_SHARDS, QUERY_CITUS_PRINTS, QUERY_CITUS_TENANTS,
				  QUERY_COMMIT,       QUERY_COUNT };
const enum query native_plan[] = { QUERY_SIGNAL,        CATALOG_PLAN, QUERY_NATIVE_PARENTS, QUERY_NATIVE_PARTITIONS,
				   QUERY_NATIVE_PRINTS, QUERY_COMMIT, QUERY_COUNT };

#define NODE_PLAN                                                                                                      \
	QUERY_RESET_PATH, QUERY_SETTINGS, QUERY_SET_PATH, QUERY_SIGNAL, QUERY_BEGIN, QUERY_LOOK, QUERY_RELATIONS,      \
		QUERY_FUNCTIONS, QUERY_TYPES, QUERY_OPERATORS, QUERY_NONSTANDARD, QUERY_ROLE_SETTINGS

const enum query citus_node_plan[] = { NODE_PLAN, QUERY_CITUS_GROUP, QUERY_CITUS_PRINTS, QUERY_COMMIT, QUERY_COUNT };
const enum query native_node_plan[] = { NODE_PLAN, QUERY_NATIVE_PARTITIONS, QUERY_NATIVE_PRINTS, QUERY_COMMIT,
					QUERY_COUNT };

/* clang-format off */

/* Rows come, go and change only with a new xmin, and a new one is above all old ones: so count and sum tell. */
#define DIGEST "count(*) || ':' || coalesce(sum(x.xmin::text::bigint), 0)"
#define PLAIN_SCHEMA(name) name " !~ '^pg_(toast|temp)'"
#define OURS "(SELECT oid FROM pg_namespace WHERE nspname = 'pg_catalog')"
#define TEMPORARY "(SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_(toast_)?temp')"

/* Citus looks at each row of pg_class whether it is a shard: it is read once. */
#define CLASSES                                                                                                 \
	"WITH c AS MATERIALIZED (SELECT oid, xmin, relkind FROM pg_class"                                       \
	"  WHERE oid >= 16384 AND relpersistence <> 't' AND relkind <> 't') "
#define NAMES_SIGNAL                                                                                            \
	"(SELECT " DIGEST " FROM c x),"                                                                         \
	"(SELECT " DIGEST " FROM pg_attribute x JOIN c ON c.oid = x.attrelid"                                   \
	"  WHERE x.attrelid >= 16384 AND x.attnum > 0 AND c.relkind IN ('r', 'p', 'f', 'v', 'm')),"             \
	"(SELECT " DIGEST " FROM pg_attrdef x JOIN c ON c.oid = x.adrelid),"                                    \
	"(SELECT " DIGEST " FROM pg_namespace x WHERE x.nspname !~ '^pg_(toast_)?temp'),"                       \
	"(SELECT " DIGEST " FROM pg_proc x WHERE x.oid >= 16384),"                                              \
	"(SELECT " DIGEST " FROM pg_operator x WHERE x.oid >= 16384),"                                          \
	"(SELECT " DIGEST " FROM pg_cast x WHERE x.oid >= 16384),"                                              \
	"(SELECT " DIGEST " FROM pg_type x WHERE x.oid >= 16384 AND x.typnamespace NOT IN " TEMPORARY "),"      \
	"(SELECT " DIGEST " FROM pg_inherits x),"                                                               \
	"(SELECT " DIGEST " FROM pg_db_role_setting x),"                                                        \
	"(SELECT " DIGEST " FROM pg_foreign_server x),"                                                         \
	"(SELECT " DIGEST " FROM pg_foreign_table x),"                                                          \
	"(SELECT " DIGEST " FROM pg_extension x),"                                                              \
	"pg_conf_load_time()"

/* Of placements the statistics tell, late but at no cost; where they are few they are looked at. */
#define CITUS_SIGNAL                                                                                            \
	"(SELECT md5(string_agg(n::text, ' ' ORDER BY n.nodeid)) FROM pg_dist_node n),"                         \
	"(SELECT " DIGEST " FROM pg_dist_partition x),"                                                         \
	"(SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_sys_tables WHERE schemaname = 'pg_catalog'" \
	"  AND relname IN ('pg_dist_node', 'pg_dist_placement', 'pg_dist_shard', 'pg_dist_partition')),"        \
	"(SELECT CASE WHEN pg_relation_size('pg_dist_placement') < 2000000"                                     \
	"  THEN (SELECT " DIGEST " FROM pg_dist_placement x) END)"

/* Names of Citus' own functions that a copy of its catalogs may have without the extension. */
#define CITUS_NAMES "'column_to_column_name', 'worker_hash', 'get_shard_id_for_distribution_column', 'citus_version', 'noderole'"

/* Settings that decide what names mean and how text is read, in what a role or database may have. */
#define SESSION_SETTINGS                                                                                        \
	"'search_path', 'standard_conforming_strings', 'transform_null_equals', 'client_encoding', 'role',"     \
	"'session_authorization', 'DateStyle', 'IntervalStyle', 'TimeZone', 'bytea_output', 'extra_float_digits',"  \
	"'array_nulls', 'xmlbinary', 'xmloption', 'default_text_search_config', 'lc_monetary', 'lc_numeric', 'lc_time'," \
	"'default_transaction_isolation', 'default_transaction_read_only', 'default_transaction_deferrable',"   \
	"'row_security', 'session_replication_role', 'backslash_quote', 'quote_all_identifiers'"

static const char *const texts[QUERY_COUNT] = {
	[QUERY_RESET_PATH] = "RESET search_path",

	[QUERY_SETTINGS] =
		"SELECT name, setting, source FROM pg_catalog.pg_settings"
		" WHERE name OPERATOR(pg_catalog.=) ANY (ARRAY[" SESSION_SETTINGS ", 'server_encoding']::pg_catalog.text[])"
		" ORDER BY name",

	[QUERY_SET_PATH] = "SET search_path = pg_catalog",

	[QUERY_LOOK] =
		"SELECT (SELECT extversion FROM pg_extension WHERE extname = 'citus'),"
		" to_regclass('pg_catalog.pg_dist_node') IS NOT NULL,"
		" to_regclass('pg_catalog.pg_dist_schema') IS NOT NULL,"
		" EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'worker_hash' AND pronamespace = " OURS "),"
		" EXISTS (SELECT 1 FROM pg_proc WHERE proname = 'get_shard_id_for_distribution_column' AND pronamespace = " OURS "),"
		" EXISTS (SELECT 1 FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid"
		"         WHERE p.relkind = 'p' AND c.relkind = 'f'),"
		" least(current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
		"       - coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0),"
		"       nullif(nullif(current_setting('citus.max_client_connections', true), '')::int, -1)),"
		" (SELECT concat_ws(' ', pg_encoding_to_char(encoding), datcollate, datctype) FROM pg_database"
		"  WHERE datname = current_database())",

	[QUERY_SIGNAL] = CLASSES "SELECT concat_ws('|', " NAMES_SIGNAL ")",
	[QUERY_SIGNAL_CITUS] = CLASSES "SELECT concat_ws('|', " NAMES_SIGNAL "), concat_ws('|', " CITUS_SIGNAL ")",

	[QUERY_BEGIN] = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",

	[QUERY_RELATIONS] =
		"SELECT c.oid, n.nspname, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
		" WHERE " PLAIN_SCHEMA("n.nspname") " AND c.relpersistence <> 't' ORDER BY c.oid",

	/* Foreign partitions may be many, and nobody asks for their columns.
	 * A default calls only what gives the same on every node: PostgreSQL's own immutable functions, and these;
	 * nextval is told apart by its node. */
	[QUERY_COLUMNS] =
		"SELECT a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation,"
		" coalesce(o.collisdeterministic, true), a.attisdropped, a.attgenerated, a.attidentity,"
		" CASE WHEN length(d.adbin::text) > 65536 THEN '' ELSE d.adbin::text END,"
		" NOT EXISTS (SELECT 1 FROM regexp_matches(d.adbin::text, ':(?:funcid|opfuncid|hashfuncid) ([1-9][0-9]*)', 'g') m"
		"   LEFT JOIN pg_proc p ON p.oid = m[1]::oid AND p.oid < 16384 AND (p.provolatile = 'i' OR p.proname IN"
		"    ('nextval', 'now', 'transaction_timestamp', 'statement_timestamp', 'clock_timestamp', 'timeofday', 'random',"
		"     'gen_random_uuid', 'timezone', 'date', 'timestamp', 'timestamptz', 'time', 'timetz', 'date_trunc',"
		"     'date_part', 'extract', 'to_char', 'to_timestamp', 'age'))"
		"   WHERE p.oid IS NULL),"
		" t.typdefault IS NOT NULL"
		" FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
		" LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
		" LEFT JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_collation o ON o.oid = a.attcollation"
		" WHERE a.attnum > 0 AND c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relpersistence <> 't'"
		"  AND NOT (c.relispartition AND c.relkind = 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND " PLAIN_SCHEMA("n.nspname")
		" ORDER BY a.attrelid, a.attnum",

	[QUERY_SCHEMAS] = "SELECT nspname FROM pg_namespace WHERE " PLAIN_SCHEMA("nspname") " ORDER BY 1",

	[QUERY_FUNCTIONS] =
		"SELECT DISTINCT proname FROM pg_proc WHERE pronamespace <> " OURS " AND pronamespace NOT IN " TEMPORARY
		" ORDER BY 1",

	/* Row types of tables, and arrays of them, are known by their relations. */
	[QUERY_TYPES] =
		"SELECT DISTINCT t.typname FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'"
		" LEFT JOIN pg_class c ON c.oid = coalesce(nullif(t.typrelid, 0), e.typrelid)"
		" WHERE t.typnamespace <> " OURS " AND t.typnamespace NOT IN " TEMPORARY
		"  AND (c.oid IS NULL OR c.relkind = 'c') ORDER BY 1",

	[QUERY_OPERATORS] =
		"SELECT oprname, oprleft, oprright FROM pg_operator WHERE oprnamespace <> " OURS " ORDER BY 1, 2, 3",

	[QUERY_NONSTANDARD] =
		"SELECT o.what || ' ' || o.name FROM ("
		"  SELECT 'function' AS what, proname::text AS name, 'pg_proc'::regclass::oid AS class, oid FROM pg_proc"
		"   WHERE oid >= 16384 AND pronamespace = " OURS
		"  UNION ALL SELECT 'operator', oprname::text, 'pg_operator'::regclass::oid, oid FROM pg_operator"
		"   WHERE oid >= 16384 AND oprnamespace = " OURS
		"  UNION ALL SELECT 'type', typname::text, 'pg_type'::regclass::oid, oid FROM pg_type"
		"   WHERE oid >= 16384 AND typnamespace = " OURS " AND typcategory <> 'A'"
		"    AND (typrelid = 0 OR EXISTS (SELECT 1 FROM pg_class WHERE pg_class.oid = typrelid AND relkind = 'c'))"
		"  UNION ALL SELECT 'cast from', castsource::regtype || ' to ' || casttarget::regtype, 'pg_cast'::regclass::oid, oid"
		"   FROM pg_cast WHERE oid >= 16384 AND castsource < 16384 AND casttarget < 16384) o"
		" WHERE o.name NOT IN (" CITUS_NAMES ") AND (o.class, o.oid) NOT IN ("
		"  SELECT d.classid, d.objid FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid"
		"  WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname IN ('citus', 'citus_columnar'))"
		" ORDER BY 1 LIMIT 1",

	[QUERY_ROLE_SETTINGS] =
		"SELECT r.rolname, s.setdatabase <> 0, u.text FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole"
		" CROSS JOIN LATERAL unnest(s.setconfig) u(text)"
		" WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))"
		"  AND (s.setrole = 0 OR r.rolname IS NOT NULL)"
		"  AND lower(split_part(u.text, '=', 1)) IN (SELECT lower(k) FROM unnest(ARRAY[" SESSION_SETTINGS "]) k)"
		" ORDER BY 1, 2, 3",

	[QUERY_CITUS_GROUP] = "SELECT groupid FROM pg_dist_local_group",

	[QUERY_CITUS_NODES] =
		"SELECT nodename, nodeport, groupid, isactive, hasmetadata, coalesce(metadatasynced, false), noderole::text"
		" FROM pg_dist_node WHERE nodecluster = 'default'"
		" ORDER BY noderole::text <> 'primary', groupid, nodeid",

	[QUERY_CITUS_TABLES] =
		"SELECT p.logicalrelid::oid, p.partmethod, p.partkey, p.colocationid, p.repmodel, c.relnamespace"
		" FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid ORDER BY p.logicalrelid::oid",

	[QUERY_CITUS_SHARDS] =
		"SELECT s.logicalrelid::oid, s.shardid, s.shardminvalue, s.shardmaxvalue, p.groupid"
		" FROM pg_dist_shard s JOIN pg_dist_partition t ON t.logicalrelid = s.logicalrelid"
		" LEFT JOIN pg_dist_placement p ON p.shardid = s.shardid AND p.shardstate = 1"
		" WHERE t.partmethod = 'h' ORDER BY s.logicalrelid::oid, s.shardminvalue::bigint, s.shardid, p.groupid",

	[QUERY_CITUS_TENANTS] = "SELECT schemaid FROM pg_dist_schema",

	[QUERY_CITUS_PRINTS] =
		"SELECT n.nspname, c.relname, concat_ws(' ', c.relkind, p.partmethod, p.repmodel, p.colocationid,"
		"  (SELECT string_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)"
		"   FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))"
		" FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid JOIN pg_namespace n ON n.oid = c.relnamespace",

	/* A key is hashed as here only by the type's own default class. */
	[QUERY_NATIVE_PARENTS] =
		"SELECT p.partrelid, p.partstrat, p.partattrs::text, p.partexprs IS NOT NULL,"
		" NOT EXISTS (SELECT 1 FROM unnest(p.partclass::oid[]) k LEFT JOIN pg_opclass o ON o.oid = k AND o.oid < 16384"
		"   AND o.opcdefault AND o.opcmethod = (SELECT oid FROM pg_am WHERE amname = 'hash') WHERE o.oid IS NULL),"
		" NOT EXISTS (SELECT 1 FROM unnest(p.partcollation::oid[]) k JOIN pg_collation o ON o.oid = k"
		"   WHERE NOT o.collisdeterministic),"
		" c.relispartition"
		" FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid WHERE c.relpersistence <> 't' ORDER BY 1",

	[QUERY_NATIVE_PARTITIONS] =
		"SELECT pn.nspname, pc.relname, c.oid, n.nspname, c.relname, c.relkind,"
		" pg_get_expr(c.relpartbound, c.oid), coalesce(to_jsonb(i)->>'inhdetachpending', 'false') = 'true',"
		" s.srvname, w.fdwname,"
		" (SELECT string_agg(option_value, ',') FROM pg_options_to_table(s.srvoptions) WHERE option_name IN ('host', 'hostaddr')),"
		" (SELECT option_value FROM pg_options_to_table(s.srvoptions) WHERE option_name = 'port'),"
		" (SELECT option_value FROM pg_options_to_table(s.srvoptions) WHERE option_name = 'dbname'),"
		" coalesce((SELECT option_value FROM pg_options_to_table(f.ftoptions) WHERE option_name = 'schema_name'), n.nspname),"
		" coalesce((SELECT option_value FROM pg_options_to_table(f.ftoptions) WHERE option_name = 'table_name'), c.relname)"
		" FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
		" JOIN pg_class pc ON pc.oid = i.inhparent AND pc.relkind = 'p' JOIN pg_namespace pn ON pn.oid = pc.relnamespace"
		" LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid LEFT JOIN pg_foreign_server s ON s.oid = f.ftserver"
		" LEFT JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw"
		" WHERE pc.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'f')"
		" ORDER BY pn.nspname, pc.relname, c.oid",

	[QUERY_NATIVE_PRINTS] =
		"SELECT n.nspname, c.relname, concat_ws(' ', pg_get_partkeydef(c.oid), c.relrowsecurity, c.relforcerowsecurity,"
		"  (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),"
		"     (SELECT quote_ident(o.collname) FROM pg_collation o WHERE o.oid = a.attcollation),"
		"     a.attnotnull, a.attgenerated, a.attidentity, pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attnum)"
		"   FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
		"   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped))"
		" FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
		" WHERE c.relpersistence <> 't'",

	[QUERY_COMMIT] = "COMMIT",
};

/* clang-format on */

const char *query_text(enum query query)
{
	return texts[query];
}
