/* Facts and ties: from the equalities that hold, the key of each distributed table. A table's
 * key column is followed through column = column, between columns of one type and
 * collation, to every value that it must equal. */
#include "route/analyse.h"
#include "route/analysis.h"

static bool operand_place(struct analysis *a, const struct tree *node, struct place *place);
static void add_fact(struct analysis *a, struct fact fact);
static bool same_place(struct place a, struct place b);
static struct source *sources_of(struct analysis *a, struct place key);

void facts_collect(struct analysis *a, const struct tree *expression, uint32_t from)
{
	if (expression->kind == TREE_AND) {
		for (const struct tree *child = expression->first; child != NULL; child = child->next)
			facts_collect(a, child, from);
		return;
	}
	if (expression->kind != TREE_OPERATOR || strcmp(tree_own_name(expression), "=") != 0 ||
	    !trust_operator(a->input->trust, expression) || tree_child_count(expression) != 2)
		return;
	const struct tree *left = expression->first, *right = left->next;
	struct place left_place, right_place;
	bool left_is_column = operand_place(a, left, &left_place),
	     right_is_column = operand_place(a, right, &right_place);
	if (a->declined)
		return;
	if (left_is_column && right_is_column)
		facts_add_columns(a, left_place, right_place, from);
	else if (left_is_column)
		add_fact(a, (struct fact){ .left = left_place, .value = right, .from = from });
	else if (right_is_column)
		add_fact(a, (struct fact){ .left = right_place, .value = left, .from = from });
}

void facts_add_columns(struct analysis *a, struct place left, struct place right, uint32_t from)
{
	const struct map_column *l = scope_column(a, left), *r = scope_column(a, right);
	if (l->type == r->type && l->collation == r->collation && !same_place(left, right) &&
	    (l->collation == 0 || l->collation_deterministic))
		add_fact(a, (struct fact){ .left = left, .right = right, .from = from });
}

bool facts_tie_entries(struct analysis *a)
{
	struct tie **last = &a->recipe->ties;
	for (unsigned i = 0; i < a->entry_count; i++) {
		const struct map_relation *relation = a->entries[i].relation;
		if (relation->kind != MAP_RELATION_HASH)
			continue;
		struct tie *tie = ARENA_NEW(a->input->arena, struct tie);
		tie->relation = relation;
		for (unsigned k = 0; k < relation->key_count; k++) {
			const struct map_column *column = &relation->columns[relation->key_columns[k]];
			if (column->collation != 0 && !column->collation_deterministic)
				return decline(a, REASON_KEY_VALUE);
			tie->keys[k] = sources_of(a, (struct place){ i, relation->key_columns[k] });
			if (tie->keys[k] == NULL)
				return decline(a, REASON_NO_KEY);
		}
		*last = tie;
		last = &tie->next;
	}
	a->recipe->kind = RECIPE_TIED;
	return !a->declined;
}

static bool operand_place(struct analysis *a, const struct tree *node, struct place *place)
{
	return node->kind == TREE_COLUMN && !(node->mark & COLUMN_STAR) && scope_resolve(a, node, place);
}

static void add_fact(struct analysis *a, struct fact fact)
{
	if (a->fact_count < FACTS_MAX) /* what is left out proves nothing */
		a->facts[a->fact_count++] = fact;
}

static bool same_place(struct place a, struct place b)
{
	return a.entry == b.entry && a.column == b.column;
}

static bool add_place(struct place *places, unsigned *count, struct place place)
{
	for (unsigned i = 0; i < *count; i++)
		if (same_place(places[i], place))
			return false;
	places[(*count)++] = place;
	return true;
}

/* Every value that the column must equal where rows of its table count. */
static struct source *sources_of(struct analysis *a, struct place key)
{
	struct place places[FACTS_MAX + 1] = { key };
	unsigned count = 1;
	struct source *sources = NULL, **last = &sources;
	for (unsigned i = 0; i < count; i++)
		for (unsigned f = 0; f < a->fact_count; f++) {
			const struct fact *fact = &a->facts[f];
			if (!(fact->from >> places[i].entry & 1))
				continue;
			if (fact->value == NULL) {
				if (same_place(fact->left, places[i]))
					add_place(places, &count, fact->right);
				else if (same_place(fact->right, places[i]))
					add_place(places, &count, fact->left);
				continue;
			}
			if (!same_place(fact->left, places[i]))
				continue;
			struct source *source = values_source(a, fact->value, scope_column(a, places[i]));
			if (source != NULL) {
				*last = source;
				last = &source->next;
			}
		}
	return sources;
}
