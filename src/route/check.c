/* The checks: everything in a statement that could mean something else, or give something
 * else, on another node is declined here. One function a kind of node, in a table;
 * a kind without one is no more than its children. */
#include "route/analyse.h"
#include "route/analysis.h"

#include "base/mem.h"

typedef bool check_function(struct analysis *a, const struct tree *node);

static check_function check_column, check_param, check_cast, check_operator, check_call, check_collate, check_clause,
	check_leaf, check_children;

static check_function *const checks[] = {
	[TREE_COLUMN] = check_column,
	[TREE_PARAM] = check_param,
	[TREE_CAST] = check_cast,
	[TREE_OPERATOR] = check_operator,
	[TREE_OPERATOR_USED] = check_operator,
	[TREE_CALL] = check_call,
	[TREE_COLLATE] = check_collate,
	[TREE_RELATION] = check_leaf,
	[TREE_CLAUSE] = check_clause,
};

static bool check_labelled(struct analysis *a, const struct tree *node);
static bool is_label(const struct analysis *a, const struct tree *node);

bool check_tree(struct analysis *a, const struct tree *node)
{
	check_function *check = node->kind < MEM_COUNT(checks) ? checks[node->kind] : NULL;
	return (check ? check : check_children)(a, node);
}

bool check_assignments(struct analysis *a, const struct tree *set)
{
	const struct map_relation *relation = a->entries[0].relation;
	for (const struct tree *target = set->first; target != NULL; target = target->next) {
		long column = target->text ? scope_find_column(relation, target->text) : -1;
		if (column < 0)
			return decline(a, REASON_NAME_UNKNOWN);
		for (unsigned i = 0; i < relation->key_count; i++)
			if (relation->key_columns[i] == (unsigned)column)
				return decline(a, REASON_KEY_ASSIGNED);
		if (target->first == NULL)
			continue;
		if (target->first->kind == TREE_DEFAULT && !check_default(a, &relation->columns[column]))
			return false;
		if (!(target->mark & TARGET_PART))
			values_prove_param(a, target->first, relation->columns[column].type);
	}
	/* SET (a, b) = (DEFAULT, 1): which column it is for is not worked out. */
	for (const struct tree *target = set->first; target != NULL; target = target->next)
		if (target->first != NULL && target->first->kind != TREE_DEFAULT && tree_has(target, TREE_DEFAULT))
			return decline(a, REASON_DEFAULT);
	return true;
}

bool check_default(struct analysis *a, const struct map_column *column)
{
	if (column->has_default == MAP_DEFAULT_SEQUENCE)
		return decline(a, REASON_SEQUENCE);
	if (column->has_default == MAP_DEFAULT_OTHER)
		return decline(a, REASON_DEFAULT);
	return true;
}

static bool check_children(struct analysis *a, const struct tree *node)
{
	for (const struct tree *child = node->first; child != NULL; child = child->next)
		if (!check_tree(a, child))
			return false;
	return true;
}

static bool check_leaf(struct analysis *a, const struct tree *node)
{
	(void)node;
	return !a->declined;
}

/* Clauses whose children are names that others look at. */
static bool check_clause(struct analysis *a, const struct tree *node)
{
	switch ((enum tree_clause)node->mark) {
	case CLAUSE_INTO:
	case CLAUSE_COLUMNS:
	case CLAUSE_LOCKING:
		return true;
	case CLAUSE_ORDER:
	case CLAUSE_GROUP:
	case CLAUSE_DISTINCT:
		return check_labelled(a, node);
	default:
		return check_children(a, node);
	}
}

/* A name that stands alone there may be a label of the target list. */
static bool check_labelled(struct analysis *a, const struct tree *node)
{
	for (const struct tree *child = node->first; child != NULL; child = child->next) {
		if (child->kind == TREE_LIST || child->kind == TREE_EXPRESSION) {
			if (!check_labelled(a, child))
				return false;
		} else if (!is_label(a, child) && !check_tree(a, child)) {
			return false;
		}
	}
	return true;
}

/* The label of a target is what AS says, or what FigureColname() (parse_target.c) makes of its expression. */
static bool is_label(const struct analysis *a, const struct tree *node)
{
	if (a->labels == NULL || node->kind != TREE_COLUMN || (node->mark & COLUMN_STAR) || tree_name_count(node) != 1)
		return false;
	for (const struct tree *target = a->labels->first; target != NULL; target = target->next) {
		const char *label = target->text;
		if (label == NULL && target->first != NULL && target->first->kind == TREE_CALL)
			label = tree_own_name(target->first);
		if (label != NULL && strcmp(label, node->names[0]) == 0)
			return true;
	}
	return false;
}

static bool check_column(struct analysis *a, const struct tree *node)
{
	struct place place;
	return node->mark & COLUMN_STAR ? scope_check_star(a, node) : scope_resolve(a, node, &place);
}

static bool check_param(struct analysis *a, const struct tree *node)
{
	values_count_param(a, node);
	return !a->declined;
}

static bool check_cast(struct analysis *a, const struct tree *node)
{
	uint32_t type = trust_type(a->input->trust, node);
	if (type == 0)
		return decline(a, REASON_TYPE);
	if (node->first != NULL && type != TRUST_SOME_ARRAY)
		values_prove_param(a, node->first, type);
	return check_children(a, node);
}

/* column = $1: the parameter is of the column's type. */
static void prove_operand(struct analysis *a, const struct tree *operand, const struct tree *other)
{
	struct place place;
	if (operand->kind == TREE_PARAM && other->kind == TREE_COLUMN && !(other->mark & COLUMN_STAR) &&
	    scope_resolve(a, other, &place))
		values_prove_param(a, operand, scope_column(a, place)->type);
}

static bool is_comparison(const char *name)
{
	static const char *const names[] = { "=", "<>", "<", ">", "<=", ">=" };
	for (size_t i = 0; i < MEM_COUNT(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool check_operator(struct analysis *a, const struct tree *node)
{
	if (!trust_operator(a->input->trust, node))
		return decline(a, REASON_FUNCTION);
	if (node->first != NULL && node->first->next != NULL && is_comparison(tree_own_name(node))) {
		prove_operand(a, node->first, node->first->next);
		prove_operand(a, node->first->next, node->first);
	}
	return check_children(a, node);
}

static bool check_call(struct analysis *a, const struct tree *node)
{
	if (!trust_call(a->input->trust, node))
		return decline(a, REASON_FUNCTION);
	return check_children(a, node);
}

static bool check_collate(struct analysis *a, const struct tree *node)
{
	if (!trust_collation(node))
		return decline(a, REASON_TYPE);
	return check_children(a, node);
}
