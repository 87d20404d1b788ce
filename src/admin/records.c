/* An array of records; sorting brings equal keys together. */
#include "admin/records.h"

#include "base/mem.h"

static int by_key(const void *a, const void *b);

void records_init(struct records *records, size_t record_bytes)
{
	*records = (struct records){ .record_bytes = record_bytes };
}

static void record_free(void *item)
{
	struct record *record = item;
	mem_free(record->key);
	mem_free(record);
}

void records_done(struct records *records)
{
	for (size_t i = 0; i < records->count; i++)
		record_free(records->items[i]);
	mem_free(records->items);
	records_init(records, records->record_bytes);
}

static void append(struct records *records, void *item)
{
	if (records->count == records->size) {
		records->size = records->size ? records->size * 2 : 16;
		records->items = mem_realloc(records->items, records->size * sizeof *records->items);
	}
	records->items[records->count++] = item;
}

void *records_add(struct records *records, unsigned text_count, const char *const *texts)
{
	struct record *record = mem_zalloc(records->record_bytes);
	for (unsigned i = 0; i < text_count; i++)
		record->key_bytes += strlen(texts[i]) + 1;
	char *at = record->key = mem_alloc(record->key_bytes);
	for (unsigned i = 0; i < text_count; i++) {
		size_t len = strlen(texts[i]) + 1;
		memcpy(at, texts[i], len);
		at += len;
	}
	append(records, record);
	return record;
}

const char *record_text(const void *item, unsigned index)
{
	const struct record *record = item;
	const char *text = record->key;
	while (index--)
		text += strlen(text) + 1;
	return text;
}

void records_move(struct records *to, struct records *from)
{
	for (size_t i = 0; i < from->count; i++)
		append(to, from->items[i]);
	from->count = 0;
	records_done(from);
}

void records_merge(struct records *records, void (*add)(void *into, const void *from))
{
	size_t kept = 0;
	if (records->count == 0)
		return;
	qsort(records->items, records->count, sizeof *records->items, by_key);
	for (size_t i = 1; i < records->count; i++) {
		if (by_key(&records->items[kept], &records->items[i]) != 0) {
			records->items[++kept] = records->items[i];
			continue;
		}
		if (add)
			add(records->items[kept], records->items[i]);
		record_free(records->items[i]);
	}
	records->count = kept + 1;
}

static int by_key(const void *a, const void *b)
{
	const struct record *x = *(void *const *)a, *y = *(void *const *)b;
	size_t least = x->key_bytes < y->key_bytes ? x->key_bytes : y->key_bytes;
	int order = memcmp(x->key, y->key, least);
	return order ? order : (x->key_bytes > y->key_bytes) - (x->key_bytes < y->key_bytes);
}
