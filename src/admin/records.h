/* Records under a key of several texts, gathered from all loops and summed where their
 * keys are equal. A subject's struct begins with `struct record`. */
#pragma once

#include <stddef.h>

#include "base/span.h"

struct record {
	char *key; /* the texts, each with its NUL */
	size_t key_bytes;
};

struct records {
	size_t record_bytes;
	void **items; /* owned, each of record_bytes */
	size_t count, size;
};

void records_init(struct records *records, size_t record_bytes);
void records_done(struct records *records);

/* A new record, zeroed but for its key (which is copied). Keys may repeat. */
void *records_add(struct records *records, unsigned text_count, const char *const *texts);
#define RECORDS_ADD(records, ...)                                                                                      \
	records_add(records, MEM_COUNT(((const char *const[]){ __VA_ARGS__ })), (const char *const[]){ __VA_ARGS__ })
const char *record_text(const void *record, unsigned index);

/* Moves all of `from` to `to`. */
void records_move(struct records *to, struct records *from);
/* Sorts by key and sums equal ones: add(into, from), `from` is freed after it. NULL: one of equals stays. */
void records_merge(struct records *records, void (*add)(void *into, const void *from));
