/* The cache of plans, and the plans' own lives. */
#include "route/cache.h"

#include "base/mem.h"
#include "route/tally.h"

/* No single plan may take more than this part of the cache. */
enum { CACHE_SHARE = 16 };

static void forget(struct cache *cache, struct plan *plan);

void cache_init(struct cache *cache, size_t max_bytes)
{
	*cache = (struct cache){ .max_bytes = max_bytes };
	table_init(&cache->table);
	list_init(&cache->use_order);
}

void cache_done(struct cache *cache)
{
	LIST_EACH (item, &cache->use_order)
		forget(cache, LIST_ITEM(item, struct plan, in_use_order));
	table_done(&cache->table);
}

struct plan *cache_find(struct cache *cache, struct span key, uint64_t hash)
{
	struct table_item *item = table_find_hashed(&cache->table, key, hash);
	if (item == NULL) {
		cache->misses++;
		return NULL;
	}
	struct plan *plan = TABLE_ITEM(item, struct plan, in_cache);
	cache->hits++;
	if (list_first(&cache->use_order) != &plan->in_use_order) {
		list_remove(&plan->in_use_order);
		list_prepend(&cache->use_order, &plan->in_use_order);
	}
	return plan;
}

void cache_add(struct cache *cache, struct plan *plan, struct span key, uint64_t hash)
{
	if (key.len + plan->arena.held_bytes > cache->max_bytes / CACHE_SHARE)
		return;
	struct span own_key = span_of(arena_text(&plan->arena, key), key.len);
	plan->held_bytes = sizeof *plan + plan->arena.held_bytes;
	cache->held_bytes += plan->held_bytes;
	table_add_hashed(&cache->table, &plan->in_cache, own_key, hash);
	list_prepend(&cache->use_order, &plan->in_use_order);
	plan_ref(plan);
	while (cache->held_bytes > cache->max_bytes)
		forget(cache, LIST_ITEM(list_last(&cache->use_order), struct plan, in_use_order));
}

void cache_keep_only(struct cache *cache, const struct map *map)
{
	LIST_EACH (item, &cache->use_order) {
		struct plan *plan = LIST_ITEM(item, struct plan, in_use_order);
		if (plan->map != map)
			forget(cache, plan);
	}
}

struct plan *plan_new(struct map *map)
{
	struct plan *plan = MEM_NEW(struct plan);
	plan->refs = 1;
	plan->map = map ? map_ref(map) : NULL;
	arena_init(&plan->arena);
	list_init(&plan->in_use_order);
	return plan;
}

struct plan *plan_ref(struct plan *plan)
{
	plan->refs++;
	return plan;
}

void plan_unref(struct plan *plan)
{
	if (plan == NULL || --plan->refs != 0)
		return;
	tally_put(plan->tally);
	map_unref(plan->map);
	arena_done(&plan->arena);
	mem_free(plan);
}

static void forget(struct cache *cache, struct plan *plan)
{
	table_remove(&cache->table, &plan->in_cache);
	list_remove(&plan->in_use_order);
	cache->held_bytes -= plan->held_bytes;
	plan_unref(plan);
}
