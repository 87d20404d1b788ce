/* A small Citus cluster and a small native one for the router's tests: a coordinator and two
 * workers, four shards that alternate between them. */
#pragma once

#include <stdio.h>

#include "base/mem.h"
#include "route/key.h"
#include "route/map.h"

enum { SMALL_OID_MOOD = 20000, SMALL_COLLATION_DEFAULT = 100, SMALL_COLLATION_ODD = 16999 };

static uint32_t small_next_oid = 17000;

static inline void small_column(struct map_builder *b, struct map_relation *relation, const char *name, uint32_t type,
				int32_t typmod, enum map_default has_default)
{
	bool text = type == TYPE_TEXT || type == TYPE_VARCHAR || type == TYPE_BPCHAR;
	struct map_column column = { .name = name,
				     .type = type,
				     .typmod = typmod,
				     .collation = text ? SMALL_COLLATION_DEFAULT : 0,
				     .collation_deterministic = true,
				     .has_default = has_default };
	map_builder_column(b, relation, &column);
}

/* `columns`: name and type in turn, ended by NULL; without defaults and typmods. */
struct small_column {
	const char *name;
	uint32_t type;
	enum map_default has_default;
	int32_t typmod;
};

static inline struct map_relation *small_relation(struct map_builder *b, const char *schema, const char *name,
						  enum map_relation_kind kind, const struct small_column *columns,
						  const char *key, const char *second_key)
{
	struct map_relation *relation = map_builder_relation(b, small_next_oid++, schema, name, kind);
	const char *keys[] = { key, second_key };
	for (; columns != NULL && columns->name != NULL; columns++)
		small_column(b, relation, columns->name, columns->type, columns->typmod ? columns->typmod : -1,
			     columns->has_default);
	relation->same_on = ~UINT64_C(0);
	if (key != NULL)
		map_builder_distribute(b, relation, 0, keys, second_key ? 2 : 1);
	return relation;
}

static const struct small_column small_orders[] = { { "tenant_id", TYPE_INT8 },
						    { "id", TYPE_INT8 },
						    { "note", TYPE_TEXT },
						    { "amount", TYPE_NUMERIC },
						    { "created", TYPE_TIMESTAMPTZ, MAP_DEFAULT_SAFE },
						    { "tags", 1009 /* text[] */ },
						    { NULL } };
static const struct small_column small_items[] = {
	{ "tenant_id", TYPE_INT8 }, { "order_id", TYPE_INT8 }, { "code", TYPE_TEXT }, { "n", TYPE_INT4 }, { NULL }
};
static const struct small_column small_ints[] = {
	{ "k", TYPE_INT4 }, { "v", TYPE_TEXT }, { "w", TYPE_INT4 }, { NULL }
};
static const struct small_column small_people[] = { { "name", TYPE_TEXT }, { "age", TYPE_INT4 }, { NULL } };
static const struct small_column small_short[] = { { "name", TYPE_VARCHAR, MAP_DEFAULT_NONE, 4 + 4 },
						   { "n", TYPE_INT4 },
						   { NULL } };
static const struct small_column small_uuids[] = { { "id", TYPE_UUID }, { "v", TYPE_TEXT }, { NULL } };
static const struct small_column small_flags[] = { { "on_off", TYPE_BOOL }, { "v", TYPE_TEXT }, { NULL } };
static const struct small_column small_defaults[] = { { "k", TYPE_INT4 },
						      { "id", TYPE_INT8, MAP_DEFAULT_SEQUENCE },
						      { "stamp", TYPE_TEXT, MAP_DEFAULT_OTHER },
						      { "twice", TYPE_INT4, MAP_DEFAULT_GENERATED },
						      { NULL } };
static const struct small_column small_default_key[] = { { "k", TYPE_INT4, MAP_DEFAULT_SAFE },
							 { "v", TYPE_TEXT },
							 { NULL } };
static const struct small_column small_moods[] = { { "k", TYPE_INT4 }, { "mood", SMALL_OID_MOOD }, { NULL } };
static const struct small_column small_regs[] = { { "k", TYPE_INT4 }, { "c", 2205 /* regclass */ }, { NULL } };
static const struct small_column small_countries[] = { { "code", TYPE_TEXT }, { "title", TYPE_TEXT }, { NULL } };

static inline void small_nodes(struct map_builder *b)
{
	for (int i = 0; i < 3; i++) {
		struct map_node node = { .name = "localhost", .port = 5432 + i, .group = i, .routable = true };
		map_builder_node(b, &node);
	}
	map_builder_schema(b, "public");
	map_builder_schema(b, "pg_catalog");
	map_builder_encoding(b, "UTF8");
}

static inline struct map *small_citus_map(void)
{
	struct map_builder *b = map_builder_new(MAP_CITUS, 1);
	small_nodes(b);
	map_builder_group(b, 1);
	for (int i = 0; i < 4; i++) {
		struct map_shard shard = { .id = 102000 + i,
					   .min = (int32_t)(INT32_MIN + (int64_t)i * (1 << 30)),
					   .max = (int32_t)(INT32_MIN + (int64_t)(i + 1) * (1 << 30) - 1),
					   .node = 1 + i % 2 };
		map_builder_shard(b, 0, &shard);
	}
	small_relation(b, "public", "orders", MAP_RELATION_HASH, small_orders, "tenant_id", NULL);
	small_relation(b, "public", "items", MAP_RELATION_HASH, small_items, "tenant_id", NULL);
	small_relation(b, "public", "Odd Name", MAP_RELATION_HASH, small_ints, "k", NULL);
	small_relation(b, "public", "ints", MAP_RELATION_HASH, small_ints, "k", NULL);
	small_relation(b, "public", "people", MAP_RELATION_HASH, small_people, "name", NULL);
	small_relation(b, "public", "short", MAP_RELATION_HASH, small_short, "name", NULL);
	small_relation(b, "public", "uuids", MAP_RELATION_HASH, small_uuids, "id", NULL);
	small_relation(b, "public", "flags", MAP_RELATION_HASH, small_flags, "on_off", NULL);
	small_relation(b, "public", "defaults", MAP_RELATION_HASH, small_defaults, "k", NULL);
	small_relation(b, "public", "default_key", MAP_RELATION_HASH, small_default_key, "k", NULL);
	small_relation(b, "public", "moods", MAP_RELATION_HASH, small_moods, "k", NULL);
	small_relation(b, "public", "regs", MAP_RELATION_HASH, small_regs, "k", NULL);
	small_relation(b, "s2", "ints", MAP_RELATION_HASH, small_ints, "k", NULL);
	small_relation(b, "s2", "only_here", MAP_RELATION_HASH, small_ints, "k", NULL);
	small_relation(b, "joe", "joes", MAP_RELATION_HASH, small_ints, "k", NULL);
	small_relation(b, "public", "countries", MAP_RELATION_REFERENCE, small_countries, NULL, NULL);
	small_relation(b, "public", "notes", MAP_RELATION_LOCAL, small_ints, NULL, NULL);
	small_relation(b, "public", "a_view", MAP_RELATION_VIEW, small_ints, NULL, NULL);
	small_relation(b, "public", "one_shard", MAP_RELATION_SINGLE_SHARD, small_ints, NULL, NULL);
	small_relation(b, "public", "half", MAP_RELATION_HASH, small_ints, "k", NULL)->same_on = 1 << 0 | 1 << 2;
	small_relation(b, "public", "half_reference", MAP_RELATION_REFERENCE, small_countries, NULL, NULL)->same_on = 1;
	map_builder_refuse(b, small_relation(b, "public", "refused", MAP_RELATION_HASH, small_ints, "k", NULL), "x");
	small_relation(b, "public", "odd_collation", MAP_RELATION_HASH, small_people, "name", NULL)
		->columns[0]
		.collation_deterministic = false;
	map_builder_user_function(b, "myfunc");
	map_builder_user_function(b, "initcap"); /* hides, or overloads, PostgreSQL's own */
	map_builder_user_type(b, "mood");
	map_builder_user_type(b, "numrange");
	map_builder_user_operator(b, "=", SMALL_OID_MOOD, SMALL_OID_MOOD);
	map_builder_user_operator(b, "%", TYPE_TEXT, TYPE_TEXT);
	return map_builder_finish(b);
}

/* Partitioned tables with two key columns, and with one. */
static inline struct map *small_native_map(void)
{
	static const char *const names[] = { "p0", "p1", "p2", "p3" };
	static const struct small_column pairs[] = {
		{ "a", TYPE_INT8 }, { "b", TYPE_TEXT }, { "v", TYPE_INT4 }, { NULL }
	};
	struct map_builder *b = map_builder_new(MAP_NATIVE, 1);
	small_nodes(b);
	map_builder_group(b, 1);
	for (unsigned i = 0; i < 4; i++) {
		struct map_shard shard = {
			.id = 500 + i, .name = names[i], .modulus = 4, .remainder = i, .node = 1 + (int)i % 2
		};
		map_builder_shard(b, 0, &shard);
	}
	small_relation(b, "public", "pairs", MAP_RELATION_HASH, pairs, "a", "b");
	small_relation(b, "public", "ints", MAP_RELATION_HASH, small_ints, "k", NULL);
	return map_builder_finish(b);
}

/* The node that has the row of this key; the second key column's value may be NULL. */
static inline int small_node_of(const struct map *map, const char *schema, const char *name, const char *key,
				const char *second)
{
	const struct map_relation *relation = map_find_relation(map, span_text(schema), span_text(name));
	struct key_value values[2];
	if (!key_from_text(&values[0], relation->columns[relation->key_columns[0]].type, span_text(key)) ||
	    (second && !key_from_text(&values[1], relation->columns[relation->key_columns[1]].type, span_text(second))))
		return -1;
	const struct map_shard *shard = map_find_shard(relation, values);
	return shard ? shard->node : -1;
}
