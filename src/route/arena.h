/* An arena: memory that is taken piece by piece and given back all at once. What
 * a statement means is kept in one, so that forgetting it is one call. */
#pragma once

#include <stddef.h>

#include "base/span.h"

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t held_bytes; /* of all blocks, their headers included */
};

void arena_init(struct arena *arena);
void arena_done(struct arena *arena); /* frees everything; the arena is empty and usable again */

/* Zeroed memory, aligned for any object. Never NULL. */
void *arena_take(struct arena *arena, size_t size);
void *arena_array(struct arena *arena, size_t count, size_t size);
char *arena_text(struct arena *arena, struct span text); /* a copy, NUL-terminated */

#define ARENA_NEW(arena, type) ((type *)arena_take(arena, sizeof(type)))
#define ARENA_ARRAY(arena, count, type) ((type *)arena_array(arena, count, sizeof(type)))
