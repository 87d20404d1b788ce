/* Ini lines as PgBouncer reads them. Knows lines, sections and includes; not what
 * the keys mean.
 *
 *    ; or # as the first character of a line: a comment (there are none behind a value)
 *    [section]            may repeat
 *    key = value          value to the end of the line, without the blanks around it; may be empty
 *    "odd ""key""" = v    a key of other characters than letters, digits and _ . : * $ @ -
 *    %include file        relative to the working directory; starts in the section that it
 *                         stands in, and leaves that as it was
 *
 * All mistakes are reported, as `file:line: what, what would be right`. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

enum {
	INI_ERROR_COUNT = 20, /* mistakes reported; the rest only counts */
	INI_DEPTH = 20, /* includes in includes */
	INI_FILE_COUNT = 1000, /* includes in all */
	INI_FILE_BYTES = 16 << 20, /* longest file */
};

/* Where something stands. The spans and the name live for the callback only. */
struct ini_entry {
	const char *file;
	unsigned line; /* from 1 */
	struct span section; /* without the brackets */
	struct span key, value;
};

struct ini_reader {
	/* Both return nothing: mistakes go to ini_complain. on_section: key and value are empty. */
	void (*on_section)(void *arg, const struct ini_entry *head);
	void (*on_entry)(void *arg, const struct ini_entry *entry);
	void *arg;
	bool refuse_includes;
};

/* False if `errors` got something, from here or from the callbacks. Reading goes on after a
 * mistake, so callbacks must be without effect until the whole has been read. Only
 * regular files are opened. */
bool ini_read_file(const char *path, const struct ini_reader *reader, struct buf *errors);
bool ini_read_text(struct span text, const char *name, const struct ini_reader *reader, struct buf *errors);

/* Adds "file:line: text\n" to `errors`, or "file: text\n" for line 0; nothing once INI_ERROR_COUNT are there. */
void ini_complain(struct buf *errors, const char *file, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
