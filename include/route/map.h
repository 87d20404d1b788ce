/* The shard map: what the cluster looked like to the coordinator at one moment.
 * Immutable once built, counted, shared by all loops. A provider (layer
 * `cluster`) fills it through map_builder; the router only reads.
 *
 *    map ─► relations ─(key columns, group)─► groups ─► shards ─► nodes
 *
 * It knows *all* relations of the coordinator, since a local table can hide a
 * distributed one, and all functions, operators and types that are not
 * PostgreSQL's own, since one of them can hide PostgreSQL's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum map_kind { MAP_NONE, MAP_NATIVE, MAP_CITUS };

enum { MAP_MAX_NODES = 64, MAP_MAX_KEYS = 8, MAP_NODE_COORDINATOR = 0 };

struct map_node {
	const char *name; /* as the metadata has it: host name or address */
	int port;
	const char *dbname; /* native: the foreign server's dbname; NULL = the client's database */
	int32_t group; /* citus: groupid; native: equal to the index */
	bool routable; /* active, primary, metadata synced, same names */
	const char *why; /* if not routable: a sentence for SHOW NODES; else NULL */
};

enum map_default {
	MAP_DEFAULT_NONE, /* no default: NULL */
	MAP_DEFAULT_SAFE, /* a constant, or only allowed functions: the same on every node */
	MAP_DEFAULT_SEQUENCE, /* nextval(…), serial, identity */
	MAP_DEFAULT_OTHER, /* not proven independent of the node */
	MAP_DEFAULT_GENERATED /* GENERATED ALWAYS AS (…) STORED */
};

struct map_column {
	const char *name;
	uint32_t type; /* OID on the coordinator */
	int32_t typmod;
	uint32_t collation; /* OID, 0 = type has none */
	bool collation_deterministic;
	enum map_default has_default;
	bool dropped_or_system; /* never matched by name */
};

enum map_relation_kind {
	MAP_RELATION_LOCAL, /* table of the coordinator alone, or anything not known to be cluster-wide */
	MAP_RELATION_VIEW,
	MAP_RELATION_SEQUENCE,
	MAP_RELATION_FOREIGN,
	MAP_RELATION_HASH, /* hash-distributed by key columns */
	MAP_RELATION_REFERENCE, /* the same rows on every node */
	MAP_RELATION_SINGLE_SHARD, /* recognised, to the coordinator for now */
	MAP_RELATION_TENANT, /* citus schema tenant: recognised, to the coordinator for now */
	MAP_RELATION_OTHER_DISTRIBUTED /* range, append, list, sub-partitioned, …: likewise */
};
const char *map_relation_kind_name(enum map_relation_kind kind);

/* One shard: a hash range (citus, inclusive) or a remainder class (native). */
struct map_shard {
	int64_t id; /* citus: shardid; native: OID of the partition */
	const char *name; /* native: the partition's name; citus: NULL */
	int32_t min, max; /* citus */
	uint32_t modulus, remainder; /* native */
	int node; /* index of the node that holds it; -1 = none that can be routed to */
};

/* A colocation group: relations whose rows with equal keys share a node.
 * Native: every partitioned table is a group of its own (its key types and bounds
 * decide), but groups that place every remainder alike are the same to the
 * router, since only nodes are compared. */
struct map_group {
	int id;
	enum map_kind kind;
	struct map_shard *shards; /* citus: sorted by min; native: by remainder within modulus */
	size_t shard_count;
	uint32_t modulus; /* native: the greatest (least common) modulus … */
	int *shard_of_remainder; /* … and for each remainder in it the shard's index, -1 = none */
};

struct map_relation {
	const char *schema, *name;
	uint32_t oid; /* on the coordinator */
	enum map_relation_kind kind;
	struct map_column *columns;
	size_t column_count;
	unsigned key_count;
	unsigned key_columns[MAP_MAX_KEYS]; /* indexes into columns */
	const struct map_group *group; /* MAP_RELATION_HASH only */
	uint64_t same_on; /* bit n: node n has the same relation under this name, proven */
	const char *why; /* not routable although distributed: reason for the console, else NULL */
};

/* An operator or function that is not in pg_catalog. */
struct map_operator {
	const char *name;
	uint32_t left, right; /* operand types; 0 = none */
};

struct map_setting { /* pg_db_role_setting: only search_path and what decides how text is read */
	const char *role; /* NULL = all roles */
	bool for_database; /* set for this database (or all roles in it), else for the role (or all roles) everywhere */
	const char *name, *value;
};

struct map;
struct map_builder;

struct map *map_ref(struct map *map);
void map_unref(struct map *map); /* NULL is fine */

/* --- reading; nothing below is NULL unless said --- */
enum map_kind map_kind(const struct map *map);
uint64_t map_version(const struct map *map); /* unique in the process, grows with each load */
uint64_t map_epoch(const struct map *map); /* what map_builder_new was given: see cluster/watcher.h */
int64_t map_loaded_us(const struct map *map); /* clock_now_us() at the end of the load */
size_t map_node_count(const struct map *map);
const struct map_node *map_node(const struct map *map, size_t index); /* 0 is the coordinator */
size_t map_relation_count(const struct map *map);
const struct map_relation *map_relation(const struct map *map, size_t index);
size_t map_group_count(const struct map *map);
const struct map_group *map_group(const struct map *map, size_t index);
const char *map_self_test(const struct map *map); /* "ok (N values)" or what differed */
const char *map_server_encoding(const struct map *map); /* as server_encoding has it */
bool map_nonstandard_catalog(const struct map *map); /* somebody put objects of his own into pg_catalog */

/* NULL if the coordinator has no such relation (or type, in its row-type sense). */
const struct map_relation *map_find_relation(const struct map *map, struct span schema, struct span name);
bool map_has_schema(const struct map *map, struct span schema);
bool map_has_user_function(const struct map *map, struct span name); /* in any schema but pg_catalog */
bool map_has_user_type(const struct map *map, struct span name); /* likewise; row types of relations not counted */
/* User-defined operators of that name; *count may be 0. */
const struct map_operator *map_user_operators(const struct map *map, struct span name, size_t *count);
/* The value that a new session of `role` gets for `name` (ASCII letters without case) from role and
 * database settings (role in database, role, database, all roles, in this order); NULL = none. */
const char *map_session_default(const struct map *map, struct span role, const char *name);

/* The shard of a key; NULL = none: a gap between ranges, a remainder without a partition, a
 * relation that is not hash-distributed or was refused, a value of another type. `keys` are
 * the relation's key_count key columns' values, in their order. */
struct key_value;
const struct map_shard *map_find_shard(const struct map_relation *relation, const struct key_value *keys);

/* --- building; strings are copied --- */
struct map_builder *map_builder_new(enum map_kind kind, uint64_t epoch);
void map_builder_free(struct map_builder *b); /* abandons it; NULL is fine */
/* Nodes in order; the first is the coordinator. Returns the index, -1 beyond MAP_MAX_NODES. */
int map_builder_node(struct map_builder *b, const struct map_node *node);
/* Marks a node as not routable, with a reason (the first one stays). */
void map_builder_node_refuse(struct map_builder *b, int node, const char *why);
int map_builder_group(struct map_builder *b, int id); /* returns the group's index, an existing one for a known id */
void map_builder_shard(struct map_builder *b, int group, const struct map_shard *shard);
/* Columns are appended in order of attnum. The returned pointer is good as long as the map. Its schema is known
 * from then on. A name or OID that is already there gives the relation that has it, refused. */
struct map_relation *map_builder_relation(struct map_builder *b, uint32_t oid, const char *schema, const char *name,
					  enum map_relation_kind kind);
struct map_relation *map_builder_find(struct map_builder *b, uint32_t oid); /* NULL if unknown */
void map_builder_column(struct map_builder *b, struct map_relation *relation, const struct map_column *column);
/* Makes it hash-distributed by these columns (by name) of that group; false, and nothing changed, if a column is
 * unknown or dropped, or there are none, too many, or on Citus more than one. */
bool map_builder_distribute(struct map_builder *b, struct map_relation *relation, int group,
			    const char *const *key_columns, unsigned key_count);
void map_builder_refuse(struct map_builder *b, struct map_relation *relation, const char *why);
void map_builder_schema(struct map_builder *b, const char *name);
void map_builder_user_function(struct map_builder *b, const char *name);
void map_builder_user_type(struct map_builder *b, const char *name);
void map_builder_user_operator(struct map_builder *b, const char *name, uint32_t left, uint32_t right);
void map_builder_setting(struct map_builder *b, const struct map_setting *setting);
void map_builder_encoding(struct map_builder *b, const char *server_encoding);
void map_builder_nonstandard_catalog(struct map_builder *b);
void map_builder_self_test(struct map_builder *b, const char *text);
/* Checks every group (it has shards; ranges and remainders do not overlap; each modulus is a factor of the
 * greatest), sorts, indexes and hands the map over with one reference. The builder is gone. A
 * group that is not so makes its relations not routable, with that reason; it is never guessed at. A
 * gap is fine: its keys have no shard. A shard on a node that does not exist has node -1. */
struct map *map_builder_finish(struct map_builder *b);
