/* The settings of a transaction, in order. */
#include "session/journal.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"

void journal_init(struct journal *journal)
{
	*journal = (struct journal){ 0 };
}

static void cut(struct journal *journal, size_t count)
{
	while (journal->count > count) {
		struct journal_entry *e = &journal->entries[--journal->count];
		mem_free(e->savepoint);
		mem_free(e->name);
		mem_free(e->value);
	}
}

void journal_done(struct journal *journal)
{
	cut(journal, 0);
	mem_free(journal->entries);
	journal_init(journal);
}

void journal_clear(struct journal *journal)
{
	cut(journal, 0);
}

static struct journal_entry *append(struct journal *journal)
{
	if (journal->count == journal->size) {
		journal->size = journal->size ? journal->size * 2 : 8;
		journal->entries = mem_realloc(journal->entries, journal->size * sizeof *journal->entries);
	}
	journal->entries[journal->count] = (struct journal_entry){ 0 };
	return &journal->entries[journal->count++];
}

void journal_set(struct journal *journal, const char *name, const char *value, bool local)
{
	struct journal_entry *e = append(journal);
	e->name = mem_strdup(name);
	e->value = value ? mem_strdup(value) : NULL;
	e->local = local;
}

void journal_savepoint(struct journal *journal, const char *name)
{
	append(journal)->savepoint = mem_strdup(name);
}

/* The newest savepoint of that name; count if there is none. */
static size_t find_savepoint(const struct journal *journal, const char *name)
{
	for (size_t i = journal->count; i-- > 0;)
		if (journal->entries[i].savepoint && strcmp(journal->entries[i].savepoint, name) == 0)
			return i;
	return journal->count;
}

void journal_release(struct journal *journal, const char *name)
{
	/* Marks from there on are gone, settings stay. */
	for (size_t i = find_savepoint(journal, name); i < journal->count;) {
		struct journal_entry *e = &journal->entries[i];
		if (e->savepoint == NULL) {
			i++;
			continue;
		}
		mem_free(e->savepoint);
		memmove(e, e + 1, (journal->count - i - 1) * sizeof *e);
		journal->count--;
	}
}

void journal_rollback_to(struct journal *journal, const char *name)
{
	size_t at = find_savepoint(journal, name);
	if (at < journal->count)
		cut(journal, at + 1); /* the savepoint itself lives on */
}

/* RESET ALL leaves who the session acts as alone (GUC_NO_RESET_ALL). */
static const char *const kept[] = { "role", "session_authorization" };

static bool outlives_reset_all(const char *name)
{
	for (size_t i = 0; i < MEM_COUNT(kept); i++)
		if (strcasecmp(name, kept[i]) == 0)
			return true;
	return false;
}

const char *journal_value(const struct journal *journal, const char *name, bool *found)
{
	for (size_t i = journal->count; i-- > 0;) {
		const struct journal_entry *e = &journal->entries[i];
		if (e->name &&
		    (strcasecmp(e->name, name) == 0 || (strcmp(e->name, "all") == 0 && !outlives_reset_all(name)))) {
			*found = true;
			return e->value;
		}
	}
	*found = false;
	return NULL;
}

static void reset_all(struct guc_set *set, const struct guc_set *start)
{
	char *values[MEM_COUNT(kept)];
	for (size_t i = 0; i < MEM_COUNT(kept); i++) {
		const char *value = guc_get(set, kept[i]);
		values[i] = value ? mem_strdup(value) : NULL;
	}
	if (start)
		guc_copy(set, start);
	else
		guc_clear(set);
	for (size_t i = 0; i < MEM_COUNT(kept); i++) {
		guc_put(set, span_text(kept[i]), values[i]);
		mem_free(values[i]);
	}
}

void journal_apply(const struct journal *journal, struct guc_set *set, const struct guc_set *start)
{
	for (size_t i = 0; i < journal->count; i++) {
		const struct journal_entry *e = &journal->entries[i];
		if (e->name == NULL || e->local)
			continue;
		if (e->value)
			guc_put(set, span_text(e->name), e->value);
		else if (strcmp(e->name, "all") != 0)
			guc_put(set, span_text(e->name), start ? guc_get(start, e->name) : NULL);
		else
			reset_all(set, start);
	}
}
