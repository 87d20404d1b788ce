/* The settings that a transaction has changed so far, with its savepoints in
 * between: what becomes the session's at COMMIT, and what ROLLBACK (TO) undoes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "pool/guc.h"

struct journal_entry {
	char *savepoint; /* a mark of that name; or NULL, and: */
	char *name; /* the setting; "all" with value NULL: RESET ALL */
	char *value; /* NULL: RESET */
	bool local;
};

struct journal {
	struct journal_entry *entries;
	size_t count, size;
};

void journal_init(struct journal *journal);
void journal_done(struct journal *journal);
void journal_clear(struct journal *journal); /* ROLLBACK */
void journal_set(struct journal *journal, const char *name, const char *value, bool local);
void journal_savepoint(struct journal *journal, const char *name);
void journal_release(struct journal *journal, const char *name);
void journal_rollback_to(struct journal *journal, const char *name);
/* The value that holds inside the transaction: *found false if it says nothing of it. */
const char *journal_value(const struct journal *journal, const char *name, bool *found);
/* COMMIT: carries what is not LOCAL into `set` (a client's, or a server's); RESET takes the
 * value from `start`, or none. */
void journal_apply(const struct journal *journal, struct guc_set *set, const struct guc_set *start);
