/* Settings in an ordered array: there are a handful, and they are compared often. */
#include "pool/guc.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

void guc_init(struct guc_set *set)
{
	*set = (struct guc_set){ 0 };
}

void guc_clear(struct guc_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		mem_free(set->items[i].name);
		mem_free(set->items[i].value);
	}
	set->count = 0;
}

void guc_done(struct guc_set *set)
{
	guc_clear(set);
	mem_free(set->items);
	guc_init(set);
}

static int compare(const char *name, struct span key)
{
	int order = strncasecmp(name, key.ptr, key.len);
	return order ? order : (name[key.len] ? 1 : 0);
}

/* Where `key` is (*found) or would go. */
static size_t position(const struct guc_set *set, struct span key, bool *found)
{
	size_t low = 0, high = set->count;
	*found = false;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(set->items[middle].name, key);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *guc_get(const struct guc_set *set, const char *name)
{
	bool found;
	size_t at = position(set, span_text(name), &found);
	return found ? set->items[at].value : NULL;
}

static void remove_at(struct guc_set *set, size_t at)
{
	mem_free(set->items[at].name);
	mem_free(set->items[at].value);
	memmove(set->items + at, set->items + at + 1, (set->count - at - 1) * sizeof *set->items);
	set->count--;
}

static void insert_at(struct guc_set *set, size_t at, struct span name, const char *value)
{
	if (set->count == set->size) {
		set->size = set->size ? set->size * 2 : 8;
		set->items = mem_realloc(set->items, set->size * sizeof *set->items);
	}
	memmove(set->items + at + 1, set->items + at, (set->count - at) * sizeof *set->items);
	struct guc *item = &set->items[at];
	item->name = mem_strndup(name.ptr, name.len);
	for (char *c = item->name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	item->value = mem_strdup(value);
	set->count++;
}

bool guc_put(struct guc_set *set, struct span name, const char *value)
{
	bool found;
	size_t at = position(set, name, &found);
	if (!found) {
		if (value)
			insert_at(set, at, name, value);
		return value != NULL;
	}
	if (value == NULL) {
		remove_at(set, at);
		return true;
	}
	if (strcmp(set->items[at].value, value) == 0)
		return false;
	mem_free(set->items[at].value);
	set->items[at].value = mem_strdup(value);
	return true;
}

void guc_copy(struct guc_set *to, const struct guc_set *from)
{
	guc_clear(to);
	for (size_t i = 0; i < from->count; i++)
		insert_at(to, i, span_text(from->items[i].name), from->items[i].value);
}

bool guc_is_custom(const char *name)
{
	return strchr(name, '.') != NULL;
}
