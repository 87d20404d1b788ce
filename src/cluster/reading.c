/* From answers to a map: the order of the steps, and the proof that names are the same on the nodes. */
#include "cluster/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"

static const struct provider *provider_of(const struct reading *reading);
static void prove_names(const struct reading *reading, struct map_builder *b);

void reading_done(struct reading *reading)
{
	for (int i = 0; i < QUERY_COUNT; i++)
		PQclear(reading->results[i]);
	for (size_t i = 0; i < reading->node_count; i++) {
		mem_free(reading->nodes[i].name);
		mem_free(reading->nodes[i].dbname);
		mem_free(reading->nodes[i].refused);
		mem_free(reading->nodes[i].unread);
	}
	*reading = (struct reading){ 0 };
}

long long cell_number(const PGresult *result, int row, int column)
{
	long long value = 0;
	span_to_int(span_text(PQgetvalue(result, row, column)), INT64_MIN, INT64_MAX, &value);
	return value;
}

uint32_t cell_oid(const PGresult *result, int row, int column)
{
	return (uint32_t)cell_number(result, row, column);
}

/* --- kinds --- */

static const struct provider *provider_of(const struct reading *reading)
{
	static const struct provider *const providers[] = {
		[MAP_NONE] = &none_provider, [MAP_NATIVE] = &native_provider, [MAP_CITUS] = &citus_provider
	};
	return providers[reading->kind];
}

const char *reading_see_kind(struct reading *reading, enum cluster_kind wanted)
{
	const PGresult *look = reading->results[QUERY_LOOK];
	bool has_citus = cell_bool(look, 0, LOOK_HAS_NODES);
	bool has_extension = !cell_is_null(look, 0, LOOK_EXTENSION);
	reading->kind = MAP_NONE;
	switch (wanted) {
	case CLUSTER_CITUS:
		if (!has_citus)
			return "cluster = citus, but the database does not have Citus";
		reading->kind = MAP_CITUS;
		break;
	case CLUSTER_NATIVE:
		reading->kind = MAP_NATIVE;
		break;
	case CLUSTER_NONE:
		break;
	case CLUSTER_AUTO:
		if (has_extension && has_citus)
			reading->kind = MAP_CITUS;
		else if (cell_bool(look, 0, LOOK_HAS_FOREIGN_PARTITIONS))
			reading->kind = MAP_NATIVE;
		break;
	}
	if (reading->kind == MAP_CITUS && has_extension && atoi(cell(look, 0, LOOK_EXTENSION)) < 11) {
		reading->kind = MAP_NONE;
		return "Citus older than 11 does not have its metadata on all nodes";
	}
	return NULL;
}

const enum query *reading_plan(const struct reading *reading)
{
	static const enum query *const plans[] = {
		[MAP_NONE] = none_plan, [MAP_NATIVE] = native_plan, [MAP_CITUS] = citus_plan
	};
	return plans[reading->kind];
}

const enum query *reading_node_plan(enum map_kind kind)
{
	return kind == MAP_CITUS ? citus_node_plan : native_node_plan;
}

/* --- nodes --- */

const char *reading_see_nodes(struct reading *reading)
{
	reading_add_node(reading, reading->host, reading->port, NULL, 0, NULL);
	const PGresult *group = reading->results[QUERY_CITUS_GROUP];
	if (rows_of(group) && cell_number(group, 0, 0) != 0)
		return "this server is a worker of its Citus cluster, not the coordinator";
	provider_of(reading)->nodes(reading);
	return NULL;
}

int reading_add_node(struct reading *reading, const char *name, int port, const char *dbname, int32_t group,
		     const char *refused)
{
	for (size_t i = 1; i < reading->node_count; i++) {
		const struct reading_node *known = &reading->nodes[i];
		if (strcmp(known->name, name) == 0 && known->port == port &&
		    (dbname ? known->dbname && strcmp(known->dbname, dbname) == 0 : known->dbname == NULL))
			return (int)i;
	}
	if (reading->node_count == MAP_MAX_NODES)
		return -1;
	struct reading_node *node = &reading->nodes[reading->node_count];
	*node = (struct reading_node){ .name = mem_strdup(name),
				       .dbname = dbname ? mem_strdup(dbname) : NULL,
				       .port = port,
				       .group = group,
				       .refused = refused ? mem_strdup(refused) : NULL };
	return (int)reading->node_count++;
}

/* --- the map --- */

static void add_nodes(const struct reading *reading, struct map_builder *b)
{
	for (size_t i = 0; i < reading->node_count; i++) {
		const struct reading_node *node = &reading->nodes[i];
		const char *why = node->refused;
		if (i > 0 && why == NULL && node->results == NULL)
			why = node->unread ? node->unread : "it was not read";
		if (i > 0 && why == NULL)
			why = provider_of(reading)->check_node(reading, node);
		if (i > 0 && why == NULL)
			why = catalog_compare(reading, node);
		struct map_node added = {
			.name = node->name, .port = node->port, .dbname = node->dbname, .group = node->group
		};
		added.routable = why == NULL;
		int index = map_builder_node(b, &added);
		if (why)
			map_builder_node_refuse(b, index, why);
	}
}

struct map *reading_map(const struct reading *reading,
			const char *(*refuse)(const void *arg, const struct map_relation *), const void *arg,
			const char *self_test)
{
	struct map_builder *b = map_builder_new(reading->kind, reading->epoch);
	add_nodes(reading, b);
	catalog_fill(reading, b);
	provider_of(reading)->fill(reading, b);
	prove_names(reading, b);
	const PGresult *relations = reading->results[QUERY_RELATIONS];
	for (int row = 0; refuse && row < rows_of(relations); row++) {
		struct map_relation *relation = map_builder_find(b, cell_oid(relations, row, RELATION_OID));
		const char *why = relation->kind == MAP_RELATION_HASH ? refuse(arg, relation) : NULL;
		if (why)
			map_builder_refuse(b, relation, why);
	}
	if (self_test)
		map_builder_self_test(b, self_test);
	return map_builder_finish(b);
}

/* --- names on other nodes --- */

/* The coordinator's relations by "schema.name" and, chained, by name alone; and what is known of
 * each on the node under scrutiny. A dot in a name does no harm: a NUL is what parts them. */
struct known {
	struct table_item by_full_name, by_name;
	struct known *same_name; /* the next one of this name in another schema */
	struct map_relation *relation;
	char *key;
	const char *fingerprint; /* NULL: not distributed, so never the same elsewhere */
	bool same;
};

struct names {
	struct table by_full_name, by_name;
	struct known *all;
	int count;
};

static struct span full_name(struct buf *b, const char *schema, const char *name)
{
	buf_clear(b);
	buf_add(b, schema, strlen(schema) + 1);
	buf_add_text(b, name);
	return buf_span(b);
}

static struct known *find_known(const struct names *names, struct buf *scratch, const char *schema, const char *name)
{
	struct table_item *it = table_find(&names->by_full_name, full_name(scratch, schema, name));
	return it ? TABLE_ITEM(it, struct known, by_full_name) : NULL;
}

static void names_init(struct names *names, const struct reading *reading, struct map_builder *b, struct buf *scratch)
{
	const PGresult *relations = reading->results[QUERY_RELATIONS];
	const PGresult *prints = reading->results[provider_of(reading)->fingerprints];
	*names = (struct names){ .count = rows_of(relations) };
	table_init(&names->by_full_name);
	table_init(&names->by_name);
	names->all = mem_array((size_t)names->count + 1, sizeof *names->all);
	for (int row = 0; row < names->count; row++) {
		struct known *known = &names->all[row];
		struct span full =
			full_name(scratch, cell(relations, row, RELATION_SCHEMA), cell(relations, row, RELATION_NAME));
		known->relation = map_builder_find(b, cell_oid(relations, row, RELATION_OID));
		known->key = mem_alloc(full.len);
		memcpy(known->key, full.ptr, full.len);
		if (table_find(&names->by_full_name, full) == NULL)
			table_add(&names->by_full_name, &known->by_full_name, span_of(known->key, full.len));
		struct span name = span_text(cell(relations, row, RELATION_NAME));
		struct table_item *other = table_find(&names->by_name, name);
		if (other) {
			known->same_name = TABLE_ITEM(other, struct known, by_name)->same_name;
			TABLE_ITEM(other, struct known, by_name)->same_name = known;
		} else {
			table_add(&names->by_name, &known->by_name, name);
		}
	}
	for (int row = 0; row < rows_of(prints); row++) {
		struct known *known =
			find_known(names, scratch, cell(prints, row, PRINT_SCHEMA), cell(prints, row, PRINT_NAME));
		if (known)
			known->fingerprint = cell(prints, row, PRINT_TEXT);
	}
}

static void names_done(struct names *names)
{
	for (int i = 0; i < names->count; i++)
		mem_free(names->all[i].key);
	mem_free(names->all);
	table_done(&names->by_full_name);
	table_done(&names->by_name);
}

/* A relation is the same on a node if it is distributed and its fingerprint is. Whatever else the
 * node has makes its name doubtful in every schema there: it could be found earlier in search_path. */
static void prove_names_on(const struct reading *reading, int index, struct names *names, struct buf *scratch)
{
	const struct provider *provider = provider_of(reading);
	PGresult *const *theirs = reading->nodes[index].results;
	for (int i = 0; i < names->count; i++)
		names->all[i].same = false;
	const PGresult *prints = theirs[provider->fingerprints];
	for (int row = 0; row < rows_of(prints); row++) {
		struct known *known =
			find_known(names, scratch, cell(prints, row, PRINT_SCHEMA), cell(prints, row, PRINT_NAME));
		known = known && known->fingerprint ? known : NULL;
		if (known && strcmp(known->fingerprint, cell(prints, row, PRINT_TEXT)) == 0 &&
		    provider->check_relation(reading, index, known->relation))
			known->same = true;
	}
	uint64_t bit = (uint64_t)1 << index;
	for (int i = 0; i < names->count; i++)
		if (names->all[i].same)
			names->all[i].relation->same_on |= bit;
	const PGresult *relations = theirs[QUERY_RELATIONS];
	for (int row = 0; row < rows_of(relations); row++) {
		const char *schema = cell(relations, row, RELATION_SCHEMA), *name = cell(relations, row, RELATION_NAME);
		if (strcmp(schema, "pg_catalog") == 0 || strcmp(schema, "information_schema") == 0)
			continue;
		struct known *here = find_known(names, scratch, schema, name);
		if (here && here->same)
			continue;
		struct table_item *it = table_find(&names->by_name, span_text(name));
		for (struct known *k = it ? TABLE_ITEM(it, struct known, by_name) : NULL; k; k = k->same_name)
			k->relation->same_on &= ~bit;
	}
}

static void prove_names(const struct reading *reading, struct map_builder *b)
{
	struct names names;
	struct buf scratch;
	buf_init(&scratch, 0);
	names_init(&names, reading, b, &scratch);
	for (size_t i = 1; i < reading->node_count; i++)
		if (reading->nodes[i].results)
			prove_names_on(reading, (int)i, &names, &scratch);
	names_done(&names);
	buf_done(&scratch);
}

/* --- the kind none --- */

static void no_nodes(struct reading *reading)
{
	(void)reading;
}

static void fill_nothing(const struct reading *reading, struct map_builder *b)
{
	(void)reading;
	(void)b;
}

const struct provider none_provider = { .nodes = no_nodes, .fill = fill_nothing, .fingerprints = QUERY_CITUS_PRINTS };
