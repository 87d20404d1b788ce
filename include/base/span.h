/* A span: bytes that somebody else owns. Plain data, passed by value. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct span {
	const char *ptr; /* not NUL-terminated */
	size_t len;
};

static inline struct span span_of(const char *ptr, size_t len)
{
	return (struct span){ ptr, len };
}

static inline struct span span_text(const char *text)
{
	return (struct span){ text, text ? strlen(text) : 0 };
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool span_is(struct span a, const char *text)
{
	return span_equal(a, span_text(text));
}

/* ASCII letters compare without case; every other byte exactly. */
bool span_is_nocase(struct span a, const char *text);

/* Without the blanks (space, tab, CR, LF, VT, FF) at both ends. */
struct span span_trim(struct span a);

/* Splits *rest at the first `by`: returns what stood before it and moves *rest
 * behind it. With no `by` left returns all of *rest and empties it. */
struct span span_split(struct span *rest, char by);

/* Decimal integer with optional sign that fills the whole span. False on
 * garbage, on emptiness and on a value outside min..max. */
bool span_to_int(struct span a, long long min, long long max, long long *value);
