/* The generated lists of builtin.h, the user's own objects from the map, and a table of the
 * functions of PostgreSQL and Citus that leave something behind. */
#include "route/trust.h"

#include "base/mem.h"
#include "route/builtin.h"

enum {
	EFFECTS_OF_USER_CODE = EFFECT_WRITES | EFFECT_USER_CODE | EFFECT_SETTINGS_UNKNOWN | EFFECT_SEQUENCE,
	EFFECTS_OF_CLUSTER_CHANGE = EFFECTS_OF_USER_CODE | EFFECT_NAMES | EFFECT_LOCKS,
};

/* By name, or by its beginning if that ends with *. The first row that fits counts. */
struct special_call {
	const char *name;
	unsigned effects;
	enum pin pin;
};
static const struct special_call special_calls[] = {
	{ "pg_advisory_lock", EFFECT_LOCKS, PIN_ADVISORY_LOCK },
	{ "pg_advisory_lock_shared", EFFECT_LOCKS, PIN_ADVISORY_LOCK },
	{ "pg_try_advisory_lock", EFFECT_LOCKS, PIN_ADVISORY_LOCK },
	{ "pg_try_advisory_lock_shared", EFFECT_LOCKS, PIN_ADVISORY_LOCK },
	{ "pg_advisory_*", EFFECT_LOCKS, PIN_NONE },
	{ "pg_try_advisory_*", EFFECT_LOCKS, PIN_NONE },
	{ "set_config", EFFECT_SETTINGS_UNKNOWN, PIN_SET_CONFIG }, /* see is_local */
	{ "currval", 0, PIN_CURRVAL },
	{ "lastval", 0, PIN_CURRVAL },
	{ "setseed", 0, PIN_CURRVAL },
	{ "nextval", EFFECT_WRITES | EFFECT_SEQUENCE, PIN_NONE },
	{ "setval", EFFECT_WRITES | EFFECT_SEQUENCE, PIN_NONE },
	{ "query_to_xml*", EFFECTS_OF_USER_CODE, PIN_NONE }, /* these run a text that they are given */
	{ "cursor_to_xml*", EFFECTS_OF_USER_CODE, PIN_NONE },
	{ "ts_stat", EFFECTS_OF_USER_CODE, PIN_NONE },
	{ "ts_rewrite", EFFECTS_OF_USER_CODE, PIN_NONE },
	{ "pg_import_system_collations", EFFECT_WRITES | EFFECT_NAMES, PIN_NONE },
	/* Citus: what moves shards, or changes what tables and nodes are. */
	{ "citus_version", 0, PIN_NONE },
	{ "citus_table_size", 0, PIN_NONE },
	{ "citus_relation_size", 0, PIN_NONE },
	{ "citus_total_relation_size", 0, PIN_NONE },
	{ "citus_shard_sizes", 0, PIN_NONE },
	{ "citus_is_coordinator", 0, PIN_NONE },
	{ "citus_backend_gpid", 0, PIN_NONE },
	{ "citus_stat_*", 0, PIN_NONE },
	{ "citus_*", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "master_*", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "create_distributed_table*", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "create_reference_table", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "create_distributed_function", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "undistribute_table", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "alter_distributed_table", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "alter_table_set_access_method", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "update_distributed_table_colocation", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "mark_tables_colocated", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "upgrade_to_reference_table", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "truncate_local_data_after_distributing_table", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "remove_local_tables_from_metadata", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "isolate_tenant_to_new_shard", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "rebalance_table_shards", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "replicate_table_shards", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "replicate_reference_tables", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "start_metadata_sync_to_*", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "stop_metadata_sync_to_node", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "run_command_on_*", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "recover_prepared_transactions", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "alter_old_partitions_set_access_method", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "create_time_partitions", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
	{ "drop_old_time_partitions", EFFECTS_OF_CLUSTER_CHANGE, PIN_NONE },
};

static bool in_pg_catalog(const struct tree *node);
static bool named_in_setting(struct span list, const struct tree *call);
static const struct special_call *special_call(const char *name);
static bool is_local(const struct tree *set_config);

bool trust_call(const struct trust *trust, const struct tree *call)
{
	struct span name = span_text(tree_own_name(call));
	if (tree_name_count(call) > 2)
		return false;
	if (named_in_setting(trust->route_functions, call))
		return true;
	if (in_pg_catalog(call))
		return builtin_function_allowed(name);
	return tree_schema(call) == NULL && builtin_function_allowed(name) && !map_has_user_function(trust->map, name);
}

/* A user's operator over his own types cannot be chosen for PostgreSQL's types. */
bool trust_operator(const struct trust *trust, const struct tree *node)
{
	struct span name = span_text(tree_own_name(node));
	if (tree_name_count(node) > 2 || !builtin_operator_allowed(name))
		return false;
	if (in_pg_catalog(node))
		return true;
	if (tree_schema(node) != NULL)
		return false;
	size_t count;
	const struct map_operator *others = map_user_operators(trust->map, name, &count);
	for (size_t i = 0; i < count; i++)
		if (others[i].left < TYPE_FIRST_USER_DEFINED && others[i].right < TYPE_FIRST_USER_DEFINED)
			return false;
	return true;
}

uint32_t trust_type(const struct trust *trust, const struct tree *cast)
{
	const char *name = tree_own_name(cast);
	uint32_t type = builtin_type(span_text(name));
	if ((cast->mark & CAST_ODD) || tree_name_count(cast) > 2 || !builtin_cast_allowed(type))
		return 0;
	if (!in_pg_catalog(cast) && (tree_schema(cast) != NULL || map_has_user_type(trust->map, span_text(name)) ||
				     names_hides_type(trust->names, name)))
		return 0;
	return cast->mark & CAST_ARRAY ? (uint32_t)TRUST_SOME_ARRAY : type;
}

/* Other collations come from the operating system, node by node. */
bool trust_collation(const struct tree *collate)
{
	static const char *const same[] = { "C", "POSIX", "default", "ucs_basic" };
	const char *schema = tree_schema(collate);
	if (schema != NULL && strcmp(schema, "pg_catalog") != 0)
		return false;
	for (size_t i = 0; i < MEM_COUNT(same); i++)
		if (strcmp(tree_own_name(collate), same[i]) == 0)
			return true;
	return false;
}

unsigned trust_call_effects(const struct trust *trust, const struct tree *call, enum pin *pin)
{
	struct span name = span_text(tree_own_name(call));
	const struct special_call *special = special_call(tree_own_name(call));
	bool users = !builtin_function_exists(name) || (tree_schema(call) != NULL && !in_pg_catalog(call)) ||
		     (tree_schema(call) == NULL && trust->map != NULL && map_has_user_function(trust->map, name));
	unsigned effects = special ? special->effects : 0;
	*pin = special ? special->pin : PIN_NONE;
	if (*pin == PIN_SET_CONFIG && is_local(call))
		*pin = PIN_NONE;
	if (users && named_in_setting(trust->route_functions, call))
		return effects | EFFECT_WRITES | EFFECT_USER_CODE;
	if (users)
		return effects | EFFECTS_OF_USER_CODE;
	return effects | (builtin_function_allowed(name) ? 0 : EFFECT_WRITES);
}

/* PostgreSQL's own leave nothing behind, allowed or not (@@ reads default_text_search_config). With a map it
 * is known whether there are others of that name. */
unsigned trust_operator_effects(const struct trust *trust, const struct tree *node)
{
	struct span name = span_text(tree_own_name(node));
	size_t others = 0;
	if (in_pg_catalog(node))
		return 0;
	if (trust->map == NULL)
		return builtin_operator_allowed(name) || span_is(name, "@@") ? 0 : EFFECTS_OF_USER_CODE;
	map_user_operators(trust->map, name, &others);
	return others == 0 || trust_operator(trust, node) ? 0 : EFFECTS_OF_USER_CODE;
}

static bool in_pg_catalog(const struct tree *node)
{
	const char *schema = tree_schema(node);
	return schema != NULL && tree_name_count(node) == 2 && strcmp(schema, "pg_catalog") == 0;
}

/* "f" in the list trusts f, called with or without a schema; "s.f" trusts s.f only. */
static bool named_in_setting(struct span list, const struct tree *call)
{
	const char *schema = tree_schema(call), *name = tree_own_name(call);
	while (list.len != 0) {
		struct span entry = span_trim(span_split(&list, ','));
		if (span_is(entry, name))
			return true;
		if (schema == NULL || entry.len != strlen(schema) + 1 + strlen(name))
			continue;
		size_t dot = strlen(schema);
		if (memcmp(entry.ptr, schema, dot) == 0 && entry.ptr[dot] == '.' &&
		    memcmp(entry.ptr + dot + 1, name, strlen(name)) == 0)
			return true;
	}
	return false;
}

static const struct special_call *special_call(const char *name)
{
	for (size_t i = 0; i < MEM_COUNT(special_calls); i++) {
		const char *pattern = special_calls[i].name;
		size_t len = strlen(pattern);
		if (pattern[len - 1] == '*' ? strncmp(pattern, name, len - 1) == 0 : strcmp(pattern, name) == 0)
			return &special_calls[i];
	}
	return NULL;
}

static bool is_local(const struct tree *set_config)
{
	const struct tree *argument = set_config->first;
	for (int i = 0; i < 2 && argument != NULL; i++)
		argument = argument->next;
	return argument != NULL && argument->kind == TREE_TRUE;
}
