/* Blocks grow from a kilobyte, doubling, up to BLOCK_MOST; a piece larger than that gets a
 * block of its own. */
#include "route/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BLOCK_LEAST = 1024, BLOCK_MOST = 64 * 1024, ALIGNMENT = 16 };

struct arena_block {
	struct arena_block *older;
	size_t used, size;
	_Alignas(ALIGNMENT) char bytes[];
};

static struct arena_block *add_block(struct arena *arena, size_t size);

void arena_init(struct arena *arena)
{
	*arena = (struct arena){ 0 };
}

void arena_done(struct arena *arena)
{
	for (struct arena_block *block = arena->blocks; block != NULL;) {
		struct arena_block *older = block->older;
		mem_free(block);
		block = older;
	}
	arena_init(arena);
}

void *arena_take(struct arena *arena, size_t size)
{
	size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	struct arena_block *block = arena->blocks;
	if (block == NULL || block->size - block->used < size)
		block = add_block(arena, size);
	void *piece = block->bytes + block->used;
	block->used += size;
	return memset(piece, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / 2 / size)
		abort();
	return arena_take(arena, count * size);
}

char *arena_text(struct arena *arena, struct span text)
{
	char *copy = arena_take(arena, text.len + 1);
	if (text.len != 0)
		memcpy(copy, text.ptr, text.len);
	return copy;
}

static struct arena_block *add_block(struct arena *arena, size_t size)
{
	size_t room = arena->blocks ? arena->blocks->size * 2 : BLOCK_LEAST;
	if (room > BLOCK_MOST)
		room = BLOCK_MOST;
	if (room < size)
		room = size;
	struct arena_block *block = mem_alloc(sizeof *block + room);
	block->older = arena->blocks;
	block->used = 0;
	block->size = room;
	arena->blocks = block;
	arena->held_bytes += sizeof *block + room;
	return block;
}
