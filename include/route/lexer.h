/* The lexer: where PostgreSQL's own (scan.l) would see tokens begin and end,
 * without copying. Pure and bounded: one pass, no allocation. It finds
 * boundaries; whether an escape, a bit string or a UESCAPE is a valid one is
 * left to the server, which sees the same bytes.
 *
 * Assumes standard_conforming_strings = on and an encoding in which no byte
 * below 0x80 is part of a longer character; the caller checks both. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum token_kind {
	TOKEN_END, /* end of text */
	TOKEN_BAD, /* unterminated or otherwise not a token: analyse no further */
	TOKEN_WORD, /* identifier or keyword, not quoted */
	TOKEN_QUOTED, /* "identifier" */
	TOKEN_UQUOTED, /* U&"identifier" */
	TOKEN_INTEGER, /* digits only (may be too large for any integer type) */
	TOKEN_NUMERIC, /* any other number */
	TOKEN_STRING, /* '…' with '' doubled, also continued over lines */
	TOKEN_ESTRING, /* E'…' */
	TOKEN_USTRING, /* U&'…' */
	TOKEN_BITS, /* B'…' or X'…' */
	TOKEN_NSTRING, /* N'…' */
	TOKEN_DOLLAR, /* $tag$…$tag$ */
	TOKEN_PARAM, /* $1 */
	TOKEN_OPERATOR, /* an operator of one or more characters, also := => :: .. <= != … */
	TOKEN_SELF, /* one of ,()[].;:+-*\/%^<>= alone */
};

struct token {
	enum token_kind kind;
	size_t start, end; /* byte offsets in the text: [start, end) */
};

struct lexer {
	struct span text;
	size_t at;
	size_t signs_end; /* up to here there are only single + and -: see scan_operator */
};

/* The text ends at its first NUL, as the server would have it. It must outlive the lexer. */
void lexer_init(struct lexer *lexer, struct span text);

/* The next token; comments and blanks are skipped. After TOKEN_END or
 * TOKEN_BAD it gives the same again. */
struct token lexer_next(struct lexer *lexer);

/* Everything between the quotes of a TOKEN_STRING or TOKEN_DOLLAR token, as the
 * server would read it, appended to `out` of `size` bytes; returns its length, or
 * -1 if it does not fit or is not of those two kinds. Where no quote is doubled
 * and no line continued, lexer_plain gives it without a copy. */
long lexer_string(struct span text, struct token token, char *out, size_t size);
bool lexer_plain(struct span text, struct token token, struct span *value);
