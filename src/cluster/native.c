/* Plain PostgreSQL: hash-partitioned tables whose partitions are foreign tables (postgres_fdw)
 * on the coordinator and plain tables on the node that the foreign server names.
 *
 *    coordinator              node w1                    node w2
 *    orders  PARTITION BY     orders  the same           orders  the same
 *    ├ o_0 ─ foreign, w1      ├ o_0 ─ table              ├ o_0 ─ foreign, w1
 *    └ o_1 ─ foreign, w2      └ o_1 ─ foreign, w2        └ o_1 ─ table
 *
 * A statement on orders may be sent to w1 if orders is the same there and all partitions
 * that the coordinator believes there are plain tables there with the same bounds. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cluster/reading.h"
#include "cluster/text.h"
#include "route/key.h"

enum { DEFAULT_PORT = 5432 };

/* Rows of QUERY_NATIVE_PARTITIONS that are of one parent. */
struct range {
	int first, end;
};

static void see_nodes(struct reading *reading);
static void fill(const struct reading *reading, struct map_builder *b);
static const char *check_node(const struct reading *reading, const struct reading_node *node);
static bool check_relation(const struct reading *reading, int node, const struct map_relation *relation);
static void fill_parent(const struct reading *reading, struct map_builder *b, int row);
static struct range partitions_of(const PGresult *partitions, const struct map_relation *relation);
static const char *check_parent(const struct reading *reading, const struct map_relation *relation, int row,
				struct range rows, const char **names, unsigned *count);
static const char *check_partition(const PGresult *partitions, int row);
static int node_of(const struct reading *reading, const PGresult *partitions, int row);

const struct provider native_provider = { .nodes = see_nodes,
					  .fill = fill,
					  .check_node = check_node,
					  .check_relation = check_relation,
					  .fingerprints = QUERY_NATIVE_PRINTS };

static bool is_foreign(const PGresult *partitions, int row)
{
	return cell(partitions, row, PART_KIND)[0] == 'f';
}

static int port_of(const PGresult *partitions, int row)
{
	long long port = DEFAULT_PORT;
	if (!cell_is_null(partitions, row, PART_PORT) &&
	    !span_to_int(span_text(cell(partitions, row, PART_PORT)), 1, 65535, &port))
		return -1;
	return (int)port;
}

/* Servers that cannot be told apart from others, or whose address is not plain, are no nodes. */
static const char *check_server(const PGresult *partitions, int row)
{
	if (strcmp(cell(partitions, row, PART_WRAPPER), "postgres_fdw") != 0)
		return "a partition is on a foreign server that is not PostgreSQL's";
	if (cell_is_null(partitions, row, PART_HOST) || cell_is_null(partitions, row, PART_DBNAME))
		return "the foreign server of a partition does not say its host and dbname";
	if (strchr(cell(partitions, row, PART_HOST), ',') || port_of(partitions, row) < 0)
		return "the foreign server of a partition has several hosts or ports";
	return NULL;
}

static void see_nodes(struct reading *reading)
{
	const PGresult *partitions = reading->results[QUERY_NATIVE_PARTITIONS];
	for (int row = 0; row < rows_of(partitions); row++)
		if (is_foreign(partitions, row) && check_server(partitions, row) == NULL)
			reading_add_node(reading, cell(partitions, row, PART_HOST), port_of(partitions, row),
					 cell(partitions, row, PART_DBNAME), (int32_t)reading->node_count, NULL);
}

static int node_of(const struct reading *reading, const PGresult *partitions, int row)
{
	if (!is_foreign(partitions, row))
		return MAP_NODE_COORDINATOR;
	for (size_t i = 1; i < reading->node_count; i++)
		if (strcmp(reading->nodes[i].name, cell(partitions, row, PART_HOST)) == 0 &&
		    reading->nodes[i].port == port_of(partitions, row) &&
		    strcmp(reading->nodes[i].dbname, cell(partitions, row, PART_DBNAME)) == 0)
			return (int)i;
	return -1;
}

static const char *check_node(const struct reading *reading, const struct reading_node *node)
{
	(void)reading;
	(void)node;
	return NULL;
}

/* --- parents --- */

static void fill(const struct reading *reading, struct map_builder *b)
{
	const PGresult *parents = reading->results[QUERY_NATIVE_PARENTS];
	for (int row = 0; row < rows_of(parents); row++)
		fill_parent(reading, b, row);
}

static int compare_parent(const PGresult *partitions, int row, const struct map_relation *relation)
{
	int order = strcmp(cell(partitions, row, PART_PARENT_SCHEMA), relation->schema);
	return order ? order : strcmp(cell(partitions, row, PART_PARENT_NAME), relation->name);
}

/* They are sorted by their parents. */
static struct range partitions_of(const PGresult *partitions, const struct map_relation *relation)
{
	int low = 0, high = rows_of(partitions);
	while (low < high) {
		int middle = low + (high - low) / 2;
		if (compare_parent(partitions, middle, relation) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	struct range rows = { low, low };
	while (rows.end < rows_of(partitions) && compare_parent(partitions, rows.end, relation) == 0)
		rows.end++;
	return rows;
}

/* A partitioned table whose partitions are all here is a local table like any other. */
static void fill_parent(const struct reading *reading, struct map_builder *b, int row)
{
	const PGresult *parents = reading->results[QUERY_NATIVE_PARENTS];
	const PGresult *partitions = reading->results[QUERY_NATIVE_PARTITIONS];
	struct map_relation *relation = map_builder_find(b, cell_oid(parents, row, PARENT_OID));
	if (relation == NULL)
		return;
	struct range rows = partitions_of(partitions, relation);
	bool foreign = false;
	for (int i = rows.first; i < rows.end; i++)
		foreign |= cell(partitions, i, PART_KIND)[0] != 'r';
	if (!foreign)
		return;
	const char *names[MAP_MAX_KEYS];
	unsigned count = 0;
	relation->kind = MAP_RELATION_OTHER_DISTRIBUTED;
	const char *why = check_parent(reading, relation, row, rows, names, &count);
	if (why) {
		map_builder_refuse(b, relation, why);
		return;
	}
	int group = map_builder_group(b, (int)(relation->oid & INT_MAX));
	if (!map_builder_distribute(b, relation, group, names, count)) {
		map_builder_refuse(b, relation, "its partition key was not found among its columns");
		return;
	}
	for (int i = rows.first; i < rows.end; i++) {
		struct map_shard shard = { .id = cell_oid(partitions, i, PART_OID),
					   .name = PQgetvalue(partitions, i, PART_NAME),
					   .node = node_of(reading, partitions, i) };
		text_hash_bound(cell(partitions, i, PART_BOUND), &shard.modulus, &shard.remainder);
		map_builder_shard(b, group, &shard);
	}
}

static const char *check_columns(const struct map_relation *relation, const char *keys, const char **names,
				 unsigned *count)
{
	int numbers[MAP_MAX_KEYS];
	if (!text_numbers(keys, numbers, MAP_MAX_KEYS, count))
		return "it has too many key columns";
	for (unsigned i = 0; i < *count; i++) {
		if (numbers[i] < 1 || (size_t)numbers[i] > relation->column_count)
			return "its partition key is an expression";
		const struct map_column *column = &relation->columns[numbers[i] - 1];
		if (!key_type_supported(column->type))
			return "the hash of a key column's type is not known here";
		if (!column->collation_deterministic)
			return "a key column has a nondeterministic collation";
		names[i] = column->name;
	}
	return NULL;
}

static const char *check_parent(const struct reading *reading, const struct map_relation *relation, int row,
				struct range rows, const char **names, unsigned *count)
{
	const PGresult *parents = reading->results[QUERY_NATIVE_PARENTS];
	const PGresult *partitions = reading->results[QUERY_NATIVE_PARTITIONS];
	if (cell(parents, row, PARENT_STRATEGY)[0] != 'h')
		return "it is partitioned by list or range, not by hash";
	if (cell_bool(parents, row, PARENT_IS_PARTITION))
		return "it is itself a partition";
	if (cell_bool(parents, row, PARENT_HAS_EXPRESSIONS))
		return "its partition key is an expression";
	if (!cell_bool(parents, row, PARENT_DEFAULT_CLASSES))
		return "its partition key has an operator class that is not the type's default";
	if (!cell_bool(parents, row, PARENT_DETERMINISTIC))
		return "its partition key has a nondeterministic collation";
	const char *why = check_columns(relation, cell(parents, row, PARENT_KEYS), names, count);
	for (int i = rows.first; i < rows.end && why == NULL; i++)
		why = check_partition(partitions, i);
	return why;
}

static const char *check_partition(const PGresult *partitions, int row)
{
	uint32_t modulus, remainder;
	char kind = cell(partitions, row, PART_KIND)[0];
	if (kind == 'p')
		return "its partitions are partitioned themselves";
	if (cell_bool(partitions, row, PART_DETACHING))
		return "a partition is being detached";
	const char *why = text_hash_bound(cell(partitions, row, PART_BOUND), &modulus, &remainder);
	return why || kind != 'f' ? why : check_server(partitions, row);
}

/* --- what is on the nodes --- */

/* Among the node's partitions of that parent, the one with this bound is a plain table of this name. */
static bool has_partition(const PGresult *theirs, struct range rows, const PGresult *ours, int row)
{
	for (int i = rows.first; i < rows.end; i++)
		if (strcmp(cell(theirs, i, PART_BOUND), cell(ours, row, PART_BOUND)) == 0)
			return cell(theirs, i, PART_KIND)[0] == 'r' && !cell_bool(theirs, i, PART_DETACHING) &&
			       strcmp(cell(theirs, i, PART_SCHEMA), cell(ours, row, PART_REMOTE_SCHEMA)) == 0 &&
			       strcmp(cell(theirs, i, PART_NAME), cell(ours, row, PART_REMOTE_NAME)) == 0;
	return false;
}

static bool check_relation(const struct reading *reading, int node, const struct map_relation *relation)
{
	if (relation->kind != MAP_RELATION_HASH)
		return false;
	const PGresult *ours = reading->results[QUERY_NATIVE_PARTITIONS];
	const PGresult *theirs = reading->nodes[node].results[QUERY_NATIVE_PARTITIONS];
	struct range rows = partitions_of(ours, relation), there = partitions_of(theirs, relation);
	for (int i = rows.first; i < rows.end; i++)
		if (node_of(reading, ours, i) == node && !has_partition(theirs, there, ours, i))
			return false;
	return true;
}
