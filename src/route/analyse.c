/* The steps, statement by statement. */
#include "route/analyse.h"
#include "route/analysis.h"

#include "route/builtin.h"

static bool analyse(struct analysis *a, const struct tree *query);
static bool find_relations(struct analysis *a, const struct tree *node);
static bool note_relation(struct analysis *a, const struct tree *node);
static bool check_relation(struct analysis *a, const struct map_relation *relation);
static bool check_shape(struct analysis *a, const struct tree *node);
static bool check_declared_types(struct analysis *a);
static bool has_with(const struct tree *node);
static bool analyse_select(struct analysis *a, const struct tree *select);
static bool analyse_change(struct analysis *a, const struct tree *change);
static bool analyse_insert(struct analysis *a, const struct tree *insert);
static bool settle_anywhere(struct analysis *a, enum reason reason);

const struct recipe *analyse_query(const struct analyse_input *input, const struct tree *query)
{
	struct analysis a = { .input = input,
			      .map = input->trust->map,
			      .recipe = ARENA_NEW(input->arena, struct recipe) };
	analyse(&a, query);
	return a.recipe;
}

const struct recipe *analyse_decline(struct arena *arena, enum reason reason)
{
	struct recipe *recipe = ARENA_NEW(arena, struct recipe);
	recipe->reason = reason;
	return recipe;
}

bool decline(struct analysis *a, enum reason reason)
{
	if (a->declined)
		return false;
	a->declined = true;
	a->recipe->kind = RECIPE_COORDINATOR;
	a->recipe->reason = reason;
	return false;
}

static bool analyse(struct analysis *a, const struct tree *query)
{
	if (!check_declared_types(a))
		return false;
	/* A name may be that of a WITH query: relations are only looked for where there is none. */
	if (has_with(query))
		return decline(a, REASON_SHAPE);
	if (!find_relations(a, query) || !check_shape(a, query))
		return false;
	switch (query->kind) {
	case TREE_SELECT:
		return analyse_select(a, query);
	case TREE_UPDATE:
	case TREE_DELETE:
		return analyse_change(a, query);
	case TREE_INSERT:
		return analyse_insert(a, query);
	default:
		return decline(a, REASON_SHAPE);
	}
}

static bool has_with(const struct tree *node)
{
	if (node->kind == TREE_CLAUSE && node->mark == CLAUSE_WITH)
		return true;
	for (const struct tree *child = node->first; child != NULL; child = child->next)
		if (has_with(child))
			return true;
	return false;
}

/* The coordinator's OID of a user-defined type means nothing, or something else, on a worker. */
static bool check_declared_types(struct analysis *a)
{
	for (unsigned i = 0; i < a->input->type_count; i++) {
		uint32_t type = a->input->types[i];
		if (type != TYPE_UNSPECIFIED && type != TYPE_UNKNOWN && !builtin_cast_allowed(type))
			return decline(a, REASON_TYPE);
	}
	return true;
}

/* ---- relations, at whatever depth ---- */

static bool find_relations(struct analysis *a, const struct tree *node)
{
	if (node->kind == TREE_RELATION && !note_relation(a, node))
		return false;
	for (const struct tree *child = node->first; child != NULL; child = child->next)
		if (!find_relations(a, child))
			return false;
	return true;
}

static bool note_relation(struct analysis *a, const struct tree *node)
{
	enum reason why;
	struct recipe *recipe = a->recipe;
	const struct map_relation *relation = names_relation(a->input->trust->names, node, &why);
	if (relation == NULL)
		return decline(a, why);
	for (size_t i = 0; i < recipe->relation_count; i++)
		if (recipe->relations[i] == relation)
			return true;
	if (recipe->relation_count == SCOPE_MAX)
		return decline(a, REASON_SHAPE);
	if (recipe->relations == NULL)
		recipe->relations = ARENA_ARRAY(a->input->arena, SCOPE_MAX, const struct map_relation *);
	recipe->relations[recipe->relation_count++] = relation;
	return check_relation(a, relation);
}

static bool check_relation(struct analysis *a, const struct map_relation *relation)
{
	static const enum reason reasons[] = {
		[MAP_RELATION_LOCAL] = REASON_LOCAL_TABLE,
		[MAP_RELATION_VIEW] = REASON_VIEW,
		[MAP_RELATION_SEQUENCE] = REASON_LOCAL_TABLE,
		[MAP_RELATION_FOREIGN] = REASON_LOCAL_TABLE,
		[MAP_RELATION_SINGLE_SHARD] = REASON_TABLE_KIND,
		[MAP_RELATION_TENANT] = REASON_TABLE_KIND,
		[MAP_RELATION_OTHER_DISTRIBUTED] = REASON_TABLE_KIND,
	};
	bool hash = relation->kind == MAP_RELATION_HASH;
	if (!hash && relation->kind != MAP_RELATION_REFERENCE)
		return decline(a, reasons[relation->kind]);
	if (relation->why != NULL || (hash && (relation->group == NULL || relation->key_count == 0)))
		return decline(a, REASON_TABLE_DIFFERS);
	for (size_t i = 0; i < relation->column_count; i++)
		if (!relation->columns[i].dropped_or_system && !builtin_cast_allowed(relation->columns[i].type))
			return decline(a, REASON_TYPE);
	return true;
}

static bool check_shape(struct analysis *a, const struct tree *node)
{
	if (node->kind == TREE_SUBQUERY || node->kind == TREE_OTHER || node->kind == TREE_OPAQUE ||
	    node->kind == TREE_MERGE || (node->kind == TREE_SELECT && node->mark != 0))
		return decline(a, REASON_SHAPE);
	for (const struct tree *child = node->first; child != NULL; child = child->next)
		if (!check_shape(a, child))
			return false;
	return true;
}

/* ---- statements ---- */

static bool only_references(const struct analysis *a)
{
	for (unsigned i = 0; i < a->entry_count; i++)
		if (a->entries[i].relation->kind != MAP_RELATION_REFERENCE)
			return false;
	return true;
}

static bool has_reference(const struct analysis *a)
{
	for (unsigned i = 0; i < a->entry_count; i++)
		if (a->entries[i].relation->kind == MAP_RELATION_REFERENCE)
			return true;
	return false;
}

static bool collect_where(struct analysis *a, const struct tree *statement)
{
	const struct tree *where = tree_clause(statement, CLAUSE_WHERE);
	if (where != NULL && where->first != NULL)
		facts_collect(a, where->first, UINT32_MAX);
	return !a->declined;
}

static bool analyse_select(struct analysis *a, const struct tree *select)
{
	const struct tree *from = tree_clause(select, CLAUSE_FROM);
	if (from != NULL && !scope_add_from(a, from))
		return false;
	a->labels = tree_clause(select, CLAUSE_TARGETS);
	if (!check_tree(a, select))
		return false;
	if (a->entry_count == 0)
		return settle_anywhere(a, REASON_NO_TABLE);
	/* To lock a reference table's rows is to change it: on all nodes, by the coordinator. */
	if (tree_clause(select, CLAUSE_LOCKING) != NULL && has_reference(a))
		return decline(a, REASON_REFERENCE_TABLE);
	if (only_references(a))
		return settle_anywhere(a, REASON_REFERENCE_TABLE);
	return collect_where(a, select) && facts_tie_entries(a);
}

/* UPDATE and DELETE: the target is entry 0, joined to what FROM or USING names. */
static bool analyse_change(struct analysis *a, const struct tree *change)
{
	const struct tree *into = tree_clause(change, CLAUSE_INTO), *from = tree_clause(change, CLAUSE_FROM);
	const struct tree *set = tree_clause(change, CLAUSE_SET);
	if (!scope_add(a, into->first) || (from != NULL && !scope_add_from(a, from)))
		return false;
	if (a->entries[0].relation->kind == MAP_RELATION_REFERENCE)
		return decline(a, REASON_REFERENCE_TABLE);
	if ((set != NULL && !check_assignments(a, set)) || !check_tree(a, change))
		return false;
	return collect_where(a, change) && facts_tie_entries(a);
}

static bool analyse_insert(struct analysis *a, const struct tree *insert)
{
	enum reason why;
	const struct tree *into = tree_clause(insert, CLAUSE_INTO);
	const struct map_relation *relation = names_relation(a->input->trust->names, into->first, &why);
	if (relation == NULL)
		return decline(a, why);
	if (relation->kind == MAP_RELATION_REFERENCE)
		return decline(a, REASON_REFERENCE_TABLE);
	return insert_analyse(a, insert);
}

/* Whatever node the transaction is on must give the same. */
static bool settle_anywhere(struct analysis *a, enum reason reason)
{
	for (size_t node = 1; node < map_node_count(a->map); node++)
		for (size_t i = 0; i < a->recipe->relation_count && map_node(a->map, node)->routable; i++)
			if (!(a->recipe->relations[i]->same_on >> node & 1))
				return decline(a, REASON_TABLE_DIFFERS);
	a->recipe->kind = RECIPE_ANYWHERE;
	a->recipe->reason = reason;
	return true;
}
