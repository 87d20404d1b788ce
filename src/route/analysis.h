/* What the parts of the analyser share: analyse.c, scope.c, check.c, values.c, facts.c, insert.c. */
#pragma once

#include "route/recipe.h"
#include "route/template.h"
#include "route/trust.h"

struct analyse_input; /* route/analyse.h */

enum { SCOPE_MAX = 16, FACTS_MAX = 64, PARAMS_MAX = 4096 };

/* A relation in FROM (or the target), under the name by which columns call it. */
struct scope_entry {
	const struct map_relation *relation;
	const char *name;
	bool aliased;
	uint64_t merged; /* bit n: column n (of the first 64) is behind the same of an earlier entry: JOIN USING */
};

struct place { /* a column of an entry */
	unsigned entry, column;
};

/* An equality that holds for all rows that count: column = column, or column = value.
 * `from`: bit e set if it may be used when rows of entry e are what is asked about;
 * all bits but for outer joins, whose ON says nothing of the side that is preserved. */
struct fact {
	struct place left, right; /* right: unless value */
	const struct tree *value;
	uint32_t from;
};

/* How an undeclared parameter is used: its type is that of its first use. */
struct param_use {
	unsigned count, proven; /* all uses; those whose type is known */
	uint32_t type; /* of the proven uses, varchar as text */
	bool differs; /* they are not all of one type */
};

struct analysis {
	const struct analyse_input *input;
	const struct map *map;
	struct recipe *recipe;
	bool declined;
	struct scope_entry entries[SCOPE_MAX];
	unsigned entry_count;
	struct fact facts[FACTS_MAX];
	unsigned fact_count;
	struct param_use *params;
	unsigned param_count;
	const struct tree *labels; /* CLAUSE_TARGETS whose labels ORDER BY and GROUP BY may use; NULL = none */
};

/* analyse.c. The first reason stays. Returns false, to be returned on. */
bool decline(struct analysis *a, enum reason reason);

/* scope.c */
/* Adds a relation under its alias or name; declines what is not certain. */
bool scope_add(struct analysis *a, const struct tree *relation);
/* Adds everything in a FROM list, with the facts that its joins give. */
bool scope_add_from(struct analysis *a, const struct tree *from);
/* The column that a TREE_COLUMN without a star names; declines if there is not exactly one. */
bool scope_resolve(struct analysis *a, const struct tree *column, struct place *place);
/* Declines unless a TREE_COLUMN with a star names all columns of all, or of one, entry. */
bool scope_check_star(struct analysis *a, const struct tree *column);
/* Index of a column by name; -1 if there is none. */
long scope_find_column(const struct map_relation *relation, const char *name);
const struct map_column *scope_column(const struct analysis *a, struct place place);

/* check.c. Declines whatever in the tree is not known to be the same on every node. */
bool check_tree(struct analysis *a, const struct tree *node);
/* Assignments to columns of entry 0: no key, no default that may differ by node. */
bool check_assignments(struct analysis *a, const struct tree *set);
bool check_default(struct analysis *a, const struct map_column *column);

/* values.c */
void values_count_param(struct analysis *a, const struct tree *param);
void values_prove_param(struct analysis *a, const struct tree *node, uint32_t type); /* nothing unless a TREE_PARAM */
/* What an expression says the column's value is. NULL if it depends on rows. */
struct source *values_source(struct analysis *a, const struct tree *value, const struct map_column *column);

/* facts.c */
/* Adds the equalities in the conjunction that `expression` is. */
void facts_collect(struct analysis *a, const struct tree *expression, uint32_t from);
void facts_add_columns(struct analysis *a, struct place left, struct place right, uint32_t from);
/* Ties every hash-distributed entry to its key, or declines. */
bool facts_tie_entries(struct analysis *a);

/* insert.c. The whole of an INSERT into a hash-distributed relation (entry 0). */
bool insert_analyse(struct analysis *a, const struct tree *insert);
