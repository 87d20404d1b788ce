/* INSERT … VALUES: each row is tied by the values that it gives to the key columns. */
#include "route/analyse.h"
#include "route/analysis.h"

struct insert {
	const struct map_relation *relation;
	unsigned *columns; /* of each value of a row: the index of the column it goes to */
	size_t width;
	bool listed; /* there is a column list: rows must be as wide */
};

static bool find_columns(struct analysis *a, const struct tree *insert, struct insert *into);
static bool check_source(struct analysis *a, const struct tree *source, const struct tree **rows);
static bool check_row(struct analysis *a, const struct insert *into, const struct tree *row);
static bool check_missing(struct analysis *a, const struct insert *into, size_t row_width);
static bool tie_row(struct analysis *a, const struct insert *into, const struct tree *row, struct tie ***last);
static bool check_conflict(struct analysis *a, const struct tree *conflict, const struct map_relation *relation);

bool insert_analyse(struct analysis *a, const struct tree *insert)
{
	const struct tree *target = tree_clause(insert, CLAUSE_INTO)->first, *rows = NULL;
	const struct tree *source = tree_clause(insert, CLAUSE_SOURCE);
	const struct tree *conflict = tree_clause(insert, CLAUSE_CONFLICT);
	const struct tree *returning = tree_clause(insert, CLAUSE_RETURNING);
	struct insert into = { .relation = a->recipe->relations[0] };
	if (insert->mark & INSERT_OVERRIDES)
		return decline(a, REASON_SHAPE);
	if (!check_source(a, source, &rows) || !find_columns(a, insert, &into))
		return false;
	/* No column is in scope within VALUES. */
	for (const struct tree *row = rows->first; row != NULL; row = row->next)
		if (!check_row(a, &into, row))
			return false;
	if (!scope_add(a, target) || (conflict != NULL && !check_conflict(a, conflict, into.relation)) ||
	    (returning != NULL && !check_tree(a, returning)))
		return false;
	struct tie **last = &a->recipe->ties;
	for (const struct tree *row = rows->first; row != NULL; row = row->next)
		if (!tie_row(a, &into, row, &last))
			return false;
	a->recipe->kind = RECIPE_TIED;
	return true;
}

/* Plain VALUES, nothing else. DEFAULT VALUES leaves the key to its default. */
static bool check_source(struct analysis *a, const struct tree *source, const struct tree **rows)
{
	if (source == NULL)
		return decline(a, REASON_DEFAULT);
	*rows = tree_clause(source->first, CLAUSE_VALUES);
	if (*rows == NULL || tree_child_count(source->first) != 1)
		return decline(a, REASON_SHAPE);
	return true;
}

static bool add_column(struct analysis *a, struct insert *into, const struct tree *target)
{
	long column = target->text ? scope_find_column(into->relation, target->text) : -1;
	if (column < 0)
		return decline(a, REASON_NAME_UNKNOWN);
	if (target->mark & TARGET_PART)
		return decline(a, REASON_SHAPE);
	for (size_t i = 0; i < into->width; i++)
		if (into->columns[i] == (unsigned)column)
			return decline(a, REASON_NAME_UNKNOWN);
	into->columns[into->width++] = (unsigned)column;
	return true;
}

static bool find_columns(struct analysis *a, const struct tree *insert, struct insert *into)
{
	const struct tree *list = tree_clause(insert, CLAUSE_COLUMNS);
	into->columns = ARENA_ARRAY(a->input->arena, into->relation->column_count + 1, unsigned);
	into->listed = list != NULL;
	for (const struct tree *target = list ? list->first : NULL; target != NULL; target = target->next)
		if (!add_column(a, into, target))
			return false;
	for (unsigned i = 0; i < into->relation->column_count && !into->listed; i++)
		if (!into->relation->columns[i].dropped_or_system)
			into->columns[into->width++] = i;
	return true;
}

static bool check_row(struct analysis *a, const struct insert *into, const struct tree *row)
{
	size_t position = 0;
	for (const struct tree *value = row->first; value != NULL; value = value->next, position++) {
		if (position == into->width)
			return decline(a, REASON_SHAPE);
		const struct map_column *column = &into->relation->columns[into->columns[position]];
		if (value->kind == TREE_DEFAULT && !check_default(a, column))
			return false;
		values_prove_param(a, value, column->type);
		if (!check_tree(a, value))
			return false;
	}
	if (into->listed && position != into->width)
		return decline(a, REASON_SHAPE);
	return check_missing(a, into, position);
}

/* Columns that the row gives no value. */
static bool check_missing(struct analysis *a, const struct insert *into, size_t row_width)
{
	const struct map_relation *relation = into->relation;
	for (unsigned i = 0; i < relation->column_count; i++) {
		bool given = relation->columns[i].dropped_or_system;
		for (size_t j = 0; j < row_width && !given; j++)
			given = into->columns[j] == i;
		if (!given && !check_default(a, &relation->columns[i]))
			return false;
	}
	return true;
}

static bool tie_row(struct analysis *a, const struct insert *into, const struct tree *row, struct tie ***last)
{
	const struct map_relation *relation = into->relation;
	struct tie *tie = ARENA_NEW(a->input->arena, struct tie);
	tie->relation = relation;
	tie->stored = true;
	for (unsigned k = 0; k < relation->key_count; k++) {
		const struct map_column *column = &relation->columns[relation->key_columns[k]];
		const struct tree *value = row->first;
		for (size_t i = 0; value != NULL && into->columns[i] != relation->key_columns[k]; i++)
			value = value->next;
		if (value == NULL || value->kind == TREE_DEFAULT)
			return decline(a, column->has_default == MAP_DEFAULT_NONE ? REASON_KEY_NULL : REASON_DEFAULT);
		if (column->collation != 0 && !column->collation_deterministic)
			return decline(a, REASON_KEY_VALUE);
		tie->keys[k] = values_source(a, value, column);
		if (tie->keys[k] == NULL)
			return decline(a, REASON_KEY_VALUE);
	}
	**last = tie;
	*last = &tie->next;
	return true;
}

/* The arbiter sees the target alone; SET and WHERE see the row that was to be inserted too, as
 * EXCLUDED. */
static bool check_conflict(struct analysis *a, const struct tree *conflict, const struct map_relation *relation)
{
	const struct tree *set = tree_clause(conflict, CLAUSE_SET);
	for (const struct tree *child = conflict->first; child != NULL; child = child->next)
		if (child->kind != TREE_CLAUSE && !check_tree(a, child))
			return false;
	a->entries[a->entry_count++] =
		(struct scope_entry){ .relation = relation, .name = "excluded", .aliased = true };
	bool fine = set == NULL || check_assignments(a, set);
	for (const struct tree *child = conflict->first; fine && child != NULL; child = child->next)
		fine = child->kind != TREE_CLAUSE || check_tree(a, child);
	a->entry_count--;
	return fine;
}
