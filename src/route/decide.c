/* Every tie gives a shard, every shard a node; all must agree, and the node must have everything
 * that the statement names. A column that must equal several values is on the nodes of all
 * of them at once: those whose hash is certain must agree too. */
#include "route/decide.h"

static enum reason tie_shard(const struct reading *reading, const struct tie *tie, const struct route_param *params,
			     unsigned param_count, const struct map_shard **shard);
static enum reason alternatives_agree(const struct reading *reading, const struct tie *tie,
				      const struct route_param *params, unsigned param_count, struct key_value *values,
				      unsigned key, const struct source *used, const struct map_shard *shard);
static enum reason first_certain(const struct reading *reading, const struct tie *tie, unsigned key,
				 const struct route_param *params, unsigned param_count, struct key_value *value,
				 char *room, const struct source **used);
static enum reason literal_value(const struct reading *reading, const struct source *source, uint32_t type,
				 struct key_value *value, char *room);
static enum reason node_has_all(const struct map *map, const struct recipe *recipe, int node);

static struct route_decision to_coordinator(enum reason reason)
{
	return (struct route_decision){ .kind = ROUTE_COORDINATOR, .node = MAP_NODE_COORDINATOR, .reason = reason };
}

struct route_decision decide_recipe(const struct reading *reading, const struct recipe *recipe,
				    const struct route_param *params, unsigned param_count)
{
	const struct map_shard *first = NULL;
	if (recipe->kind == RECIPE_COORDINATOR)
		return to_coordinator(recipe->reason);
	if (recipe->kind == RECIPE_ANYWHERE)
		return (struct route_decision){ .kind = ROUTE_ANYWHERE, .reason = recipe->reason };
	for (const struct tie *tie = recipe->ties; tie != NULL; tie = tie->next) {
		const struct map_shard *shard;
		enum reason reason = tie_shard(reading, tie, params, param_count, &shard);
		if (reason != REASON_KEY)
			return to_coordinator(reason);
		if (first == NULL)
			first = shard;
		if (shard->node != first->node)
			return to_coordinator(REASON_MULTI_NODE);
	}
	enum reason reason = first ? node_has_all(reading->plan->map, recipe, first->node) : REASON_NO_KEY;
	if (reason != REASON_KEY)
		return to_coordinator(reason);
	return (struct route_decision){ .kind = ROUTE_NODE, .node = first->node, .reason = REASON_KEY, .shard = first };
}

enum reason decide_value(const struct reading *reading, const struct source *source, const struct map_column *column,
			 int32_t typmod, const struct route_param *params, unsigned param_count,
			 struct key_value *value, char *room)
{
	enum reason reason = REASON_KEY_VALUE;
	switch (source->kind) {
	case SOURCE_SLOT:
		reason = literal_value(reading, source, column->type, value, room);
		break;
	case SOURCE_PARAM:
		if (source->index >= param_count)
			break;
		if (params[source->index].null)
			return REASON_KEY_NULL;
		if (key_from_parameter(value, column->type, source->declared, params[source->index].binary,
				       params[source->index].bytes))
			reason = REASON_KEY;
		break;
	case SOURCE_TRUE:
	case SOURCE_FALSE:
		if (column->type == TYPE_BOOL &&
		    key_from_text(value, TYPE_BOOL, span_text(source->kind == SOURCE_TRUE ? "true" : "false")))
			reason = REASON_KEY;
		break;
	case SOURCE_NULL:
		return REASON_KEY_NULL;
	case SOURCE_UNCERTAIN:
		break;
	}
	if (reason != REASON_KEY)
		return reason;
	if (!reading->plan->encoding_matches && key_needs_encoding(value))
		return REASON_KEY_VALUE;
	return key_stored_as_is(value, typmod) ? REASON_KEY : REASON_KEY_VALUE;
}

static enum reason tie_shard(const struct reading *reading, const struct tie *tie, const struct route_param *params,
			     unsigned param_count, const struct map_shard **shard)
{
	struct key_value values[MAP_MAX_KEYS];
	char rooms[MAP_MAX_KEYS][DECIDE_TEXT_BYTES];
	const struct source *used[MAP_MAX_KEYS];
	const struct map_relation *relation = tie->relation;
	for (unsigned k = 0; k < relation->key_count; k++) {
		enum reason reason =
			first_certain(reading, tie, k, params, param_count, &values[k], rooms[k], &used[k]);
		if (reason != REASON_KEY)
			return reason;
	}
	*shard = map_find_shard(relation, values);
	if (*shard == NULL)
		return REASON_TABLE_DIFFERS;
	if ((*shard)->node < 0)
		return REASON_NODE_REFUSED;
	for (unsigned k = 0; k < relation->key_count; k++) {
		enum reason reason = alternatives_agree(reading, tie, params, param_count, values, k, used[k], *shard);
		if (reason != REASON_KEY)
			return reason;
	}
	return REASON_KEY;
}

static int32_t typmod_of(const struct tie *tie, const struct map_column *column)
{
	return tie->stored ? column->typmod : -1;
}

static enum reason first_certain(const struct reading *reading, const struct tie *tie, unsigned key,
				 const struct route_param *params, unsigned param_count, struct key_value *value,
				 char *room, const struct source **used)
{
	const struct map_column *column = &tie->relation->columns[tie->relation->key_columns[key]];
	enum reason first = REASON_KEY;
	for (const struct source *source = tie->keys[key]; source != NULL; source = source->next) {
		enum reason reason =
			decide_value(reading, source, column, typmod_of(tie, column), params, param_count, value, room);
		*used = source;
		if (reason == REASON_KEY)
			return REASON_KEY;
		if (first == REASON_KEY)
			first = reason;
	}
	return first;
}

static enum reason alternatives_agree(const struct reading *reading, const struct tie *tie,
				      const struct route_param *params, unsigned param_count, struct key_value *values,
				      unsigned key, const struct source *used, const struct map_shard *shard)
{
	const struct map_column *column = &tie->relation->columns[tie->relation->key_columns[key]];
	struct key_value kept = values[key];
	char room[DECIDE_TEXT_BYTES];
	enum reason reason = REASON_KEY;
	for (const struct source *source = used->next; source != NULL && reason == REASON_KEY; source = source->next) {
		if (decide_value(reading, source, column, typmod_of(tie, column), params, param_count, &values[key],
				 room) != REASON_KEY)
			continue;
		const struct map_shard *other = map_find_shard(tie->relation, values);
		if (other == NULL || other->node != shard->node)
			reason = REASON_MULTI_NODE;
	}
	values[key] = kept;
	return reason;
}

static enum reason literal_value(const struct reading *reading, const struct source *source, uint32_t type,
				 struct key_value *value, char *room)
{
	const struct slot *slot = &reading->slots[source->index];
	struct token token = { slot->kind, slot->start, slot->end };
	struct span bytes = span_of(reading->text.ptr + slot->start, slot->end - slot->start);
	if (slot->kind == TOKEN_INTEGER)
		return key_from_integer(value, type, bytes, source->negative) ? REASON_KEY : REASON_KEY_VALUE;
	if (!lexer_plain(reading->text, token, &bytes)) {
		long len = lexer_string(reading->text, token, room, DECIDE_TEXT_BYTES);
		if (len < 0)
			return REASON_KEY_VALUE;
		bytes = span_of(room, (size_t)len);
	}
	return key_from_text(value, type, bytes) ? REASON_KEY : REASON_KEY_VALUE;
}

/* The coordinator has everything by definition. */
static enum reason node_has_all(const struct map *map, const struct recipe *recipe, int node)
{
	if (node == MAP_NODE_COORDINATOR)
		return REASON_KEY;
	if (!map_node(map, (size_t)node)->routable)
		return REASON_NODE_REFUSED;
	for (size_t i = 0; i < recipe->relation_count; i++)
		if (!(recipe->relations[i]->same_on >> node & 1))
			return REASON_TABLE_DIFFERS;
	return REASON_KEY;
}
