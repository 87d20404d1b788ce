/* Connect strings, one pair at a time. Mistakes are described without a word of
 * the string, since a password with a blank in it looks like a key. */
#include "conf/connect.h"

#include "base/mem.h"

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool read_value(struct connect_cursor *cursor);
static bool read_quoted(struct connect_cursor *cursor);

static void skip(struct span *text, size_t len)
{
	*text = span_of(text->ptr + len, text->len - len);
}

static void skip_blanks(struct span *text)
{
	while (text->len && blank(text->ptr[0]))
		skip(text, 1);
}

void connect_init(struct connect_cursor *cursor, struct span text)
{
	*cursor = (struct connect_cursor){ .rest = text };
	buf_init(&cursor->value, 0);
	/* All at once, so that growing leaves no copy of a secret behind. */
	buf_room(&cursor->value, text.len + 1);
}

void connect_done(struct connect_cursor *cursor)
{
	if (cursor->value.bytes)
		mem_wipe(cursor->value.bytes, cursor->value.size);
	buf_done(&cursor->value);
}

bool connect_next(struct connect_cursor *cursor)
{
	struct span *rest = &cursor->rest;
	size_t len = 0;
	skip_blanks(rest);
	if (rest->len == 0 || cursor->wrong)
		return false;
	while (len < rest->len && !blank(rest->ptr[len]) && rest->ptr[len] != '=' && rest->ptr[len] != '\'')
		len++;
	cursor->key = span_of(rest->ptr, len);
	skip(rest, len);
	skip_blanks(rest);
	if (len == 0 || rest->len == 0 || rest->ptr[0] != '=') {
		cursor->wrong = "a word without =: write key=value, or key='value' for a value with blanks";
		return false;
	}
	skip(rest, 1);
	bool apart = rest->len && blank(rest->ptr[0]);
	skip_blanks(rest);
	buf_clear(&cursor->value);
	if (!read_value(cursor))
		return false;
	/* libpq reads "host= port=1" as a host named port=1; here that is a slip. */
	struct span value = buf_span(&cursor->value);
	if (apart && value.len && memchr(value.ptr, '=', value.len)) {
		cursor->wrong = "an empty value: write key='', or quote a value with = in it";
		return false;
	}
	return true;
}

static bool read_value(struct connect_cursor *cursor)
{
	struct span *rest = &cursor->rest;
	if (rest->len && rest->ptr[0] == '\'')
		return read_quoted(cursor);
	size_t len = 0;
	while (len < rest->len && !blank(rest->ptr[len]))
		len++;
	buf_add(&cursor->value, rest->ptr, len);
	skip(rest, len);
	return true;
}

static bool read_quoted(struct connect_cursor *cursor)
{
	struct span *rest = &cursor->rest;
	for (size_t i = 1; i < rest->len; i++) {
		if (rest->ptr[i] == '\'') {
			if (i + 1 == rest->len || rest->ptr[i + 1] != '\'') {
				skip(rest, i + 1);
				if (rest->len && !blank(rest->ptr[0]))
					break;
				return true;
			}
			i++;
		}
		buf_add(&cursor->value, rest->ptr + i, 1);
	}
	cursor->wrong = rest->len && rest->ptr[0] != '\''
				? "text right behind a closing quote: a ' inside quotes is written ''"
				: "a quote that is not closed: a ' inside quotes is written ''";
	return false;
}
