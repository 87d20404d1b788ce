/* The analyser: a statement's tree becomes a recipe, or a reason why not.
 *
 *    relations ─► shape ─► scope (FROM) ─► checks (columns, calls, operators, types) ─► ties
 *
 * Each step may decline; the first reason stays. What is proven holds for every text of
 * the template: literals are only ever named by their slot. */
#pragma once

#include "route/recipe.h"
#include "route/template.h"
#include "route/trust.h"

/* What a statement is analysed under. */
struct analyse_input {
	struct arena *arena; /* of the plan */
	const struct trust *trust; /* with map and names; both NULL if there is no map */
	struct span text;
	const struct slot *slots;
	size_t slot_count;
	const uint32_t *types; /* of parameters, as declared */
	unsigned type_count;
};

/* The recipe of a query, in the arena. Needs a map. */
const struct recipe *analyse_query(const struct analyse_input *input, const struct tree *query);

/* A recipe that declines, for reasons that need no look at the statement. */
const struct recipe *analyse_decline(struct arena *arena, enum reason reason);
