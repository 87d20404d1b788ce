/* An answer in the making: columns, rows, and how it ends, as protocol messages. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct answer {
	struct buf out;
	unsigned column_count; /* of the rows that follow */
	unsigned value_count; /* in the row under way */
	size_t row;
};

/* `limit_bytes`: as for buf_init. */
void answer_init(struct answer *answer, size_t limit_bytes);
void answer_done(struct answer *answer);

/* Names joined by ", ". */
void answer_columns(struct answer *answer, const char *names);
unsigned answer_count_columns(const char *names);

/* A row: answer_row, a value for each column, answer_row_end (missing ones are NULL). */
void answer_row(struct answer *answer);
void answer_text(struct answer *answer, const char *text); /* NULL is NULL */
void answer_span(struct answer *answer, struct span text);
void answer_number(struct answer *answer, long long value);
void answer_null(struct answer *answer);
void answer_yes_no(struct answer *answer, bool yes);
void answer_printf(struct answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void answer_row_end(struct answer *answer);

/* A moment of the monotonic clock (0: empty), as local time "2026-01-31 13:59:59 CET". */
void answer_time(struct answer *answer, int64_t at_us);

void answer_notice(struct answer *answer, const char *message, const char *detail);
void answer_error(struct answer *answer, const char *sqlstate, const char *message, const char *hint);
