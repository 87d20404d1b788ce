/* The parser: a text becomes statements (tree.h), by PostgreSQL 15's own grammar.
 *
 *    text ──pg_query_raw_parse──► raw parse tree ──parse_tree.c──► trees      ┐ struct parsed
 *                                                └─parse_command.c──► classes ┘
 *
 * The three parse*.c and parse_nodes.h are the only files that see the server's
 * headers, and are compiled with them alone. libpg_query's protobuf path is not used:
 * it recurses without bound on what a client sends. */
#pragma once

#include "route/tree.h"

struct parsed {
	struct statement *statements;
	size_t count;
	bool ok; /* false: see reason; count is 0 */
	enum reason reason; /* REASON_SYNTAX, REASON_TOO_LARGE */
};

/* Parses a NUL-terminated text, all of whose memory comes from `arena`. The caller has
 * bounded its length and the nesting of its parentheses; an expression that is
 * nested deeper than `max_depth` all the same (a + b + c + …) is REASON_TOO_LARGE.
 * A thread with 256 KB of stack is enough for any text. */
void parse_text(struct arena *arena, const char *text, size_t max_depth, struct parsed *parsed);
