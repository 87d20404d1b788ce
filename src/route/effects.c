/* The walk. A node whose inside is not seen may do anything. */
#include "route/effects.h"

enum {
	EFFECTS_UNSEEN = EFFECT_WRITES | EFFECT_LOCKS | EFFECT_NAMES | EFFECT_SETTINGS_UNKNOWN | EFFECT_SEQUENCE |
			 EFFECT_USER_CODE
};

struct walk {
	const struct trust *trust;
	unsigned effects;
	enum pin pin;
};

static void walk(struct walk *state, const struct tree *node);
static void walk_target(struct walk *state, const struct tree *statement);
static void walk_relation(struct walk *state, const struct tree *node);
static bool gives_value(const struct tree *insert, const char *column, size_t position);

void effects_gather(const struct trust *trust, struct statement *statement)
{
	struct walk state = { .trust = trust };
	if (statement->query != NULL)
		walk(&state, statement->query);
	if (statement->written != NULL)
		walk_target(&state, statement->written);
	if (statement->query_use == QUERY_PLANNED) {
		/* The planner may call what is immutable, no more. */
		state.effects &= EFFECT_USER_CODE;
		state.pin = PIN_NONE;
	}
	statement->effects |= state.effects;
	if (statement->pin == PIN_NONE)
		statement->pin = state.pin;
}

bool effects_leaves_default(const struct map_relation *relation, const struct tree *insert, enum map_default kind)
{
	size_t position = 0;
	for (size_t i = 0; i < relation->column_count; i++) {
		const struct map_column *column = &relation->columns[i];
		if (column->dropped_or_system)
			continue;
		if (column->has_default == kind && !gives_value(insert, column->name, position))
			return true;
		position++;
	}
	return false;
}

static void walk(struct walk *state, const struct tree *node)
{
	enum pin pin = PIN_NONE;
	switch (node->kind) {
	case TREE_OPAQUE:
		state->effects |= EFFECTS_UNSEEN;
		break;
	case TREE_CALL:
		state->effects |= trust_call_effects(state->trust, node, &pin);
		break;
	case TREE_OPERATOR:
	case TREE_OPERATOR_USED:
		state->effects |= trust_operator_effects(state->trust, node);
		break;
	case TREE_INSERT:
	case TREE_UPDATE:
	case TREE_DELETE:
	case TREE_MERGE:
		state->effects |= EFFECT_WRITES;
		walk_target(state, node);
		break;
	case TREE_CLAUSE:
		if (node->mark == CLAUSE_LOCKING)
			state->effects |= EFFECT_LOCKS;
		break;
	case TREE_RELATION:
		walk_relation(state, node);
		break;
	default:
		break;
	}
	if (state->pin == PIN_NONE)
		state->pin = pin;
	for (const struct tree *child = node->first; child != NULL; child = child->next)
		walk(state, child);
}

/* nextval by default; a default that is not known may call it too. */
static void walk_target(struct walk *state, const struct tree *statement)
{
	const struct tree *into = statement->kind == TREE_CLAUSE ? statement : tree_clause(statement, CLAUSE_INTO);
	if (into == NULL || into->first == NULL || into->first->kind != TREE_RELATION || statement->kind == TREE_DELETE)
		return;
	enum reason why;
	const struct map_relation *relation =
		state->trust->map ? names_relation(state->trust->names, into->first, &why) : NULL;
	if (statement->kind == TREE_UPDATE && strcmp(tree_own_name(into->first), "pg_settings") == 0) {
		/* Its rule calls set_config. */
		state->effects |= EFFECT_SETTINGS_UNKNOWN;
		if (state->pin == PIN_NONE)
			state->pin = PIN_SET_CONFIG;
	}
	if (statement->kind == TREE_UPDATE && !tree_has(statement, TREE_DEFAULT))
		return;
	if (relation == NULL || effects_leaves_default(relation, statement, MAP_DEFAULT_SEQUENCE))
		state->effects |= EFFECT_SEQUENCE;
	if (relation != NULL && effects_leaves_default(relation, statement, MAP_DEFAULT_OTHER))
		state->effects |= EFFECT_SEQUENCE | EFFECT_USER_CODE;
}

/* A view's query may call anything. */
static void walk_relation(struct walk *state, const struct tree *node)
{
	enum reason why;
	const char *schema = tree_schema(node);
	if (schema != NULL && strncmp(schema, "pg_temp", 7) == 0 && state->pin == PIN_NONE)
		state->pin = PIN_TEMP_TABLE;
	if (state->trust->map == NULL)
		return;
	const struct map_relation *relation = names_relation(state->trust->names, node, &why);
	if (relation != NULL && relation->kind == MAP_RELATION_VIEW)
		state->effects |= EFFECT_USER_CODE;
}

static const struct tree *rows_of(const struct tree *insert)
{
	const struct tree *source = tree_clause(insert, CLAUSE_SOURCE);
	return source != NULL && source->first != NULL ? tree_clause(source->first, CLAUSE_VALUES) : NULL;
}

/* For UPDATE, whose only defaults are those it asks for, and where columns are not told apart: no. */
static bool gives_value(const struct tree *insert, const char *column, size_t position)
{
	const struct tree *columns = tree_clause(insert, CLAUSE_COLUMNS);
	if (insert->kind == TREE_UPDATE || insert->kind == TREE_MERGE || tree_has(insert, TREE_DEFAULT))
		return false;
	if (columns != NULL) {
		for (const struct tree *target = columns->first; target != NULL; target = target->next)
			if (target->text != NULL && strcmp(target->text, column) == 0)
				return true;
		return false;
	}
	if (insert->kind == TREE_CLAUSE) /* COPY of all columns */
		return true;
	const struct tree *rows = rows_of(insert);
	return rows != NULL && rows->first != NULL && tree_child_count(rows->first) > position;
}
