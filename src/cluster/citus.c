/* Citus: its metadata are tables in pg_catalog, the same on every node.
 *
 *    pg_dist_partition ─ colocationid ─► group ◄─ ranges of the first table of the group
 *    pg_dist_shard ── pg_dist_placement ─ groupid ─► pg_dist_node
 *
 * The ranges of a group are taken from one of its tables, and every other table of the
 * group must have the same ranges on the same nodes, or it is refused. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cluster/reading.h"
#include "cluster/text.h"
#include "route/key.h"

/* Rows of QUERY_CITUS_SHARDS that are of one table. */
struct range {
	int first, end;
};

/* Where the ranges of a colocation group were taken from. */
struct origin {
	int id;
	struct range rows;
};

struct fill {
	const struct reading *reading;
	struct map_builder *b;
	const PGresult *tables, *shards;
	struct origin *origins;
	int origin_count;
};

static void see_nodes(struct reading *reading);
static void fill(const struct reading *reading, struct map_builder *b);
static const char *check_node(const struct reading *reading, const struct reading_node *node);
static bool check_relation(const struct reading *reading, int node, const struct map_relation *relation);
static void fill_table(struct fill *f, int row, struct range rows);
static void distribute(struct fill *f, int row, struct map_relation *relation, struct range rows);
static const char *check_key(const struct map_relation *relation, const char *key, const char **name);
static const char *check_shards(const struct fill *f, struct range rows);
static bool same_shards(const struct fill *f, struct range a, struct range b);
static bool is_tenant(const struct reading *reading, uint32_t schema);

const struct provider citus_provider = { .nodes = see_nodes,
					 .fill = fill,
					 .check_node = check_node,
					 .check_relation = check_relation,
					 .fingerprints = QUERY_CITUS_PRINTS };

static void see_nodes(struct reading *reading)
{
	const PGresult *rows = reading->results[QUERY_CITUS_NODES];
	for (int row = 0; row < rows_of(rows); row++) {
		long long group = cell_number(rows, row, NODE_GROUP);
		bool primary = strcmp(cell(rows, row, NODE_ROLE), "primary") == 0;
		if (group == 0 && primary)
			continue; /* it is known already, by the address of the ini */
		const char *refused = !primary                               ? "it is a secondary"
				      : !cell_bool(rows, row, NODE_ACTIVE)   ? "it is not active"
				      : !cell_bool(rows, row, NODE_METADATA) ? "it does not have the metadata"
				      : !cell_bool(rows, row, NODE_SYNCED)   ? "its metadata are not synced"
									     : NULL;
		reading_add_node(reading, cell(rows, row, NODE_NAME), (int)cell_number(rows, row, NODE_PORT), NULL,
				 (int32_t)group, refused);
	}
}

static const char *check_node(const struct reading *reading, const struct reading_node *node)
{
	const PGresult *group = node->results[QUERY_CITUS_GROUP];
	(void)reading;
	if (rows_of(group) != 1 || cell_number(group, 0, 0) != node->group)
		return "the server at its address says that it is another node of the cluster";
	return NULL;
}

/* Where its shards are is Citus' own business there too. */
static bool check_relation(const struct reading *reading, int node, const struct map_relation *relation)
{
	(void)reading;
	(void)node;
	(void)relation;
	return true;
}

/* --- tables --- */

static void fill(const struct reading *reading, struct map_builder *b)
{
	struct fill f = { .reading = reading,
			  .b = b,
			  .tables = reading->results[QUERY_CITUS_TABLES],
			  .shards = reading->results[QUERY_CITUS_SHARDS] };
	f.origins = mem_array((size_t)rows_of(f.tables) + 1, sizeof *f.origins);
	int shard = 0, shard_count = rows_of(f.shards);
	for (int row = 0; row < rows_of(f.tables); row++) {
		uint32_t oid = cell_oid(f.tables, row, TABLE_OID);
		while (shard < shard_count && cell_oid(f.shards, shard, SHARD_TABLE) < oid)
			shard++;
		struct range rows = { shard, shard };
		while (rows.end < shard_count && cell_oid(f.shards, rows.end, SHARD_TABLE) == oid)
			rows.end++;
		fill_table(&f, row, rows);
		shard = rows.end;
	}
	mem_free(f.origins);
}

static void fill_table(struct fill *f, int row, struct range rows)
{
	struct map_relation *relation = map_builder_find(f->b, cell_oid(f->tables, row, TABLE_OID));
	if (relation == NULL)
		return;
	char model = cell(f->tables, row, TABLE_MODEL)[0];
	switch (cell(f->tables, row, TABLE_METHOD)[0]) {
	case 'h':
		relation->kind = MAP_RELATION_OTHER_DISTRIBUTED;
		distribute(f, row, relation, rows);
		break;
	case 'n':
		if (model == 't')
			relation->kind = MAP_RELATION_REFERENCE;
		else if (is_tenant(f->reading, cell_oid(f->tables, row, TABLE_SCHEMA)))
			relation->kind = MAP_RELATION_TENANT;
		else if (cell_number(f->tables, row, TABLE_COLOCATION) > 0)
			relation->kind = MAP_RELATION_SINGLE_SHARD;
		/* else a local table of the coordinator that Citus manages */
		break;
	default:
		relation->kind = MAP_RELATION_OTHER_DISTRIBUTED;
		map_builder_refuse(f->b, relation, "it is distributed by range or append, not by hash");
	}
}

static int node_of_group(const struct reading *reading, const PGresult *rows, int row)
{
	if (cell_is_null(rows, row, SHARD_GROUP))
		return -1;
	long long group = cell_number(rows, row, SHARD_GROUP);
	for (size_t i = 0; i < reading->node_count; i++) /* of a group's nodes the primary comes first */
		if (reading->nodes[i].group == group)
			return (int)i;
	return -1;
}

static void distribute(struct fill *f, int row, struct map_relation *relation, struct range rows)
{
	const char *name;
	const char *why = check_key(relation, cell(f->tables, row, TABLE_KEY), &name);
	if (why == NULL)
		why = check_shards(f, rows);
	if (why) {
		map_builder_refuse(f->b, relation, why);
		return;
	}
	int id = (int)cell_number(f->tables, row, TABLE_COLOCATION);
	if (id <= 0) /* a group of its own */
		id = -(int)(relation->oid & INT_MAX);
	int at = 0;
	while (at < f->origin_count && f->origins[at].id != id)
		at++;
	if (at < f->origin_count && !same_shards(f, f->origins[at].rows, rows)) {
		map_builder_refuse(f->b, relation, "its shards are not where those of its colocation group are");
		return;
	}
	int group = map_builder_group(f->b, id);
	if (!map_builder_distribute(f->b, relation, group, &name, 1)) {
		map_builder_refuse(f->b, relation, "its distribution column was not found");
		return;
	}
	if (at < f->origin_count)
		return;
	f->origins[f->origin_count++] = (struct origin){ id, rows };
	for (int i = rows.first; i < rows.end; i++) {
		struct map_shard shard = { .id = cell_number(f->shards, i, SHARD_ID),
					   .min = (int32_t)cell_number(f->shards, i, SHARD_MIN),
					   .max = (int32_t)cell_number(f->shards, i, SHARD_MAX),
					   .node = node_of_group(f->reading, f->shards, i) };
		map_builder_shard(f->b, group, &shard);
	}
}

static const char *check_key(const struct map_relation *relation, const char *key, const char **name)
{
	int number;
	if (!text_key_column(key, &number) || (size_t)number > relation->column_count)
		return "its distribution column could not be read from the metadata";
	const struct map_column *column = &relation->columns[number - 1];
	*name = column->name;
	if (!key_type_supported(column->type))
		return "the hash of its distribution column's type is not known here";
	if (!column->collation_deterministic)
		return "its distribution column has a nondeterministic collation";
	return NULL;
}

static const char *check_shards(const struct fill *f, struct range rows)
{
	for (int i = rows.first; i < rows.end; i++) {
		long long min, max;
		if (!span_to_int(span_text(cell(f->shards, i, SHARD_MIN)), INT32_MIN, INT32_MAX, &min) ||
		    !span_to_int(span_text(cell(f->shards, i, SHARD_MAX)), INT32_MIN, INT32_MAX, &max))
			return "a shard has no range";
		if (i > rows.first && cell_number(f->shards, i - 1, SHARD_ID) == cell_number(f->shards, i, SHARD_ID))
			return "its shards have several placements each";
	}
	return NULL;
}

static bool same_shards(const struct fill *f, struct range a, struct range b)
{
	static const int columns[] = { SHARD_MIN, SHARD_MAX, SHARD_GROUP };
	if (a.end - a.first != b.end - b.first)
		return false;
	for (int i = 0; i < a.end - a.first; i++)
		for (size_t column = 0; column < MEM_COUNT(columns); column++)
			if (strcmp(cell(f->shards, a.first + i, columns[column]),
				   cell(f->shards, b.first + i, columns[column])) != 0)
				return false;
	return true;
}

static bool is_tenant(const struct reading *reading, uint32_t schema)
{
	const PGresult *rows = reading->results[QUERY_CITUS_TENANTS];
	for (int row = 0; row < rows_of(rows); row++)
		if (cell_oid(rows, row, 0) == schema)
			return true;
	return false;
}
