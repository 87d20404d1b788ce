/* Growable buffers: doubling, compacting, bounded. */
#include "base/buf.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { BUF_FIRST_BYTES = 256, BUF_KEEP_BYTES = 64 * 1024 };

void buf_init(struct buf *b, size_t limit_bytes)
{
	*b = (struct buf){ .limit = limit_bytes };
}

void buf_done(struct buf *b)
{
	mem_free(b->bytes);
	buf_init(b, b->limit);
}

char *buf_room(struct buf *b, size_t len)
{
	size_t held = buf_held(b), need;
	if (b->failed || __builtin_add_overflow(held, len, &need) || (b->limit && need > b->limit)) {
		b->failed = true;
		return NULL;
	}
	if (b->bytes && b->size - b->end >= len)
		return b->bytes + b->end;
	if (b->start && b->size >= need && b->start >= held) {
		memmove(b->bytes, b->bytes + b->start, held);
	} else {
		size_t size = b->size ? b->size : BUF_FIRST_BYTES;
		while (size < need)
			size = size > SIZE_MAX / 2 ? need : size * 2;
		char *bytes = mem_try_alloc(size);
		if (bytes == NULL) {
			b->failed = true;
			return NULL;
		}
		if (held)
			memcpy(bytes, b->bytes + b->start, held);
		mem_free(b->bytes);
		b->bytes = bytes;
		b->size = size;
	}
	b->start = 0;
	b->end = held;
	return b->bytes + b->end;
}

void buf_wrote(struct buf *b, size_t len)
{
	b->end += len;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	char *at = buf_room(b, len);
	if (at && len) {
		memcpy(at, bytes, len);
		b->end += len;
	}
}

void buf_add_span(struct buf *b, struct span bytes)
{
	buf_add(b, bytes.ptr, bytes.len);
}

void buf_add_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_add_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	char *at = len < 0 ? NULL : buf_room(b, (size_t)len + 1);
	if (at) {
		vsnprintf(at, (size_t)len + 1, format, again);
		b->end += (size_t)len;
	}
	va_end(again);
	va_end(args);
}

void buf_add_u8(struct buf *b, uint8_t value)
{
	buf_add(b, &value, 1);
}

void buf_add_u16(struct buf *b, uint16_t value)
{
	value = htons(value);
	buf_add(b, &value, 2);
}

void buf_add_u32(struct buf *b, uint32_t value)
{
	value = htonl(value);
	buf_add(b, &value, 4);
}

void buf_take(struct buf *b, size_t len)
{
	b->start += len;
	if (b->start == b->end) {
		b->start = b->end = 0;
		if (b->size > BUF_KEEP_BYTES)
			buf_done(b);
	}
}

void buf_clear(struct buf *b)
{
	b->start = b->end = 0;
	b->failed = false;
}
