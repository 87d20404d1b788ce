/* Blocks of memory in a chain. */
#include "conf/keep.h"

#include <stdalign.h>

#include "base/mem.h"

struct keep_block {
	struct keep_block *next;
	size_t size;
	alignas(max_align_t) char bytes[];
};

void *keep_bytes(struct keep *keep, size_t size)
{
	struct keep_block *block = mem_zalloc(sizeof *block + size);
	block->next = keep->blocks;
	block->size = size;
	keep->blocks = block;
	return block->bytes;
}

const char *keep_text(struct keep *keep, struct span text)
{
	if (text.len == 0)
		return "";
	char *copy = keep_bytes(keep, text.len + 1);
	memcpy(copy, text.ptr, text.len);
	return copy;
}

void keep_done(struct keep *keep)
{
	for (struct keep_block *block = keep->blocks, *next; block; block = next) {
		next = block->next;
		mem_wipe(block->bytes, block->size);
		mem_free(block);
	}
	keep->blocks = NULL;
}
