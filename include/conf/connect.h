/* Connect strings: the values of [databases], [users], [peers] and [nodes].
 *
 *    key=value key='value with blanks' key='it''s'
 *
 * Blanks stand between pairs and may stand around the =. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

struct connect_cursor {
	struct span rest;
	struct span key;
	struct buf value; /* unquoted; may be a secret */
	const char *wrong; /* what is wrong and what would be right; NULL if fine. Quotes nothing of the string. */
};

void connect_init(struct connect_cursor *cursor, struct span text);
/* Moves to the next pair; false at the end and at a mistake. `key` is in the text. */
bool connect_next(struct connect_cursor *cursor);
void connect_done(struct connect_cursor *cursor); /* wipes the value */
