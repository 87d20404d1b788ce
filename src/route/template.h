/* Templates: a text without its literals, so that statements which differ in their
 * values alone are read once.
 *
 *    SELECT * FROM t  WHERE id = 42 AND s='x'     the text
 *    SELECT * FROM t WHERE id = ¹ AND s=³         the template; ¹ ³: one byte by the literal's kind
 *                               │       │
 *                            slot 0   slot 1      where the literals stand in this text
 *
 * Comments and blanks between tokens become one space, everything else stays as it
 * is: two texts have the same template only if they are the same tokens, up to
 * the values of literals. The template never holds a value, so it may be shown. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "route/lexer.h"

struct buf;

struct slot {
	uint32_t start, end; /* byte offsets in the text */
	enum token_kind kind;
};

enum template_trouble {
	TEMPLATE_FINE,
	TEMPLATE_BAD, /* a byte that begins no token, or an unterminated one */
	TEMPLATE_TOO_DEEP /* nested deeper than the bound */
};

struct template
{
	char *bytes;
	size_t len, room;
	struct slot *slots;
	size_t slot_count, slot_room;
	enum template_trouble trouble;
	bool odd_literals; /* E'', U&'', B'' or N'': whether the text is valid depends on their content */
	bool unicode_names; /* U&"…" */
	bool foreign_names; /* a name with bytes beyond ASCII */
	bool temp_names; /* pg_temp.x, or a session's pg_temp_N.x */
	bool params; /* $n */
};

void template_init(struct template *template);
void template_done(struct template *template);

/* Reads a text of less than 4 GB. After trouble the template holds what came before it. `max_depth`
 * bounds parentheses, brackets, CASE and NOT, which the grammar's stack would grow with. */
void template_read(struct template *template, struct span text, size_t max_depth);

/* Appends bytes behind the template, as part of a key. */
void template_append(struct template *template, const void *bytes, size_t len);

/* The slot whose literal begins at `start`; -1 if there is none. */
long template_slot(const struct slot *slots, size_t count, size_t start);

/* A template as a person reads it: a question mark for each literal. */
void template_show(struct span template, struct buf *out);
