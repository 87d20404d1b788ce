/* Names: which relation a statement means, as the coordinator would resolve it.
 *
 * A schema of search_path counts for the server only if the role has USAGE on it, which
 * the map does not know. So a name is certain only if one schema of the whole path has
 * it: with USAGE it is that one, without it an error on every node. A name that
 * two schemas of the path have is declined. */
#pragma once

#include "route/arena.h"
#include "route/map.h"
#include "route/reason.h"
#include "route/tree.h"

struct names {
	const struct map *map;
	bool path_known;
	bool catalog_listed; /* search_path names pg_catalog, so that it is not searched first */
	struct span *schemas; /* of the path, those that exist, each once; pg_catalog and pg_temp left out */
	size_t schema_count;
};

/* `search_path` as SHOW prints it, NULL = not known; `role` stands for "$user". Copies what it keeps. */
void names_init(struct names *names, struct arena *arena, const struct map *map, struct span role,
		const char *search_path);

/* The relation that a TREE_RELATION names. NULL with a reason if it is not certain or has none. */
const struct map_relation *names_relation(const struct names *names, const struct tree *node, enum reason *why);

/* True if a type name without a schema may be the row type of a relation rather than
 * PostgreSQL's own type: only if the path puts a schema before pg_catalog. */
bool names_hides_type(const struct names *names, const char *type);
