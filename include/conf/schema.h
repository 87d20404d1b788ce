/* The rows of conf/rows.h as data: finding a setting by name, reading its value
 * from text into its field, and printing it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "conf/keep.h"
#include "conf/snapshot.h"

enum schema_kind {
	SCHEMA_BOOL,
	SCHEMA_INT,
	SCHEMA_OCTAL,
	SCHEMA_BYTES,
	SCHEMA_TIME,
	SCHEMA_TIME_MS,
	SCHEMA_STRING,
	SCHEMA_SECRET,
	SCHEMA_LIST,
	SCHEMA_ENUM,
};

enum schema_scope { SCHEMA_GLOBAL = 1, SCHEMA_DATABASE = 2, SCHEMA_USER = 4 };

enum schema_status { SCHEMA_WORKS, SCHEMA_LATER, SCHEMA_NOWHERE };

enum schema_verdict { SCHEMA_FINE, SCHEMA_WARN, SCHEMA_REFUSE };

struct schema_word {
	const char *word;
	enum schema_verdict verdict;
	const char *why;
};

struct schema_row {
	enum schema_kind kind;
	const char *name, *default_text, *help;
	unsigned scopes;
	bool at_reload; /* may change while running */
	enum schema_status status;
	const char *why; /* unless SCHEMA_WORKS */
	int64_t min, max; /* numbers, in the unit of the field */
	const struct schema_word *words; /* SCHEMA_ENUM: by value */
	size_t word_count;
	size_t global_at, database_at, user_at; /* offsets of the field in the three structs, by scopes */
};

enum {
#define SCHEMA_COUNT_ROW(kind, name, def, scope, when, status, of, help) +1
	SCHEMA_ROW_COUNT = 0 SETTING_ROWS(SCHEMA_COUNT_ROW) DATABASE_ROWS(SCHEMA_COUNT_ROW)
#undef SCHEMA_COUNT_ROW
};
extern const struct schema_row schema_rows[SCHEMA_ROW_COUNT]; /* in the order of rows.h */

/* The row of a name (or alias) in that scope; NULL if there is none. */
const struct schema_row *schema_find(enum schema_scope scope, struct span name);
/* The name most like `name` in that scope, NULL if none is close. */
const char *schema_nearest(enum schema_scope scope, struct span name);

/* Reads `text` into the field; strings are copied into `keep`. Not fine: `message` gets
 * "name = text: what, what would be right" (never a secret's text); on SCHEMA_REFUSE the
 * field is as it was, on SCHEMA_WARN it is set. */
enum schema_verdict schema_read(const struct schema_row *row, struct span text, struct keep *keep, void *field,
				struct buf *message);
/* Prints the field in the manner of the row's default; schema_read gets the same value
 * back, but for secrets, which are printed as **** (or nothing). */
void schema_print(const struct schema_row *row, const void *field, struct buf *out);
/* Copies a field from one struct to another; strings are shared. */
void schema_copy(const struct schema_row *row, void *to, const void *from);
bool schema_equal(const struct schema_row *row, const void *a, const void *b);
