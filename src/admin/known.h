/* The databases that the console knows: each entry of the configuration, and what clients
 * use by the fallback entry, with its cluster and what the cluster looks like from here. */
#pragma once

#include "admin/ask.h"

struct known {
	char *name; /* as clients say it */
	const struct database_settings *conf; /* NULL: not in this configuration any more */
	struct cluster *cluster;
	struct map *map; /* this loop's, NULL if there is none; until the end of the callback */
	const char *kind, *state; /* words of struct cluster_view */
	char *source, *error;
};

struct known_list {
	struct known *items;
	size_t count;
};

/* In the order of the configuration. For this callback only. */
struct known_list known_list(struct ask *ask);
void known_list_done(struct known_list *list);
const struct known *known_find(const struct known_list *list, const char *name); /* NULL if there is none */

/* "host:port" where pgshunt connects to for a node of the database; `map` of `known` may be
 * NULL for node 0. `text`: TARGET_NODE_BYTES. */
const char *known_address(struct ask *ask, const struct known *known, int node, char *text);
/* What counts for the whole process on that node. */
struct account *known_account(struct ask *ask, const struct known *known, int node);
