/* FROM, and the names of its columns, as parse_relation.c of the server would see them: a
 * name without a table must fit one column of all tables, a name with one its table's. */
#include "route/analyse.h"
#include "route/analysis.h"

static bool add_item(struct analysis *a, const struct tree *item);
static bool add_join(struct analysis *a, const struct tree *join);
static bool add_using(struct analysis *a, const struct tree *names, unsigned first, unsigned middle, uint32_t from);
static bool find_unqualified(struct analysis *a, const char *name, unsigned first, unsigned end, struct place *place);
static bool entry_is(const struct scope_entry *entry, const struct tree *column, size_t table_names);
static bool is_system_column(const char *name);

bool scope_add(struct analysis *a, const struct tree *relation)
{
	enum reason why;
	const struct map_relation *found = names_relation(a->input->trust->names, relation, &why);
	if (found == NULL)
		return decline(a, why);
	if (a->entry_count == SCOPE_MAX || (relation->mark & RELATION_COLUMN_ALIASES))
		return decline(a, REASON_SHAPE);
	const char *name = relation->text ? relation->text : found->name;
	for (unsigned i = 0; i < a->entry_count; i++)
		if (strcmp(a->entries[i].name, name) == 0)
			return decline(a, REASON_NAME_UNKNOWN);
	a->entries[a->entry_count++] =
		(struct scope_entry){ .relation = found, .name = name, .aliased = relation->text != NULL };
	return true;
}

bool scope_add_from(struct analysis *a, const struct tree *from)
{
	for (const struct tree *item = from->first; item != NULL; item = item->next)
		if (!add_item(a, item))
			return false;
	return true;
}

bool scope_resolve(struct analysis *a, const struct tree *column, struct place *place)
{
	size_t count = tree_name_count(column);
	const char *name = tree_own_name(column);
	if (count == 1)
		return find_unqualified(a, name, 0, a->entry_count, place);
	for (unsigned i = 0; i < a->entry_count; i++) {
		if (!entry_is(&a->entries[i], column, count - 1))
			continue;
		long found = scope_find_column(a->entries[i].relation, name);
		if (found < 0)
			return decline(a, is_system_column(name) ? REASON_TYPE : REASON_NAME_UNKNOWN);
		*place = (struct place){ i, (unsigned)found };
		return true;
	}
	return decline(a, REASON_NAME_UNKNOWN);
}

bool scope_check_star(struct analysis *a, const struct tree *column)
{
	size_t count = tree_name_count(column);
	if (count == 0)
		return true;
	for (unsigned i = 0; i < a->entry_count; i++)
		if (entry_is(&a->entries[i], column, count))
			return true;
	return decline(a, REASON_NAME_UNKNOWN);
}

long scope_find_column(const struct map_relation *relation, const char *name)
{
	for (size_t i = 0; i < relation->column_count; i++)
		if (!relation->columns[i].dropped_or_system && strcmp(relation->columns[i].name, name) == 0)
			return (long)i;
	return -1;
}

const struct map_column *scope_column(const struct analysis *a, struct place place)
{
	return &a->entries[place.entry].relation->columns[place.column];
}

static bool add_item(struct analysis *a, const struct tree *item)
{
	if (item->kind == TREE_RELATION)
		return scope_add(a, item);
	if (item->kind == TREE_JOIN)
		return add_join(a, item);
	return decline(a, REASON_SHAPE);
}

/* The bits of entries first … end-1. */
static uint32_t entry_bits(unsigned first, unsigned end)
{
	return (uint32_t)((UINT64_C(1) << end) - (UINT64_C(1) << first));
}

/* ON of an outer join holds where the side that may be missing is there: see struct fact. */
static bool add_join(struct analysis *a, const struct tree *join)
{
	unsigned first = a->entry_count;
	enum join_kind kind = (enum join_kind)(join->mark & JOIN_KIND_MASK);
	if (join->mark & (JOIN_NATURAL | JOIN_ALIAS))
		return decline(a, REASON_SHAPE);
	if (!add_item(a, join->first))
		return false;
	unsigned middle = a->entry_count;
	if (!add_item(a, join->first->next))
		return false;
	uint32_t from = kind == JOIN_KIND_INNER   ? UINT32_MAX
			: kind == JOIN_KIND_LEFT  ? entry_bits(middle, a->entry_count)
			: kind == JOIN_KIND_RIGHT ? entry_bits(first, middle)
						  : 0;
	const struct tree *on = tree_clause(join, CLAUSE_ON), *names = tree_clause(join, CLAUSE_USING);
	if (on != NULL && on->first != NULL)
		facts_collect(a, on->first, from);
	if (names == NULL)
		return !a->declined;
	/* The merged column is the left one's, which is the value only if the left side cannot be missing. */
	if (kind != JOIN_KIND_INNER && kind != JOIN_KIND_LEFT)
		return decline(a, REASON_SHAPE);
	return add_using(a, names, first, middle, from);
}

static bool add_using(struct analysis *a, const struct tree *names, unsigned first, unsigned middle, uint32_t from)
{
	for (const struct tree *name = names->first; name != NULL; name = name->next) {
		struct place left, right;
		if (name->kind != TREE_NAME)
			continue;
		if (!find_unqualified(a, name->text, first, middle, &left) ||
		    !find_unqualified(a, name->text, middle, a->entry_count, &right))
			return false;
		if (right.column >= 64)
			return decline(a, REASON_SHAPE);
		a->entries[right.entry].merged |= UINT64_C(1) << right.column;
		facts_add_columns(a, left, right, from);
	}
	return true;
}

static bool find_unqualified(struct analysis *a, const char *name, unsigned first, unsigned end, struct place *place)
{
	unsigned found = 0;
	for (unsigned i = first; i < end; i++) {
		long column = scope_find_column(a->entries[i].relation, name);
		if (column < 0 || (column < 64 && (a->entries[i].merged >> column & 1)))
			continue;
		*place = (struct place){ i, (unsigned)column };
		found++;
	}
	if (found == 1)
		return true;
	if (found == 0 && is_system_column(name))
		return decline(a, REASON_TYPE);
	for (unsigned i = first; i < end && found == 0; i++)
		if (strcmp(a->entries[i].name, name) == 0)
			return decline(a, REASON_SHAPE); /* a whole row: table t, SELECT t or f(t) */
	return decline(a, REASON_NAME_UNKNOWN);
}

/* Whether the first `table_names` names of a column call this entry. An alias hides the table's own name. */
static bool entry_is(const struct scope_entry *entry, const struct tree *column, size_t table_names)
{
	if (table_names == 1)
		return strcmp(column->names[0], entry->name) == 0;
	return table_names == 2 && !entry->aliased && strcmp(column->names[0], entry->relation->schema) == 0 &&
	       strcmp(column->names[1], entry->relation->name) == 0;
}

static bool is_system_column(const char *name)
{
	static const char *const names[] = { "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}
