/* Prepared statements as pgshunt names them on servers. One *statement* stands for
 * one (text, parameter types, role, search_path); clients that prepare the same
 * share it, whatever they call it.
 *
 *    client: name ─► statement ◄─ server: set of statements it knows (LRU, bounded)
 *
 * A statement is counted from any loop (servers move between loops with what they
 * know); the table that finds equal ones belongs to one loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "base/span.h"
#include "base/table.h"

struct statement_table;

struct statement {
	struct table_item item; /* in its loop's table, by `key` */
	struct statement_table *table;
	_Atomic unsigned ref_count;
	uint64_t id;
	bool proven; /* some server has accepted it: a Parse of it may be answered here */
	char name[32]; /* on servers */
	struct span key; /* environment, then body */
	struct span body; /* of its Parse message behind the name: text NUL, types */
	struct span text; /* within body */
	const uint32_t *types; /* host byte order */
	unsigned type_count;
};

struct statement_table *statement_table_new(void);
void statement_table_free(struct statement_table *table);

/* The statement for a Parse body (checked by the caller: text, NUL, count, types)
 * under an environment (role, search_path). Returns it with one more reference. */
struct statement *statement_intern(struct statement_table *table, struct span environment, struct span body);
struct statement *statement_ref(struct statement *statement);
/* From any loop. Unused statements stay findable until statement_table_sweep. */
void statement_unref(struct statement *statement);
/* Frees those that nobody uses; on the table's own loop, now and then. */
void statement_table_sweep(struct statement_table *table);

/* --- what one server knows --- */
struct prepared; /* one known statement */
struct prepared_set {
	struct table by_id;
	struct list recent; /* least recently used first */
};
void prepared_init(struct prepared_set *set);
void prepared_done(struct prepared_set *set);
/* True if known; makes it the most recently used. */
bool prepared_touch(struct prepared_set *set, const struct statement *statement);
void prepared_add(struct prepared_set *set, struct statement *statement);
void prepared_remove(struct prepared_set *set, const struct statement *statement);
void prepared_clear(struct prepared_set *set);
size_t prepared_count(const struct prepared_set *set);
/* The least recently used, taken out; the caller owns its reference. NULL if empty. */
struct statement *prepared_evict(struct prepared_set *set);
