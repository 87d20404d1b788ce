/* Spans: comparing, trimming, splitting and reading numbers, all bounded. */
#include "base/span.h"

#include <limits.h>

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool span_is_nocase(struct span a, const char *text)
{
	for (size_t i = 0; i < a.len; i++)
		if (text[i] == '\0' || lower((unsigned char)a.ptr[i]) != lower((unsigned char)text[i]))
			return false;
	return text[a.len] == '\0';
}

struct span span_trim(struct span a)
{
	while (a.len && blank(a.ptr[0]))
		a.ptr++, a.len--;
	while (a.len && blank(a.ptr[a.len - 1]))
		a.len--;
	return a;
}

struct span span_split(struct span *rest, char by)
{
	struct span head = *rest;
	const char *at = rest->len ? memchr(rest->ptr, by, rest->len) : NULL;
	if (at == NULL) {
		*rest = span_of(rest->ptr + rest->len, 0);
		return head;
	}
	head.len = (size_t)(at - rest->ptr);
	*rest = span_of(at + 1, rest->len - head.len - 1);
	return head;
}

bool span_to_int(struct span a, long long min, long long max, long long *value)
{
	bool negative = a.len && a.ptr[0] == '-';
	if (a.len && (a.ptr[0] == '-' || a.ptr[0] == '+'))
		a.ptr++, a.len--;
	if (a.len == 0)
		return false;
	/* Counted downwards, since LLONG_MIN has no positive twin. */
	long long sum = 0;
	for (size_t i = 0; i < a.len; i++) {
		if (a.ptr[i] < '0' || a.ptr[i] > '9')
			return false;
		if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_sub_overflow(sum, a.ptr[i] - '0', &sum))
			return false;
	}
	if (!negative) {
		if (sum == LLONG_MIN)
			return false;
		sum = -sum;
	}
	if (sum < min || sum > max)
		return false;
	*value = sum;
	return true;
}
