/* What is asked of servers when a map is read: every statement and the columns of its rows.
 *
 *    coordinator   look_plan, then (by what was seen) citus_plan, native_plan or none_plan
 *    other nodes   citus_node_plan, native_node_plan
 *    every second  QUERY_SIGNAL or QUERY_SIGNAL_CITUS
 *
 * All run as an ordinary login, in any PostgreSQL from 11 on, with search_path set to
 * pg_catalog alone, so that nobody's functions or operators stand in for PostgreSQL's. */
#pragma once

#include <libpq-fe.h>

enum query {
	/* To know what the session's search_path is without us, it is set back first. */
	QUERY_RESET_PATH,
	QUERY_SETTINGS, /* of a session as such: see columns */
	QUERY_SET_PATH,
	QUERY_LOOK, /* one row: what kind of server this is */
	QUERY_SIGNAL, /* a text that changes when names change */
	QUERY_SIGNAL_CITUS, /* … and one that changes when nodes or placements do */
	QUERY_BEGIN,
	QUERY_RELATIONS, /* all but temporary and TOAST ones, by OID */
	QUERY_COLUMNS, /* by relation's OID and number; not of foreign partitions */
	QUERY_SCHEMAS,
	QUERY_FUNCTIONS, /* these three: what is not in pg_catalog */
	QUERY_TYPES,
	QUERY_OPERATORS,
	QUERY_NONSTANDARD, /* a row if somebody added to pg_catalog: what */
	QUERY_ROLE_SETTINGS, /* pg_db_role_setting, a row a setting */
	QUERY_CITUS_GROUP, /* which group this node is */
	QUERY_CITUS_NODES,
	QUERY_CITUS_TABLES, /* pg_dist_partition, by OID */
	QUERY_CITUS_SHARDS, /* of hash-distributed tables, with their placements, by table and range */
	QUERY_CITUS_TENANTS, /* schemas that are tenants; Citus 12 */
	QUERY_CITUS_PRINTS, /* fingerprints of distributed tables */
	QUERY_NATIVE_PARENTS, /* partitioned tables */
	QUERY_NATIVE_PARTITIONS, /* by parent's schema and name */
	QUERY_NATIVE_PRINTS,
	QUERY_COMMIT,
	QUERY_COUNT
};

enum { SETTING_NAME, SETTING_VALUE, SETTING_SOURCE };
enum {
	LOOK_EXTENSION,
	LOOK_HAS_NODES,
	LOOK_HAS_TENANTS,
	LOOK_HAS_WORKER_HASH,
	LOOK_HAS_SHARD_OF,
	LOOK_HAS_FOREIGN_PARTITIONS,
	LOOK_CONNECTIONS,
	LOOK_LOCALE,
};
enum { SIGNAL_NAMES, SIGNAL_PLACEMENTS };
enum { RELATION_OID, RELATION_SCHEMA, RELATION_NAME, RELATION_KIND };
enum {
	COLUMN_RELATION,
	COLUMN_NUMBER,
	COLUMN_NAME,
	COLUMN_TYPE,
	COLUMN_TYPMOD,
	COLUMN_COLLATION,
	COLUMN_DETERMINISTIC,
	COLUMN_DROPPED,
	COLUMN_GENERATED,
	COLUMN_IDENTITY,
	COLUMN_DEFAULT,
	COLUMN_DEFAULT_CALLS_SAFE,
	COLUMN_TYPE_HAS_DEFAULT,
};
enum { OPERATOR_NAME, OPERATOR_LEFT, OPERATOR_RIGHT };
enum { ROLE_SETTING_ROLE, ROLE_SETTING_FOR_DATABASE, ROLE_SETTING_TEXT }; /* text: name=value */
enum { NODE_NAME, NODE_PORT, NODE_GROUP, NODE_ACTIVE, NODE_METADATA, NODE_SYNCED, NODE_ROLE };
enum { TABLE_OID, TABLE_METHOD, TABLE_KEY, TABLE_COLOCATION, TABLE_MODEL, TABLE_SCHEMA };
enum { SHARD_TABLE, SHARD_ID, SHARD_MIN, SHARD_MAX, SHARD_GROUP };
enum { PRINT_SCHEMA, PRINT_NAME, PRINT_TEXT };
enum {
	PARENT_OID,
	PARENT_STRATEGY,
	PARENT_KEYS,
	PARENT_HAS_EXPRESSIONS,
	PARENT_DEFAULT_CLASSES,
	PARENT_DETERMINISTIC,
	PARENT_IS_PARTITION,
};
enum {
	PART_PARENT_SCHEMA,
	PART_PARENT_NAME,
	PART_OID,
	PART_SCHEMA,
	PART_NAME,
	PART_KIND,
	PART_BOUND,
	PART_DETACHING,
	PART_SERVER,
	PART_WRAPPER,
	PART_HOST,
	PART_PORT,
	PART_DBNAME,
	PART_REMOTE_SCHEMA,
	PART_REMOTE_NAME,
};

/* Plans end with QUERY_COUNT. */
extern const enum query look_plan[], none_plan[], citus_plan[], native_plan[], citus_node_plan[], native_node_plan[];

const char *query_text(enum query query);
