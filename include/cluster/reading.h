/* One reading of a cluster: what its servers answered, and how that becomes a map.
 *
 *    coordinator's rows ─► kind ─► nodes ─► each node's rows ─┐
 *            └───────────────── provider (citus, native) ─────┴─► reading_map ─► map
 *
 * Pure but for libpq's results: making a map asks nobody, so it can be made again, once the
 * self-test has said which relations are to be refused. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cluster/queries.h"
#include "conf/settings.h"
#include "route/map.h"

/* A node besides the coordinator, as the coordinator's metadata has it. */
struct reading_node {
	char *name, *dbname; /* dbname: NULL = the client's */
	int port;
	int32_t group;
	char *refused; /* why the metadata say that it must not be routed to; NULL */
	PGresult *const *results; /* its answers by enum query; NULL if it could not be read … */
	char *unread; /* … and why */
};

struct reading {
	uint64_t epoch;
	enum map_kind kind;
	const char *host; /* the coordinator's, by the ini */
	int port;
	PGresult *results[QUERY_COUNT];
	struct reading_node nodes[MAP_MAX_NODES]; /* the first is the coordinator */
	size_t node_count;
};

/* How one kind of cluster is understood. */
struct provider {
	/* Adds the nodes that the coordinator's answers name. */
	void (*nodes)(struct reading *reading);
	/* Makes relations that are distributed what they are; nodes and catalog are in the map already. */
	void (*fill)(const struct reading *reading, struct map_builder *b);
	/* Why this node's answers show that it is another one, or not fit; NULL if fine. */
	const char *(*check_node)(const struct reading *reading, const struct reading_node *node);
	/* True if the node has what the coordinator's metadata say it has of this relation, whose
	 * fingerprint is the same there. */
	bool (*check_relation)(const struct reading *reading, int node, const struct map_relation *relation);
	enum query fingerprints;
};
extern const struct provider none_provider, citus_provider, native_provider;

void reading_done(struct reading *reading); /* frees what it holds, but for the nodes' results; it is empty then */

/* By what look_plan answered: which kind it is. NULL, or why it is not what is wanted. */
const char *reading_see_kind(struct reading *reading, enum cluster_kind wanted);
const enum query *reading_plan(const struct reading *reading); /* for the coordinator, after look_plan */
const enum query *reading_node_plan(enum map_kind kind); /* for other nodes */
/* By what the coordinator's plan answered: fills `nodes`. NULL, or why this server cannot be a coordinator. */
const char *reading_see_nodes(struct reading *reading);
/* Adds a node; the strings are copied. The index; the one there is if it is known by name, port and
 * dbname; -1 beyond the bound. */
int reading_add_node(struct reading *reading, const char *name, int port, const char *dbname, int32_t group,
		     const char *refused);

/* Makes the map. `refuse` says why a relation is not to be routed (a self-test that failed), NULL
 * if it may; `self_test` is its summary. */
struct map *reading_map(const struct reading *reading,
			const char *(*refuse)(const void *arg, const struct map_relation *), const void *arg,
			const char *self_test);

/* Schemas, relations with columns, functions, types, operators, settings: from the coordinator's
 * answers, and names that other nodes have besides. Relations are local, or what their kind says. */
void catalog_fill(const struct reading *reading, struct map_builder *b);
/* The coordinator's and a node's answers: NULL if sessions there mean the same by the same words; else why not. */
const char *catalog_compare(const struct reading *reading, const struct reading_node *node);

/* --- cells --- */
static inline int rows_of(const PGresult *result)
{
	return result ? PQntuples(result) : 0;
}
static inline const char *cell(const PGresult *result, int row, int column) /* "" for NULL */
{
	return PQgetvalue(result, row, column);
}
static inline bool cell_is_null(const PGresult *result, int row, int column)
{
	return PQgetisnull(result, row, column);
}
static inline bool cell_bool(const PGresult *result, int row, int column)
{
	return PQgetvalue(result, row, column)[0] == 't';
}
long long cell_number(const PGresult *result, int row, int column); /* 0 for what is none */
uint32_t cell_oid(const PGresult *result, int row, int column);
