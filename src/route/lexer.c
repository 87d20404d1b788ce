/* The lexer: PostgreSQL 15's src/backend/parser/scan.l by hand. flex's rule is
 * "the longest match, then the first rule"; each scanner below takes the longest
 * match that can start with its byte, so that no rule is ever tried twice.
 *
 *    byte ──classes[]──► class ──scanners[]──► scan_x(): where the token ends, or NULL = TOKEN_BAD
 *
 * Time is linear in the text, whatever the text is: a caller may lex what a
 * client sent before anything bounded it. */
#include "route/lexer.h"

/* An operator of NAMEDATALEN bytes or more is refused by scan.l ("operator too long"). */
enum { OPERATOR_MAX_BYTES = 63 };

/* The order matters: what goes on with a word is one range, what makes an operator another. */
enum byte_class {
	CLASS_OTHER, /* scan.l's {other}: no grammar rule takes such a byte */
	CLASS_BLANK,
	CLASS_LETTER,
	CLASS_PREFIX, /* a letter that may open a string: B E N U X */
	CLASS_DIGIT,
	CLASS_DOLLAR, /* the last of those that go on with a word */
	CLASS_QUOTE,
	CLASS_DQUOTE,
	CLASS_DOT,
	CLASS_COLON,
	CLASS_SINGLE, /* a token of its own, part of no operator */
	CLASS_SQL_OP, /* in operators, and a token when alone */
	CLASS_SIGN, /* + and -, with which an operator ends only if it holds a class below */
	CLASS_SELF_OP, /* ^ and %: like CLASS_ANY_OP, but TOKEN_SELF when alone */
	CLASS_ANY_OP, /* in operators, and an operator when alone */
	CLASS_COUNT
};

static const uint8_t classes[256] = {
	['\t'] = CLASS_BLANK,         ['\n'] = CLASS_BLANK,
	['\f'] = CLASS_BLANK,         ['\r'] = CLASS_BLANK,
	[' '] = CLASS_BLANK,          ['A'] = CLASS_LETTER,
	['B'] = CLASS_PREFIX,         ['C' ... 'D'] = CLASS_LETTER,
	['E'] = CLASS_PREFIX,         ['F' ... 'M'] = CLASS_LETTER,
	['N'] = CLASS_PREFIX,         ['O' ... 'T'] = CLASS_LETTER,
	['U'] = CLASS_PREFIX,         ['V' ... 'W'] = CLASS_LETTER,
	['X'] = CLASS_PREFIX,         ['Y' ... 'Z'] = CLASS_LETTER,
	['a'] = CLASS_LETTER,         ['b'] = CLASS_PREFIX,
	['c' ... 'd'] = CLASS_LETTER, ['e'] = CLASS_PREFIX,
	['f' ... 'm'] = CLASS_LETTER, ['n'] = CLASS_PREFIX,
	['o' ... 't'] = CLASS_LETTER, ['u'] = CLASS_PREFIX,
	['v' ... 'w'] = CLASS_LETTER, ['x'] = CLASS_PREFIX,
	['y' ... 'z'] = CLASS_LETTER, ['_'] = CLASS_LETTER,
	[128 ... 255] = CLASS_LETTER, ['0' ... '9'] = CLASS_DIGIT,
	['\''] = CLASS_QUOTE,         ['"'] = CLASS_DQUOTE,
	['$'] = CLASS_DOLLAR,         ['.'] = CLASS_DOT,
	[':'] = CLASS_COLON,          [','] = CLASS_SINGLE,
	[';'] = CLASS_SINGLE,         ['('] = CLASS_SINGLE,
	[')'] = CLASS_SINGLE,         ['['] = CLASS_SINGLE,
	[']'] = CLASS_SINGLE,         ['*'] = CLASS_SQL_OP,
	['/'] = CLASS_SQL_OP,         ['<'] = CLASS_SQL_OP,
	['>'] = CLASS_SQL_OP,         ['='] = CLASS_SQL_OP,
	['+'] = CLASS_SIGN,           ['-'] = CLASS_SIGN,
	['^'] = CLASS_SELF_OP,        ['%'] = CLASS_SELF_OP,
	['~'] = CLASS_ANY_OP,         ['!'] = CLASS_ANY_OP,
	['@'] = CLASS_ANY_OP,         ['#'] = CLASS_ANY_OP,
	['&'] = CLASS_ANY_OP,         ['|'] = CLASS_ANY_OP,
	['`'] = CLASS_ANY_OP,         ['?'] = CLASS_ANY_OP,
};

/* Scanners are called with at < end; each returns where its token ends, NULL if there is none. */
typedef const char *scanner(struct lexer *lexer, const char *at, const char *end, enum token_kind *kind);

static scanner scan_word, scan_prefix, scan_number, scan_string, scan_quoted, scan_dollar, scan_dot, scan_colon,
	scan_single, scan_operator;

static scanner *const scanners[CLASS_COUNT] = {
	[CLASS_LETTER] = scan_word,     [CLASS_PREFIX] = scan_prefix, [CLASS_DIGIT] = scan_number,
	[CLASS_QUOTE] = scan_string,    [CLASS_DQUOTE] = scan_quoted, [CLASS_DOLLAR] = scan_dollar,
	[CLASS_DOT] = scan_dot,         [CLASS_COLON] = scan_colon,   [CLASS_SINGLE] = scan_single,
	[CLASS_SQL_OP] = scan_operator, [CLASS_SIGN] = scan_operator, [CLASS_SELF_OP] = scan_operator,
	[CLASS_ANY_OP] = scan_operator,
};

static const char *skip_blanks(const char *at, const char *end);
static const char *skip_line(const char *at, const char *end);
static const char *skip_comment(const char *at, const char *end);
static const char *skip_gap(const char *at, const char *end);
static const char *skip_digits(const char *at, const char *end);
static const char *skip_quoted(const char *at, const char *end, char quote);
static const char *string_end(const char *at, const char *end, enum token_kind kind);
static const char *segment_end(const char *at, const char *end, enum token_kind kind);
static const char *identifier_end(const char *at, const char *end);
static const char *dollar_delimiter_end(const char *at, const char *end);

static inline enum byte_class class_at(const char *at)
{
	return (enum byte_class)classes[(unsigned char)*at];
}

static inline bool starts_word(const char *at, const char *end)
{
	return at < end && (class_at(at) == CLASS_LETTER || class_at(at) == CLASS_PREFIX);
}

static inline bool next_is(const char *at, const char *end, char c)
{
	return end - at > 1 && at[1] == c;
}

static inline bool opens_comment(const char *at, const char *end)
{
	return (*at == '-' && next_is(at, end, '-')) || (*at == '/' && next_is(at, end, '*'));
}

void lexer_init(struct lexer *lexer, struct span text)
{
	if (text.len == 0)
		text = span_of("", 0);
	const char *nul = memchr(text.ptr, '\0', text.len);
	if (nul)
		text.len = (size_t)(nul - text.ptr);
	*lexer = (struct lexer){ .text = text };
}

struct token lexer_next(struct lexer *lexer)
{
	const char *text = lexer->text.ptr, *end = text + lexer->text.len;
	const char *start = text + lexer->at, *at = skip_blanks(start, end);
	struct token token = { .kind = TOKEN_BAD, .start = lexer->at, .end = lexer->at };
	if (at == NULL)
		return token; /* a comment without an end */
	lexer->at = token.start = token.end = (size_t)(at - text);
	if (at == end) {
		token.kind = TOKEN_END;
		return token;
	}
	scanner *scan = scanners[class_at(at)];
	const char *after = scan ? scan(lexer, at, end, &token.kind) : NULL;
	if (after)
		lexer->at = token.end = (size_t)(after - text);
	else
		token.kind = TOKEN_BAD;
	return token;
}

bool lexer_plain(struct span text, struct token token, struct span *value)
{
	const char *at = text.ptr + token.start, *end = text.ptr + token.end;
	if (token.kind == TOKEN_DOLLAR) {
		size_t delimiter = (size_t)(dollar_delimiter_end(at, end) - at);
		*value = span_of(at + delimiter, (size_t)(end - at) - 2 * delimiter);
		return true;
	}
	if (token.kind != TOKEN_STRING || memchr(at + 1, '\'', (size_t)(end - at) - 2))
		return false;
	*value = span_of(at + 1, (size_t)(end - at) - 2);
	return true;
}

long lexer_string(struct span text, struct token token, char *out, size_t size)
{
	struct span plain;
	if (lexer_plain(text, token, &plain)) {
		if (plain.len > size)
			return -1;
		if (plain.len)
			memcpy(out, plain.ptr, plain.len);
		return (long)plain.len;
	}
	if (token.kind != TOKEN_STRING)
		return -1;
	size_t len = 0;
	const char *end = text.ptr + token.end;
	for (const char *at = text.ptr + token.start + 1; at < end; at++) {
		if (*at == '\'' && !next_is(at, end, '\'')) {
			/* The end, or the gap before the next line's part, whose quote the loop steps over. */
			at = skip_gap(at + 1, end);
			if (at == NULL)
				break;
			continue;
		}
		if (*at == '\'')
			at++;
		if (len == size)
			return -1;
		out[len++] = *at;
	}
	return (long)len;
}

/* {whitespace} and slash-star comments. NULL if such a comment has no end. */
static const char *skip_blanks(const char *at, const char *end)
{
	while (at && at < end) {
		if (class_at(at) == CLASS_BLANK)
			at++;
		else if (*at == '-' && next_is(at, end, '-'))
			at = skip_line(at, end);
		else if (*at == '/' && next_is(at, end, '*'))
			at = skip_comment(at, end);
		else
			break;
	}
	return at;
}

static const char *skip_line(const char *at, const char *end)
{
	while (at < end && *at != '\n' && *at != '\r')
		at++;
	return at;
}

/* A slash-star comment, with those nested in it. */
static const char *skip_comment(const char *at, const char *end)
{
	size_t depth = 1;
	for (at += 2; end - at > 1; at++) {
		if (at[0] == '*' && at[1] == '/') {
			at++;
			if (--depth == 0)
				return at + 1;
		} else if (at[0] == '/' && at[1] == '*') {
			at++;
			depth++;
		}
	}
	return NULL;
}

/* {whitespace_with_newline} and the quote behind it, as it may stand between
 * two parts of one string: `at` is behind a closing quote. Returns where the
 * opening quote of the next part is, NULL if the string ended. */
static const char *skip_gap(const char *at, const char *end)
{
	bool newline = false;
	for (; at < end; at++) {
		if (*at == '-' && next_is(at, end, '-')) {
			at = skip_line(at, end);
			if (at == end)
				return NULL;
		}
		if (class_at(at) != CLASS_BLANK)
			break;
		newline |= *at == '\n' || *at == '\r';
	}
	return newline && at < end && *at == '\'' ? at : NULL;
}

static const char *skip_digits(const char *at, const char *end)
{
	while (at < end && class_at(at) == CLASS_DIGIT)
		at++;
	return at;
}

/* Behind the closing quote, one that is not doubled; `at` is behind the opening one. */
static const char *skip_quoted(const char *at, const char *end, char quote)
{
	for (; at < end; at += 2) {
		at = memchr(at, quote, (size_t)(end - at));
		if (at == NULL)
			return NULL;
		if (!next_is(at, end, quote))
			return at + 1;
	}
	return NULL;
}

/* The end of one part of a string. In E'' a backslash takes the next byte with
 * it, whatever it is; what an escape means, and whether it is one, is the
 * server's affair. In B'' and X'' a quote cannot be doubled (<xb,xh>{quote}). */
static const char *segment_end(const char *at, const char *end, enum token_kind kind)
{
	if (kind == TOKEN_BITS) {
		at = at < end ? memchr(at, '\'', (size_t)(end - at)) : NULL;
		return at ? at + 1 : NULL;
	}
	if (kind != TOKEN_ESTRING)
		return skip_quoted(at, end, '\'');
	for (; at < end; at++) {
		if (*at == '\\' || (*at == '\'' && next_is(at, end, '\'')))
			at++;
		else if (*at == '\'')
			return at + 1;
	}
	return NULL;
}

/* The end of a string over all its parts; `at` is behind the first opening quote. */
static const char *string_end(const char *at, const char *end, enum token_kind kind)
{
	while ((at = segment_end(at, end, kind)) != NULL) {
		const char *more = skip_gap(at, end);
		if (more == NULL)
			break;
		at = more + 1;
	}
	return at;
}

static const char *scan_string(struct lexer *lexer, const char *at, const char *end, enum token_kind *kind)
{
	(void)lexer;
	*kind = TOKEN_STRING;
	return string_end(at + 1, end, TOKEN_STRING);
}

/* "…"; one of no length is an error, as in scan.l. */
static const char *identifier_end(const char *at, const char *end)
{
	const char *after = skip_quoted(at + 1, end, '"');
	return after && after - at > 2 ? after : NULL;
}

static const char *scan_quoted(struct lexer *lexer, const char *at, const char *end, enum token_kind *kind)
{
	(void)lexer;
	*kind = TOKEN_QUOTED;
	return identifier_end(at, end);
}

static const char *scan_word(struct lexer *lexer, const char *at, const char *end, enum token_kind *kind)
{
	(void)lexer;
	*kind = TOKEN_WORD;
	while (++at < end && class_at(at) >= CLASS_LETTER && class_at(at) <= CLASS_DOLLAR)
		;
	return at;
}

/* B'' E'' N'' X'' U&'' U&"", or a word that begins like them. */
static const char *scan_prefix(struct lexer *lexer, const char *at, const char *end, enum token_kind *kind)
{
	static const uint8_t kinds[256] = {
		['b'] = TOKEN_BITS,    ['x'] = TOKEN_BITS,    ['e'] = TOKEN_ESTRING,
		['n'] = TOKEN_NSTRING, ['u'] = TOKEN_USTRING,
	};
	char letter = (char)(*at | 0x20);
	const char *quote = at + 1;
	if (letter == 'u' && next_is(at, end, '&'))
		quote++;
	else if (letter == 'u')
		quote = end;
	if (quote < end && *quote == '\'') {
		*kind = (enum token_kind)kinds[(unsigned char)letter];
		return string_end(quote + 1, end, *kind);
	}
	if (letter == 'u' && quote < end && *quote == '"') {
		*kind = TOKEN_UQUOTED;
		return identifier_end(quote, end);
	}
	return scan_word(lexer, at, end, kind);
}

/* {integer}, {decimal}, {real}; "1..2" is 1 and .. (decimalfail); a letter right
 * behind a number (0x1F, 1e, 1e+, 5abc) is an error since PostgreSQL 15. */
static const char *scan_number(struct lexer *lexer, const char *at, const char *end, enum token_kind *kind)
{
	(void)lexer;
	*kind = TOKEN_INTEGER;
	const char *start = at;
	at = skip_digits(at, end);
	if (at < end && *at == '.' && (at == start || !next_is(at, end, '.'))) {
		*kind = TOKEN_NUMERIC;
		at = skip_digits(at + 1, end);
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		const char *exponent = at + 1;
		if (exponent < end && (*exponent == '+' || *exponent == '-'))
			exponent++;
		at = skip_digits(exponent, end);
		if (at == exponent)
			return NULL;
		*kind = TOKEN_NUMERIC;
	}
	return starts_word(at, end) ? NULL : at;
}

/* $1, $$…$$ and $tag$…$tag$; a $ that begins none of them is {other}. */
static const char *scan_dollar(struct lexer *lexer, const char *at, const char *end, enum token_kind *kind)
{
	(void)lexer;
	const char *after = skip_digits(at + 1, end);
	if (after > at + 1) {
		*kind = TOKEN_PARAM;
		return starts_word(after, end) ? NULL : after;
	}
	*kind = TOKEN_DOLLAR;
	after = dollar_delimiter_end(at, end);
	if (after == NULL)
		return NULL;
	/* A mismatch is found at the next $ at the latest, so this is linear. */
	size_t delimiter = (size_t)(after - at);
	while ((size_t)(end - after) >= delimiter) {
		after = memchr(after, '$', (size_t)(end - after));
		if (after == NULL || (size_t)(end - after) < delimiter)
			return NULL;
		if (memcmp(after, at, delimiter) == 0)
			return after + delimiter;
		after++;
	}
	return NULL;
}

/* {dolqdelim}: an identifier without $ between two $, or nothing between them. */
static const char *dollar_delimiter_end(const char *at, const char *end)
{
	at++;
	if (starts_word(at, end))
		while (starts_word(at, end) || (at < end && class_at(at) == CLASS_DIGIT))
			at++;
	return at < end && *at == '$' ? at + 1 : NULL;
}

static const char *scan_dot(struct lexer *lexer, const char *at, const char *end, enum token_kind *kind)
{
	if (end - at > 1 && class_at(at + 1) == CLASS_DIGIT)
		return scan_number(lexer, at, end, kind);
	*kind = next_is(at, end, '.') ? TOKEN_OPERATOR : TOKEN_SELF;
	return at + (*kind == TOKEN_OPERATOR ? 2 : 1);
}

static const char *scan_colon(struct lexer *lexer, const char *at, const char *end, enum token_kind *kind)
{
	(void)lexer;
	*kind = next_is(at, end, ':') || next_is(at, end, '=') ? TOKEN_OPERATOR : TOKEN_SELF;
	return at + (*kind == TOKEN_OPERATOR ? 2 : 1);
}

static const char *scan_single(struct lexer *lexer, const char *at, const char *end, enum token_kind *kind)
{
	(void)lexer;
	(void)end;
	*kind = TOKEN_SELF;
	return at + 1;
}

/* {operator}: the run of operator characters up to a comment; its + and - at the
 * end are taken off again unless it holds a character that no SQL operator has.
 *
 *    a >=-+-1      run  >=-+-      operator  >=      left over  -+-  (one token each)
 *
 * The end of what is left over is remembered, or a long row of signs would be
 * walked once for each of them. */
static const char *scan_operator(struct lexer *lexer, const char *at, const char *end, enum token_kind *kind)
{
	const char *text = lexer->text.ptr, *stop = at, *unsigned_end = at;
	bool keeps_signs = false;
	if (at < text + lexer->signs_end) {
		*kind = TOKEN_SELF;
		return at + 1;
	}
	for (; stop < end && class_at(stop) >= CLASS_SQL_OP && (stop == at || !opens_comment(stop, end)); stop++) {
		if (class_at(stop) != CLASS_SIGN)
			unsigned_end = stop + 1;
		keeps_signs |= class_at(stop) > CLASS_SIGN;
	}
	const char *run_end = stop;
	if (!keeps_signs && unsigned_end < stop)
		stop = unsigned_end > at ? unsigned_end : at + 1;
	if (stop - at > OPERATOR_MAX_BYTES)
		return NULL;
	if (stop < run_end)
		lexer->signs_end = (size_t)(run_end - text);
	*kind = stop - at == 1 && class_at(at) != CLASS_ANY_OP ? TOKEN_SELF : TOKEN_OPERATOR;
	return stop;
}
