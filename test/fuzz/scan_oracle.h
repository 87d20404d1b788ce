/* The oracle for the lexer: PostgreSQL 15's own scan.l, as libpg_query's
 * pg_query_scan has it, compared token by token with route/lexer.
 *
 * Where scan reports an error nothing is compared but that the lexer ends too.
 * Not compared are texts with U& strings, where scan's offsets are wrong, and with
 * strings continued over a -- comment, where libpg_query departs from scan.l. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum scan_verdict {
	SCAN_EQUAL, /* the same tokens at the same bytes */
	SCAN_DIFFERENT, /* `report` says where */
	SCAN_ERROR, /* pg_query_scan refuses the text */
	SCAN_UNFIT, /* holds what libpg_query scans otherwise than PostgreSQL: see above */
};

/* Compares both on a NUL-terminated text. On SCAN_DIFFERENT and SCAN_ERROR
 * `report` (of `size` bytes) holds a line for a person. `*bad` tells whether
 * the lexer ended with TOKEN_BAD. */
enum scan_verdict scan_compare(const char *text, bool *bad, char *report, size_t size);
