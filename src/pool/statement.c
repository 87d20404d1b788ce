/* Prepared statements: interning, counting, and what a server knows. */
#include "pool/statement.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct statement_table {
	struct table by_key;
};

struct prepared {
	struct table_item item;
	struct list recent;
	struct statement *statement;
};

static _Atomic uint64_t last_id;

struct statement_table *statement_table_new(void)
{
	struct statement_table *table = MEM_NEW(struct statement_table);
	table_init(&table->by_key);
	return table;
}

static void free_statement(struct statement *statement)
{
	mem_free((void *)(uintptr_t)statement->key.ptr);
	mem_free((void *)(uintptr_t)statement->types);
	mem_free(statement);
}

void statement_table_free(struct statement_table *table)
{
	TABLE_EACH (it, &table->by_key)
		free_statement(TABLE_ITEM(it, struct statement, item));
	table_done(&table->by_key);
	mem_free(table);
}

static void read_types(struct statement *statement)
{
	const char *at = statement->body.ptr + statement->text.len + 1;
	uint16_t count;
	memcpy(&count, at, sizeof count);
	statement->type_count = ntohs(count);
	uint32_t *types = mem_array(statement->type_count, sizeof *types);
	for (unsigned i = 0; i < statement->type_count; i++) {
		memcpy(&types[i], at + 2 + 4 * (size_t)i, 4);
		types[i] = ntohl(types[i]);
	}
	statement->types = types;
}

struct statement *statement_intern(struct statement_table *table, struct span environment, struct span body)
{
	size_t len = environment.len + 1 + body.len;
	char *key = mem_alloc(len);
	if (environment.len)
		memcpy(key, environment.ptr, environment.len);
	key[environment.len] = '\0';
	memcpy(key + environment.len + 1, body.ptr, body.len);
	struct table_item *found = table_find(&table->by_key, span_of(key, len));
	if (found) {
		mem_free(key);
		return statement_ref(TABLE_ITEM(found, struct statement, item));
	}
	struct statement *statement = MEM_NEW(struct statement);
	statement->table = table;
	statement->ref_count = 1;
	statement->id = atomic_fetch_add(&last_id, 1) + 1;
	snprintf(statement->name, sizeof statement->name, "PGSHUNT_%" PRIu64, statement->id);
	statement->key = span_of(key, len);
	statement->body = span_of(key + environment.len + 1, body.len);
	statement->text = span_text(statement->body.ptr);
	read_types(statement);
	table_add(&table->by_key, &statement->item, statement->key);
	return statement;
}

struct statement *statement_ref(struct statement *statement)
{
	atomic_fetch_add_explicit(&statement->ref_count, 1, memory_order_relaxed);
	return statement;
}

void statement_unref(struct statement *statement)
{
	if (statement)
		atomic_fetch_sub_explicit(&statement->ref_count, 1, memory_order_release);
}

void statement_table_sweep(struct statement_table *table)
{
	TABLE_EACH (it, &table->by_key) {
		struct statement *statement = TABLE_ITEM(it, struct statement, item);
		/* Only this loop hands out first references, so none can appear now. */
		if (atomic_load_explicit(&statement->ref_count, memory_order_acquire) == 0) {
			table_remove(&table->by_key, it);
			free_statement(statement);
		}
	}
}

static struct span id_key(const struct statement *statement)
{
	return span_of((const char *)&statement->id, sizeof statement->id);
}

void prepared_init(struct prepared_set *set)
{
	table_init(&set->by_id);
	list_init(&set->recent);
}

static void forget(struct prepared_set *set, struct prepared *p)
{
	table_remove(&set->by_id, &p->item);
	list_remove(&p->recent);
	mem_free(p);
}

void prepared_clear(struct prepared_set *set)
{
	struct statement *statement;
	while ((statement = prepared_evict(set)) != NULL)
		statement_unref(statement);
}

void prepared_done(struct prepared_set *set)
{
	prepared_clear(set);
	table_done(&set->by_id);
}

static struct prepared *find(const struct prepared_set *set, const struct statement *statement)
{
	struct table_item *found = table_find(&set->by_id, id_key(statement));
	return found ? TABLE_ITEM(found, struct prepared, item) : NULL;
}

bool prepared_touch(struct prepared_set *set, const struct statement *statement)
{
	struct prepared *p = find(set, statement);
	if (p && set->recent.prev != &p->recent) {
		list_remove(&p->recent);
		list_append(&set->recent, &p->recent);
	}
	return p != NULL;
}

void prepared_add(struct prepared_set *set, struct statement *statement)
{
	if (find(set, statement))
		return;
	struct prepared *p = MEM_NEW(struct prepared);
	p->statement = statement_ref(statement);
	list_init(&p->recent);
	list_append(&set->recent, &p->recent);
	table_add(&set->by_id, &p->item, id_key(statement));
}

void prepared_remove(struct prepared_set *set, const struct statement *statement)
{
	struct prepared *p = find(set, statement);
	if (p) {
		statement_unref(p->statement);
		forget(set, p);
	}
}

size_t prepared_count(const struct prepared_set *set)
{
	return set->by_id.count;
}

struct statement *prepared_evict(struct prepared_set *set)
{
	struct list *oldest = list_first(&set->recent);
	if (oldest == NULL)
		return NULL;
	struct prepared *p = LIST_ITEM(oldest, struct prepared, recent);
	struct statement *statement = p->statement;
	forget(set, p);
	return statement;
}
