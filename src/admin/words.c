/* Words, one at a time, from a text that stays where it is. */
#include "admin/words.h"

#include "base/mem.h"

static struct word quoted(struct words *words, enum word_kind kind);

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Bytes from 128 on are letters, as for PostgreSQL. */
static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c & 0x80) || c == '_' ||
	       c == '.' || c == '$' || c == '-';
}

static void skip_blanks(struct words *words)
{
	while (words->rest.len && is_blank(words->rest.ptr[0]))
		words->rest = span_of(words->rest.ptr + 1, words->rest.len - 1);
}

static struct span take(struct words *words, size_t len)
{
	struct span taken = span_of(words->rest.ptr, len);
	words->rest = span_of(words->rest.ptr + len, words->rest.len - len);
	return taken;
}

struct word words_next(struct words *words)
{
	skip_blanks(words);
	if (words->rest.len == 0 || words->rest.ptr[0] == ';')
		return (struct word){ WORD_END, { "", 0 } };
	char first = words->rest.ptr[0];
	if (first == '"' || first == '\'')
		return quoted(words, first == '"' ? WORD_QUOTED : WORD_STRING);
	size_t len = 0;
	while (len < words->rest.len && is_bare(words->rest.ptr[len]))
		len++;
	return (struct word){ len ? WORD_BARE : WORD_MARK, take(words, len ? len : 1) };
}

static struct word quoted(struct words *words, enum word_kind kind)
{
	struct span rest = words->rest;
	char quote = rest.ptr[0];
	for (size_t i = 1; i < rest.len; i++) {
		if (rest.ptr[i] != quote)
			continue;
		if (i + 1 < rest.len && rest.ptr[i + 1] == quote) {
			i++;
			continue;
		}
		take(words, i + 1);
		return (struct word){ kind, span_of(rest.ptr + 1, i - 1) };
	}
	return (struct word){ WORD_BAD, take(words, rest.len) };
}

struct word words_peek(struct words words)
{
	return words_next(&words);
}

bool words_next_command(struct words *words)
{
	skip_blanks(words);
	while (words->rest.len && words->rest.ptr[0] == ';') {
		take(words, 1);
		skip_blanks(words);
	}
	return words->rest.len > 0;
}

char *word_copy(const struct word *word)
{
	char *copy = mem_alloc(word->text.len + 1);
	size_t len = 0;
	char quote = word->kind == WORD_QUOTED ? '"' : word->kind == WORD_STRING ? '\'' : '\0';
	for (size_t i = 0; i < word->text.len; i++) {
		copy[len++] = word->text.ptr[i];
		if (quote && word->text.ptr[i] == quote)
			i++;
	}
	copy[len] = '\0';
	return copy;
}

bool word_is(const struct word *word, const char *text)
{
	return word->kind == WORD_BARE && span_is_nocase(word->text, text);
}
