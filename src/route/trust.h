/* Trust: which functions, operators and types give the same on every node, and what a
 * call may leave behind. A name without a schema is taken for PostgreSQL's own only if
 * nothing outside pg_catalog has that name: which of several would be chosen
 * depends on types that are not worked out here. */
#pragma once

#include "route/names.h"

struct trust {
	const struct map *map;
	const struct names *names;
	struct span route_functions; /* the setting: comma list */
};

bool trust_call(const struct trust *trust, const struct tree *call);
bool trust_operator(const struct trust *trust, const struct tree *node);
/* The type of a TREE_CAST, array or not; 0 if it is not trusted. An array's own OID is not worked
 * out: TRUST_SOME_ARRAY stands for it. */
uint32_t trust_type(const struct trust *trust, const struct tree *cast);
bool trust_collation(const struct tree *collate);

enum { TRUST_SOME_ARRAY = UINT32_MAX };

/* What a call may leave behind, beyond its value: enum effect, and the pin. Also for calls
 * that are not trusted, and without a map. `trust` as above; its map and names may be NULL. */
unsigned trust_call_effects(const struct trust *trust, const struct tree *call, enum pin *pin);
unsigned trust_operator_effects(const struct trust *trust, const struct tree *node);
