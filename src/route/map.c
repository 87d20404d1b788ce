/* The shard map: built once by one thread, then only read and counted.
 *
 *    map ─ schemas (table by name) ─ relations (table by name, one a schema)
 *        ├ nodes, relations, groups: arrays in the order they were added
 *        └ functions, types, operators (tables by name), settings (array)
 *
 * Relations and groups are blocks of their own, so that pointers to them stay
 * good while the arrays of pointers grow. Names are looked up without a copy. The
 * builder has the map under construction and what only building needs: tables by OID and by
 * group id. */
#include "route/map.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/table.h"
#include "route/key.h"

/* A native group has an entry for each remainder; PostgreSQL allows moduli that memory does not. */
enum { MAX_MODULUS = 1 << 20 };

struct schema {
	struct table_item by_name;
	char *name;
	struct table relations;
};

struct relation {
	struct map_relation public;
	struct table_item by_name, by_oid;
	size_t column_room;
	struct group *group;
};

struct group {
	struct map_group public;
	struct table_item by_id;
	int index;
	size_t shard_room;
	const char *wrong; /* why its relations are not routable; NULL if it is whole */
};

/* A name that exists, and for operators the operators of that name. */
struct named {
	struct table_item by_name;
	char *name;
	struct map_operator *operators;
	size_t operator_count, operator_room;
};

struct map {
	_Atomic unsigned references;
	enum map_kind kind;
	uint64_t version, epoch;
	int64_t loaded_us;
	bool nonstandard_catalog;
	char *encoding, *self_test;
	struct map_node nodes[MAP_MAX_NODES];
	size_t node_count;
	struct relation **relations;
	size_t relation_count, relation_room;
	struct group **groups;
	size_t group_count, group_room;
	struct table schemas, functions, types, operators;
	struct map_setting *settings;
	size_t setting_count, setting_room;
};

struct map_builder {
	struct map *map;
	struct table by_oid, by_id;
};

static void free_relation(struct relation *relation);
static void free_group(struct group *group);
static void free_schemas(struct table *schemas);
static void free_names(struct table *names);
static void *grow(void *array, size_t count, size_t *room, size_t size);
static char *copy(const char *text);
static void free_text(const char *text);
static struct schema *schema_of(struct map *map, const char *name);
static struct named *name_of(struct table *names, const char *name);
static struct span bytes_of(const void *object, size_t size);
static void finish_group(const struct map *map, struct group *group);
static int compare_ranges(const void *a, const void *b);
static int compare_remainders(const void *a, const void *b);
static const char *check_ranges(const struct map_group *group);
static const char *expand_remainders(struct map_group *group);
static const struct map_shard *shard_of_hash(const struct map_group *group, int32_t hash);
static const struct map_shard *shard_of_remainder(const struct map_group *group, const struct key_value *keys,
						  unsigned key_count);

const char *map_relation_kind_name(enum map_relation_kind kind)
{
	static const char *const names[] = {
		[MAP_RELATION_LOCAL] = "local",
		[MAP_RELATION_VIEW] = "view",
		[MAP_RELATION_SEQUENCE] = "sequence",
		[MAP_RELATION_FOREIGN] = "foreign",
		[MAP_RELATION_HASH] = "hash",
		[MAP_RELATION_REFERENCE] = "reference",
		[MAP_RELATION_SINGLE_SHARD] = "single shard",
		[MAP_RELATION_TENANT] = "tenant",
		[MAP_RELATION_OTHER_DISTRIBUTED] = "other distributed",
	};
	return names[kind];
}

struct map *map_ref(struct map *map)
{
	atomic_fetch_add_explicit(&map->references, 1, memory_order_relaxed);
	return map;
}

void map_unref(struct map *map)
{
	if (map == NULL || atomic_fetch_sub_explicit(&map->references, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < map->node_count; i++) {
		free_text(map->nodes[i].name);
		free_text(map->nodes[i].dbname);
		free_text(map->nodes[i].why);
	}
	free_schemas(&map->schemas);
	for (size_t i = 0; i < map->relation_count; i++)
		free_relation(map->relations[i]);
	for (size_t i = 0; i < map->group_count; i++)
		free_group(map->groups[i]);
	for (size_t i = 0; i < map->setting_count; i++) {
		free_text(map->settings[i].role);
		free_text(map->settings[i].name);
		free_text(map->settings[i].value);
	}
	free_names(&map->functions);
	free_names(&map->types);
	free_names(&map->operators);
	mem_free(map->relations);
	mem_free(map->groups);
	mem_free(map->settings);
	mem_free(map->encoding);
	mem_free(map->self_test);
	mem_free(map);
}

static void free_relation(struct relation *relation)
{
	for (size_t i = 0; i < relation->public.column_count; i++)
		free_text(relation->public.columns[i].name);
	mem_free(relation->public.columns);
	free_text(relation->public.schema);
	free_text(relation->public.name);
	free_text(relation->public.why);
	mem_free(relation);
}

static void free_group(struct group *group)
{
	for (size_t i = 0; i < group->public.shard_count; i++)
		free_text(group->public.shards[i].name);
	mem_free(group->public.shards);
	mem_free(group->public.shard_of_remainder);
	mem_free(group);
}

static void free_schemas(struct table *schemas)
{
	TABLE_EACH (it, schemas) {
		struct schema *schema = TABLE_ITEM(it, struct schema, by_name);
		table_done(&schema->relations);
		mem_free(schema->name);
		mem_free(schema);
	}
	table_done(schemas);
}

static void free_names(struct table *names)
{
	TABLE_EACH (it, names) {
		struct named *named = TABLE_ITEM(it, struct named, by_name);
		for (size_t i = 0; i < named->operator_count; i++)
			free_text(named->operators[i].name);
		mem_free(named->operators);
		mem_free(named->name);
		mem_free(named);
	}
	table_done(names);
}

/* --- reading --- */

enum map_kind map_kind(const struct map *map)
{
	return map->kind;
}

uint64_t map_version(const struct map *map)
{
	return map->version;
}

uint64_t map_epoch(const struct map *map)
{
	return map->epoch;
}

int64_t map_loaded_us(const struct map *map)
{
	return map->loaded_us;
}

size_t map_node_count(const struct map *map)
{
	return map->node_count;
}

const struct map_node *map_node(const struct map *map, size_t index)
{
	assert(index < map->node_count);
	return &map->nodes[index];
}

size_t map_relation_count(const struct map *map)
{
	return map->relation_count;
}

const struct map_relation *map_relation(const struct map *map, size_t index)
{
	assert(index < map->relation_count);
	return &map->relations[index]->public;
}

size_t map_group_count(const struct map *map)
{
	return map->group_count;
}

const struct map_group *map_group(const struct map *map, size_t index)
{
	assert(index < map->group_count);
	return &map->groups[index]->public;
}

const char *map_self_test(const struct map *map)
{
	return map->self_test ? map->self_test : "not run";
}

const char *map_server_encoding(const struct map *map)
{
	return map->encoding ? map->encoding : "";
}

bool map_nonstandard_catalog(const struct map *map)
{
	return map->nonstandard_catalog;
}

const struct map_relation *map_find_relation(const struct map *map, struct span schema, struct span name)
{
	struct table_item *in = table_find(&map->schemas, schema);
	struct table_item *found = in ? table_find(&TABLE_ITEM(in, struct schema, by_name)->relations, name) : NULL;
	return found ? &TABLE_ITEM(found, struct relation, by_name)->public : NULL;
}

bool map_has_schema(const struct map *map, struct span schema)
{
	return table_find(&map->schemas, schema) != NULL;
}

bool map_has_user_function(const struct map *map, struct span name)
{
	return table_find(&map->functions, name) != NULL;
}

bool map_has_user_type(const struct map *map, struct span name)
{
	return table_find(&map->types, name) != NULL;
}

const struct map_operator *map_user_operators(const struct map *map, struct span name, size_t *count)
{
	struct table_item *found = table_find(&map->operators, name);
	struct named *named = found ? TABLE_ITEM(found, struct named, by_name) : NULL;
	*count = named ? named->operator_count : 0;
	return named ? named->operators : NULL;
}

/* In the order of process_settings() (src/backend/utils/init/postinit.c): the first that is found holds. */
const char *map_session_default(const struct map *map, struct span role, const char *name)
{
	static const struct {
		bool for_role, for_database;
	} order[] = { { true, true }, { true, false }, { false, true }, { false, false } };
	for (size_t i = 0; i < MEM_COUNT(order); i++)
		for (size_t j = 0; j < map->setting_count; j++) {
			const struct map_setting *setting = &map->settings[j];
			if ((setting->role != NULL) == order[i].for_role &&
			    setting->for_database == order[i].for_database &&
			    (setting->role == NULL || span_is(role, setting->role)) &&
			    span_is_nocase(span_text(setting->name), name))
				return setting->value;
		}
	return NULL;
}

const struct map_shard *map_find_shard(const struct map_relation *relation, const struct key_value *keys)
{
	const struct map_group *group = relation->group;
	if (relation->kind != MAP_RELATION_HASH || relation->why || group == NULL)
		return NULL;
	for (unsigned i = 0; i < relation->key_count; i++)
		if (keys[i].type != relation->columns[relation->key_columns[i]].type)
			return NULL;
	if (group->kind == MAP_CITUS)
		return shard_of_hash(group, key_hash_citus(&keys[0]));
	return shard_of_remainder(group, keys, relation->key_count);
}

static const struct map_shard *shard_of_hash(const struct map_group *group, int32_t hash)
{
	size_t low = 0, high = group->shard_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct map_shard *shard = &group->shards[middle];
		if (hash < shard->min)
			high = middle;
		else if (hash > shard->max)
			low = middle + 1;
		else
			return shard;
	}
	return NULL;
}

static const struct map_shard *shard_of_remainder(const struct map_group *group, const struct key_value *keys,
						  unsigned key_count)
{
	if (group->shard_of_remainder == NULL)
		return NULL;
	int index = group->shard_of_remainder[key_remainder_native(keys, key_count, group->modulus)];
	return index < 0 ? NULL : &group->shards[index];
}

/* --- building --- */

struct map_builder *map_builder_new(enum map_kind kind, uint64_t epoch)
{
	struct map_builder *b = MEM_NEW(struct map_builder);
	b->map = MEM_NEW(struct map);
	atomic_init(&b->map->references, 1);
	b->map->kind = kind;
	b->map->epoch = epoch;
	table_init(&b->map->schemas);
	table_init(&b->map->functions);
	table_init(&b->map->types);
	table_init(&b->map->operators);
	table_init(&b->by_oid);
	table_init(&b->by_id);
	return b;
}

void map_builder_free(struct map_builder *b)
{
	if (b == NULL)
		return;
	table_done(&b->by_oid);
	table_done(&b->by_id);
	map_unref(b->map);
	mem_free(b);
}

int map_builder_node(struct map_builder *b, const struct map_node *node)
{
	struct map *map = b->map;
	if (map->node_count == MAP_MAX_NODES)
		return -1;
	struct map_node *added = &map->nodes[map->node_count];
	*added = *node;
	added->name = copy(node->name);
	added->dbname = copy(node->dbname);
	added->why = copy(node->why);
	return (int)map->node_count++;
}

void map_builder_node_refuse(struct map_builder *b, int node, const char *why)
{
	assert(node >= 0 && (size_t)node < b->map->node_count);
	struct map_node *refused = &b->map->nodes[node];
	refused->routable = false;
	if (refused->why == NULL)
		refused->why = copy(why);
}

int map_builder_group(struct map_builder *b, int id)
{
	struct map *map = b->map;
	struct table_item *known = table_find(&b->by_id, bytes_of(&id, sizeof id));
	if (known)
		return TABLE_ITEM(known, struct group, by_id)->index;
	struct group *group = MEM_NEW(struct group);
	group->public.id = id;
	group->public.kind = map->kind;
	group->index = (int)map->group_count;
	table_add(&b->by_id, &group->by_id, bytes_of(&group->public.id, sizeof group->public.id));
	map->groups = grow(map->groups, map->group_count, &map->group_room, sizeof *map->groups);
	map->groups[map->group_count++] = group;
	return group->index;
}

void map_builder_shard(struct map_builder *b, int group, const struct map_shard *shard)
{
	assert(group >= 0 && (size_t)group < b->map->group_count);
	struct group *into = b->map->groups[group];
	struct map_group *to = &into->public;
	to->shards = grow(to->shards, to->shard_count, &into->shard_room, sizeof *to->shards);
	struct map_shard *added = &to->shards[to->shard_count++];
	*added = *shard;
	added->name = copy(shard->name);
}

struct map_relation *map_builder_relation(struct map_builder *b, uint32_t oid, const char *schema, const char *name,
					  enum map_relation_kind kind)
{
	struct map *map = b->map;
	struct schema *in = schema_of(map, schema);
	struct table_item *same_name = table_find(&in->relations, span_text(name));
	if (same_name || map_builder_find(b, oid)) {
		struct relation *known = same_name ? TABLE_ITEM(same_name, struct relation, by_name) : NULL;
		struct map_relation *relation = known ? &known->public : map_builder_find(b, oid);
		map_builder_refuse(b, relation, "the catalog was read while it changed: two relations under one name");
		return relation;
	}
	struct relation *relation = MEM_NEW(struct relation);
	relation->public.oid = oid;
	relation->public.schema = copy(schema);
	relation->public.name = copy(name);
	relation->public.kind = kind;
	table_add(&in->relations, &relation->by_name, span_text(relation->public.name));
	table_add(&b->by_oid, &relation->by_oid, bytes_of(&relation->public.oid, sizeof relation->public.oid));
	map->relations = grow(map->relations, map->relation_count, &map->relation_room, sizeof *map->relations);
	map->relations[map->relation_count++] = relation;
	return &relation->public;
}

struct map_relation *map_builder_find(struct map_builder *b, uint32_t oid)
{
	struct table_item *found = table_find(&b->by_oid, bytes_of(&oid, sizeof oid));
	return found ? &TABLE_ITEM(found, struct relation, by_oid)->public : NULL;
}

void map_builder_column(struct map_builder *b, struct map_relation *relation, const struct map_column *column)
{
	(void)b;
	struct relation *to = MEM_CONTAINER(relation, struct relation, public);
	relation->columns =
		grow(relation->columns, relation->column_count, &to->column_room, sizeof *relation->columns);
	struct map_column *added = &relation->columns[relation->column_count++];
	*added = *column;
	added->name = copy(column->name);
}

bool map_builder_distribute(struct map_builder *b, struct map_relation *relation, int group,
			    const char *const *key_columns, unsigned key_count)
{
	struct map *map = b->map;
	unsigned found[MAP_MAX_KEYS];
	if (group < 0 || (size_t)group >= map->group_count || key_count == 0 || key_count > MAP_MAX_KEYS ||
	    (map->kind == MAP_CITUS && key_count != 1))
		return false;
	for (unsigned i = 0; i < key_count; i++) {
		size_t at = 0;
		while (at < relation->column_count && (relation->columns[at].dropped_or_system ||
						       strcmp(relation->columns[at].name, key_columns[i]) != 0))
			at++;
		if (at == relation->column_count)
			return false;
		found[i] = (unsigned)at;
	}
	memcpy(relation->key_columns, found, key_count * sizeof *found);
	relation->key_count = key_count;
	relation->kind = MAP_RELATION_HASH;
	relation->group = &map->groups[group]->public;
	MEM_CONTAINER(relation, struct relation, public)->group = map->groups[group];
	return true;
}

void map_builder_refuse(struct map_builder *b, struct map_relation *relation, const char *why)
{
	(void)b;
	if (relation->why == NULL)
		relation->why = copy(why);
}

void map_builder_schema(struct map_builder *b, const char *name)
{
	schema_of(b->map, name);
}

void map_builder_user_function(struct map_builder *b, const char *name)
{
	name_of(&b->map->functions, name);
}

void map_builder_user_type(struct map_builder *b, const char *name)
{
	name_of(&b->map->types, name);
}

void map_builder_user_operator(struct map_builder *b, const char *name, uint32_t left, uint32_t right)
{
	struct named *named = name_of(&b->map->operators, name);
	named->operators =
		grow(named->operators, named->operator_count, &named->operator_room, sizeof *named->operators);
	named->operators[named->operator_count++] = (struct map_operator){ copy(name), left, right };
}

void map_builder_setting(struct map_builder *b, const struct map_setting *setting)
{
	struct map *map = b->map;
	map->settings = grow(map->settings, map->setting_count, &map->setting_room, sizeof *map->settings);
	struct map_setting *added = &map->settings[map->setting_count++];
	*added = *setting;
	added->role = copy(setting->role);
	added->name = copy(setting->name);
	added->value = copy(setting->value);
}

void map_builder_encoding(struct map_builder *b, const char *server_encoding)
{
	mem_free(b->map->encoding);
	b->map->encoding = copy(server_encoding);
}

void map_builder_nonstandard_catalog(struct map_builder *b)
{
	b->map->nonstandard_catalog = true;
}

void map_builder_self_test(struct map_builder *b, const char *text)
{
	mem_free(b->map->self_test);
	b->map->self_test = copy(text);
}

struct map *map_builder_finish(struct map_builder *b)
{
	/* Not state of the program: only a source of numbers that no two maps share. */
	static _Atomic uint64_t last_version;
	struct map *map = b->map;
	for (size_t i = 0; i < map->group_count; i++)
		finish_group(map, map->groups[i]);
	for (size_t i = 0; i < map->relation_count; i++) {
		struct relation *relation = map->relations[i];
		if (relation->group && relation->group->wrong)
			map_builder_refuse(b, &relation->public, relation->group->wrong);
	}
	map->version = atomic_fetch_add(&last_version, 1) + 1;
	map->loaded_us = clock_now_us();
	table_done(&b->by_oid);
	table_done(&b->by_id);
	mem_free(b);
	return map;
}

static void finish_group(const struct map *map, struct group *group)
{
	struct map_group *public = &group->public;
	for (size_t i = 0; i < public->shard_count; i++)
		if (public->shards[i].node < 0 || (size_t) public->shards[i].node >= map->node_count)
	public->shards[i].node = -1;
	if (public->shard_count == 0) {
		group->wrong = "it has no shards";
	} else if (public->kind == MAP_CITUS) {
		qsort(public->shards, public->shard_count, sizeof *public->shards, compare_ranges);
		group->wrong = check_ranges(public);
	} else {
		qsort(public->shards, public->shard_count, sizeof *public->shards, compare_remainders);
		group->wrong = expand_remainders(public);
	}
}

static int compare_ranges(const void *a, const void *b)
{
	const struct map_shard *x = a, *y = b;
	return (x->min > y->min) - (x->min < y->min);
}

static int compare_remainders(const void *a, const void *b)
{
	const struct map_shard *x = a, *y = b;
	if (x->modulus != y->modulus)
		return x->modulus < y->modulus ? -1 : 1;
	return (x->remainder > y->remainder) - (x->remainder < y->remainder);
}

/* A gap does no harm, its keys have no shard here; an overlap makes both answers doubtful. */
static const char *check_ranges(const struct map_group *group)
{
	for (size_t i = 0; i < group->shard_count; i++) {
		if (group->shards[i].min > group->shards[i].max)
			return "a shard's hash range is empty";
		if (i > 0 && group->shards[i].min <= group->shards[i - 1].max)
			return "hash ranges of its shards overlap";
	}
	return NULL;
}

/* A partition (modulus 4, remainder 1) holds remainders 1 and 5 of modulus 8: all are written out in the greatest
 * modulus, of which PostgreSQL has every other one be a factor. */
static const char *expand_remainders(struct map_group *group)
{
	uint32_t modulus = group->shards[group->shard_count - 1].modulus; /* the greatest, as they are sorted */
	if (modulus > MAX_MODULUS)
		return "its partitions' modulus is too large";
	for (size_t i = 0; i < group->shard_count; i++)
		if (group->shards[i].modulus == 0 || modulus % group->shards[i].modulus != 0 ||
		    group->shards[i].remainder >= group->shards[i].modulus)
			return "its partitions' moduli do not fit together";
	group->modulus = modulus;
	group->shard_of_remainder = mem_array(modulus, sizeof *group->shard_of_remainder);
	for (uint32_t i = 0; i < modulus; i++)
		group->shard_of_remainder[i] = -1;
	for (size_t i = 0; i < group->shard_count; i++)
		for (uint32_t at = group->shards[i].remainder; at < modulus; at += group->shards[i].modulus) {
			if (group->shard_of_remainder[at] >= 0)
				return "remainders of its partitions overlap";
			group->shard_of_remainder[at] = (int)i;
		}
	return NULL;
}

static struct schema *schema_of(struct map *map, const char *name)
{
	struct table_item *found = table_find(&map->schemas, span_text(name));
	if (found)
		return TABLE_ITEM(found, struct schema, by_name);
	struct schema *schema = MEM_NEW(struct schema);
	schema->name = copy(name);
	table_init(&schema->relations);
	table_add(&map->schemas, &schema->by_name, span_text(schema->name));
	return schema;
}

static struct named *name_of(struct table *names, const char *name)
{
	struct table_item *found = table_find(names, span_text(name));
	if (found)
		return TABLE_ITEM(found, struct named, by_name);
	struct named *named = MEM_NEW(struct named);
	named->name = copy(name);
	table_add(names, &named->by_name, span_text(named->name));
	return named;
}

/* Room for one more element; arrays double. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 8;
	return mem_realloc(array, *room * size);
}

static void free_text(const char *text)
{
	mem_free((void *)text);
}

static char *copy(const char *text)
{
	return text ? mem_strdup(text) : NULL;
}

static struct span bytes_of(const void *object, size_t size)
{
	return span_of(object, size);
}
