/* A hash table from byte strings to pointers, chained, growing, in no order.
 * The table owns neither: an entry embeds `struct table_item` and points to its
 * own key. Not for concurrent use. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/span.h"

struct table_item {
	struct table_item *next;
	uint64_t hash;
	struct span key; /* must live as long as the item is in the table */
};

struct table {
	struct table_item **buckets;
	size_t count, bucket_count;
};

void table_init(struct table *t);
void table_done(struct table *t); /* frees the table, not the items */

/* 64-bit hash of bytes, seeded per process so that clients cannot choose
 * collisions. Not for anything that is stored or compared with a server. */
uint64_t table_hash(struct span key);
uint64_t table_hash_more(uint64_t hash, struct span key);

struct table_item *table_find(const struct table *t, struct span key);
struct table_item *table_find_hashed(const struct table *t, struct span key, uint64_t hash);
/* Adds an item under `key`; the key must not be present. */
void table_add(struct table *t, struct table_item *item, struct span key);
void table_add_hashed(struct table *t, struct table_item *item, struct span key, uint64_t hash);
void table_remove(struct table *t, struct table_item *item);

#define TABLE_ITEM(item, type, member) MEM_CONTAINER(item, type, member)

/* Walks all items; the body may remove the current one. */
#define TABLE_EACH(it, t)                                                                                              \
	for (size_t it##_b = 0; it##_b < (t)->bucket_count; it##_b++)                                                  \
		for (struct table_item *it = (t)->buckets[it##_b], *it##_next = NULL;                                  \
		     it != NULL && (it##_next = it->next, true); it = it##_next)
