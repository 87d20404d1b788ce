/* Scripts: a text that is not in the cache becomes a plan. */
#pragma once

#include "route/parse.h"
#include "route/plan.h"
#include "route/trust.h"

/* What a plan is made under. */
struct script_input {
	const struct route_env *env;
	struct span route_functions;
	struct span text;
	const struct template *template; /* of the text, without trouble */
	const uint32_t *types;
	unsigned type_count;
};

/* A plan with one reference for the caller. */
struct plan *script_plan(const struct script_input *input);
/* A plan for a text that was not understood, or must not be looked into. `template` may be empty. */
struct plan *script_unread_plan(struct map *map, enum reason reason, struct span text, struct span template);
