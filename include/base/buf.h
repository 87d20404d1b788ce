/* A growable run of bytes with a read and a write position.
 *
 *    bytes  |-- taken --|======= held =======|---- room ----|
 *           0         start                 end           size
 *
 * A writer appends at `end`, a reader takes from `start`. Failure is sticky: a
 * buffer that could not grow (limit reached, memory short) says so once, by
 * buf_failed, and ignores what is appended after that. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct buf {
	char *bytes;
	size_t start, end, size;
	size_t limit; /* never hold more than this many bytes; 0 = no limit */
	bool failed;
};

void buf_init(struct buf *b, size_t limit_bytes);
void buf_done(struct buf *b); /* frees the memory; the buffer is empty and usable again */

static inline size_t buf_held(const struct buf *b)
{
	return b->end - b->start;
}

static inline const char *buf_head(const struct buf *b)
{
	return b->bytes + b->start;
}

static inline struct span buf_span(const struct buf *b)
{
	return span_of(b->bytes ? b->bytes + b->start : "", b->end - b->start);
}

static inline bool buf_failed(const struct buf *b)
{
	return b->failed;
}

/* Makes room for `len` more bytes and returns where they go; NULL once failed.
 * The caller writes there and then calls buf_wrote. */
char *buf_room(struct buf *b, size_t len);
void buf_wrote(struct buf *b, size_t len);

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_span(struct buf *b, struct span bytes);
void buf_add_text(struct buf *b, const char *text); /* without its NUL */
void buf_add_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_add_u8(struct buf *b, uint8_t value);
void buf_add_u16(struct buf *b, uint16_t value); /* network byte order */
void buf_add_u32(struct buf *b, uint32_t value); /* network byte order */

/* Drops `len` bytes from the front; memory is given back once nothing is held. */
void buf_take(struct buf *b, size_t len);
/* Drops everything, keeps the memory. */
void buf_clear(struct buf *b);
