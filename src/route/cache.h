/* The cache of plans: found by template and environment, compared byte by byte; bounded in
 * bytes; the least recently used go first. */
#pragma once

#include "route/plan.h"

struct cache {
	struct table table;
	struct list use_order; /* most recently used first */
	size_t held_bytes, max_bytes;
	uint64_t hits, misses;
};

void cache_init(struct cache *cache, size_t max_bytes);
void cache_done(struct cache *cache);
/* NULL if there is none. The plan is the cache's. */
struct plan *cache_find(struct cache *cache, struct span key, uint64_t hash);
/* Adds a plan (counted for the cache) under a key that is not in it, and
 * forgets others for its sake. A plan that is too large by itself is not added. */
void cache_add(struct cache *cache, struct plan *plan, struct span key, uint64_t hash);
/* Forgets all plans made under another map. */
void cache_keep_only(struct cache *cache, const struct map *map);
