/* Hash table: chained buckets, doubled at one item a bucket. The hash is a
 * multiply-and-fold over 8 bytes at a time (the wyhash family's mixing step),
 * seeded at first use. */
#include "base/table.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

static uint64_t seed_value;
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
	if (getrandom(&seed_value, sizeof seed_value, 0) != sizeof seed_value)
		seed_value = 0x9e3779b97f4a7c15u;
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t table_hash_more(uint64_t hash, struct span key)
{
	const char *p = key.ptr;
	size_t len = key.len;
	hash ^= fold(len ^ 0x2d358dccaa6c78a5u, 0x8bb84b93962eacc9u);
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t word;
		memcpy(&word, p, 8);
		hash = fold(hash ^ word, 0x4b33a62ed433d4a3u);
	}
	uint64_t tail = 0;
	if (len)
		memcpy(&tail, p, len);
	return fold(hash ^ tail, 0xa0761d6478bd642fu);
}

uint64_t table_hash(struct span key)
{
	pthread_once(&seed_once, make_seed);
	return table_hash_more(seed_value, key);
}

void table_init(struct table *t)
{
	*t = (struct table){ 0 };
}

void table_done(struct table *t)
{
	mem_free(t->buckets);
	table_init(t);
}

struct table_item *table_find(const struct table *t, struct span key)
{
	return t->count ? table_find_hashed(t, key, table_hash(key)) : NULL;
}

struct table_item *table_find_hashed(const struct table *t, struct span key, uint64_t hash)
{
	if (t->count == 0)
		return NULL;
	struct table_item *it = t->buckets[hash & (t->bucket_count - 1)];
	while (it && (it->hash != hash || !span_equal(it->key, key)))
		it = it->next;
	return it;
}

static void grow(struct table *t)
{
	size_t bucket_count = t->bucket_count ? t->bucket_count * 2 : 16;
	struct table_item **buckets = mem_array(bucket_count, sizeof(struct table_item *));
	TABLE_EACH (it, t) {
		struct table_item **slot = &buckets[it->hash & (bucket_count - 1)];
		it->next = *slot;
		*slot = it;
	}
	mem_free(t->buckets);
	t->buckets = buckets;
	t->bucket_count = bucket_count;
}

void table_add(struct table *t, struct table_item *item, struct span key)
{
	table_add_hashed(t, item, key, table_hash(key));
}

void table_add_hashed(struct table *t, struct table_item *item, struct span key, uint64_t hash)
{
	if (t->count >= t->bucket_count)
		grow(t);
	struct table_item **slot = &t->buckets[hash & (t->bucket_count - 1)];
	item->key = key;
	item->hash = hash;
	item->next = *slot;
	*slot = item;
	t->count++;
}

void table_remove(struct table *t, struct table_item *item)
{
	struct table_item **slot = &t->buckets[item->hash & (t->bucket_count - 1)];
	while (*slot && *slot != item)
		slot = &(*slot)->next;
	if (*slot) {
		*slot = item->next;
		item->next = NULL;
		t->count--;
	}
}
