/* SHOW MAP, NODES, TABLES and SHARDS: what the watcher last read, as this loop has it. A
 * database that nobody uses has no map; its row says so. */
#include <stdio.h>

#include "admin/ask.h"
#include "admin/known.h"
#include "admin/show.h"
#include "base/clock.h"
#include "base/mem.h"

enum { WHY_BYTES = 300 };

/* Calls back for each database, then answers. */
static void show_each(struct ask *ask, void (*on_known)(struct ask *ask, const struct known *known))
{
	struct known_list list = known_list(ask);
	ask_columns(ask);
	for (size_t i = 0; i < list.count; i++)
		on_known(ask, &list.items[i]);
	known_list_done(&list);
	ask_complete(ask, "SHOW");
}

/* Why there is no map, where the watcher has nothing to say. */
static const char *why_no_map(const struct known *known)
{
	if (known->error[0])
		return known->error;
	if (known->conf && known->conf->cluster == CLUSTER_NONE)
		return "cluster = none";
	return strcmp(known->state, "off") == 0 ? "the map is read while the database has clients" : "";
}

/* --- map --- */

static void map_row(struct ask *ask, const struct known *known)
{
	struct answer *a = &ask->answer;
	const struct map *map = known->map;
	answer_row(a);
	answer_text(a, known->name);
	answer_text(a, known->kind);
	answer_number(a, map ? (long long)map_version(map) : 0);
	answer_number(a, map ? (long long)map_epoch(map) : 0);
	if (map)
		answer_number(a, (clock_now_us() - map_loaded_us(map)) / 1000);
	else
		answer_null(a);
	answer_number(a, map ? (long long)map_relation_count(map) : 0);
	answer_number(a, map ? (long long)map_group_count(map) : 0);
	answer_number(a, map ? (long long)map_node_count(map) : 0);
	answer_text(a, known->source);
	answer_text(a, known->state);
	answer_text(a, map ? map_self_test(map) : "");
	answer_text(a, map ? known->error : why_no_map(known));
	answer_yes_no(a, map && cluster_map_is_current(known->cluster, map));
	answer_row_end(a);
}

void show_map(struct ask *ask)
{
	show_each(ask, map_row);
}

/* --- nodes --- */

static void node_row(struct ask *ask, const struct known *known, int node)
{
	struct answer *a = &ask->answer;
	char address[TARGET_NODE_BYTES], why_down[WHY_BYTES];
	const struct map_node *of_map = known->map ? map_node(known->map, (size_t)node) : NULL;
	struct account *account = known_account(ask, known, node);
	bool down = account_is_down(account, clock_now_us());
	account_why_down(account, why_down, sizeof why_down);
	known_address(ask, known, node, address);
	char *colon = strrchr(address, ':');
	answer_row(a);
	answer_text(a, known->name);
	answer_number(a, node);
	if (of_map) {
		answer_text(a, of_map->name);
		answer_number(a, of_map->port);
	} else {
		answer_span(a, span_of(address, (size_t)(colon - address)));
		answer_text(a, colon + 1);
	}
	answer_text(a, address);
	answer_text(a, node == MAP_NODE_COORDINATOR ? "coordinator" : "worker");
	answer_yes_no(a, of_map && of_map->routable);
	answer_text(a, down ? "down" : known->map || strcmp(known->state, "off") != 0 ? "up" : "off");
	answer_text(a, down ? why_down : of_map == NULL ? why_no_map(known) : of_map->why ? of_map->why : "");
	answer_number(a, account_count(account));
	answer_number(a, account_limit(account));
	answer_row_end(a);
}

static void node_rows(struct ask *ask, const struct known *known)
{
	size_t count = known->map ? map_node_count(known->map) : 1;
	for (size_t node = 0; node < count; node++)
		node_row(ask, known, (int)node);
}

void show_nodes(struct ask *ask)
{
	show_each(ask, node_rows);
}

/* --- tables --- */

/* Relations that a user knows as tables. */
static bool is_table(const struct map_relation *relation)
{
	static const char *const hidden[] = { "pg_catalog", "information_schema", "pg_toast" };
	if (relation->kind == MAP_RELATION_VIEW || relation->kind == MAP_RELATION_SEQUENCE ||
	    relation->kind == MAP_RELATION_FOREIGN)
		return false;
	for (size_t i = 0; relation->kind == MAP_RELATION_LOCAL && i < MEM_COUNT(hidden); i++)
		if (strcmp(relation->schema, hidden[i]) == 0)
			return false;
	return true;
}

static void add_key(struct answer *a, const struct map_relation *relation)
{
	struct buf key;
	buf_init(&key, 0);
	for (unsigned i = 0; i < relation->key_count; i++)
		buf_add_printf(&key, "%s%s", i ? ", " : "", relation->columns[relation->key_columns[i]].name);
	answer_span(a, buf_span(&key));
	buf_done(&key);
}

/* Nodes that have shards of it, but not the same relation under its name. */
static void differing(const struct map_relation *relation, struct buf *why)
{
	uint64_t nodes = 0;
	for (size_t i = 0; relation->group && i < relation->group->shard_count; i++)
		if (relation->group->shards[i].node >= 0)
			nodes |= UINT64_C(1) << relation->group->shards[i].node;
	nodes &= ~relation->same_on;
	for (int node = 0; node < MAP_MAX_NODES; node++)
		if (nodes & UINT64_C(1) << node)
			buf_add_printf(why, "%s%d", buf_held(why) ? ", " : "not the same on node ", node);
}

static void table_row(struct ask *ask, const struct known *known, const struct map_relation *relation)
{
	struct answer *a = &ask->answer;
	struct buf why;
	bool hash = relation->kind == MAP_RELATION_HASH;
	buf_init(&why, 0);
	if (relation->why)
		buf_add_text(&why, relation->why);
	else if (hash)
		differing(relation, &why);
	else
		buf_add_text(&why, reason_meaning(relation->kind == MAP_RELATION_LOCAL       ? REASON_LOCAL_TABLE
						  : relation->kind == MAP_RELATION_REFERENCE ? REASON_REFERENCE_TABLE
											     : REASON_TABLE_KIND));
	answer_row(a);
	answer_text(a, known->name);
	answer_text(a, relation->schema);
	answer_text(a, relation->name);
	answer_text(a, map_relation_kind_name(relation->kind));
	add_key(a, relation);
	if (relation->group)
		answer_number(a, relation->group->id);
	else
		answer_null(a);
	answer_number(a, relation->group ? (long long)relation->group->shard_count : 0);
	answer_yes_no(a, hash && relation->why == NULL);
	answer_span(a, buf_span(&why));
	answer_row_end(a);
	buf_done(&why);
}

static void table_rows(struct ask *ask, const struct known *known)
{
	size_t count = known->map ? map_relation_count(known->map) : 0;
	for (size_t i = 0; i < count; i++)
		if (is_table(map_relation(known->map, i)))
			table_row(ask, known, map_relation(known->map, i));
}

void show_tables(struct ask *ask)
{
	show_each(ask, table_rows);
}

/* --- shards --- */

static void shard_row(struct ask *ask, const struct known *known, const struct map_group *group,
		      const struct map_shard *shard)
{
	struct answer *a = &ask->answer;
	char address[TARGET_NODE_BYTES];
	answer_row(a);
	answer_text(a, known->name);
	answer_number(a, group->id);
	answer_number(a, shard->id);
	if (group->kind == MAP_CITUS)
		answer_printf(a, "hash %d to %d", shard->min, shard->max);
	else
		answer_printf(a, "modulus %u, remainder %u", shard->modulus, shard->remainder);
	if (shard->node >= 0) {
		answer_number(a, shard->node);
		answer_text(a, known_address(ask, known, shard->node, address));
	} else {
		answer_null(a);
		answer_null(a);
	}
	answer_text(a, shard->name);
	answer_row_end(a);
}

static void shard_rows(struct ask *ask, const struct known *known)
{
	size_t count = known->map ? map_group_count(known->map) : 0;
	for (size_t g = 0; g < count; g++) {
		const struct map_group *group = map_group(known->map, g);
		for (size_t i = 0; i < group->shard_count; i++)
			shard_row(ask, known, group, &group->shards[i]);
	}
}

void show_shards(struct ask *ask)
{
	show_each(ask, shard_rows);
}
