/* pg_query_scan answers with a packed protobuf message; protobuf-c's headers are
 * not everywhere, and two nested messages of plain numbers need no library:
 *
 *    ScanResult { int32 version = 1; repeated ScanToken tokens = 2; }
 *    ScanToken  { int32 start = 1; int32 end = 2; Token token = 4; KeywordKind keyword_kind = 5; }
 */
#include "scan_oracle.h"

#include <pg_query.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "route/lexer.h"

/* Values of enum Token in pg_query.proto that are compared by more than their place. */
enum {
	SCAN_IDENT = 258,
	SCAN_FCONST = 260,
	SCAN_SCONST = 261,
	SCAN_BCONST = 263,
	SCAN_XCONST = 264,
	SCAN_OP = 265,
	SCAN_ICONST = 266,
	SCAN_PARAM = 267,
	SCAN_TYPECAST = 268,
	SCAN_NOT_EQUALS = 274,
	SCAN_SQL_COMMENT = 275,
	SCAN_C_COMMENT = 276,
};

struct scan_token {
	uint64_t start, end, code;
};

struct packed {
	const uint8_t *at, *end;
};

static bool next_scan_token(struct packed *message, struct scan_token *token);
static uint64_t varint(struct packed *message);
static bool continued_over_comment(struct span text);
static bool same_kind(const char *text, struct token ours, uint64_t code);
static enum scan_verdict compare_tokens(const char *text, struct packed message, bool *bad, char *report, size_t size);

enum scan_verdict scan_compare(const char *text, bool *bad, char *report, size_t size)
{
	struct lexer lexer;
	struct token token;
	bool unfit = false;
	lexer_init(&lexer, span_text(text));
	do {
		token = lexer_next(&lexer);
		unfit |= token.kind == TOKEN_USTRING || token.kind == TOKEN_UQUOTED;
		if (token.kind >= TOKEN_STRING && token.kind <= TOKEN_NSTRING)
			unfit |= continued_over_comment(span_of(text + token.start, token.end - token.start));
	} while (token.kind != TOKEN_END && token.kind != TOKEN_BAD);
	if (token.kind == TOKEN_BAD)
		unfit |= continued_over_comment(span_text(text + token.start));
	*bad = token.kind == TOKEN_BAD;
	if (unfit)
		return SCAN_UNFIT;

	PgQueryScanResult scanned = pg_query_scan(text);
	enum scan_verdict verdict = SCAN_ERROR;
	if (scanned.error) {
		snprintf(report, size, "%s", scanned.error->message);
	} else {
		struct packed message = { (const uint8_t *)scanned.pbuf.data,
					  (const uint8_t *)scanned.pbuf.data + scanned.pbuf.len };
		verdict = compare_tokens(text, message, bad, report, size);
	}
	pg_query_free_scan_result(scanned);
	return verdict;
}

static enum scan_verdict compare_tokens(const char *text, struct packed message, bool *bad, char *report, size_t size)
{
	struct lexer lexer;
	struct scan_token theirs;
	lexer_init(&lexer, span_text(text));
	for (;;) {
		struct token ours = lexer_next(&lexer);
		bool more = next_scan_token(&message, &theirs);
		if (more && ours.kind == TOKEN_NSTRING && theirs.end == ours.start + 1) {
			/* scan.l gives the N as the keyword NCHAR, then the string. */
			more = next_scan_token(&message, &theirs);
			theirs.start = ours.start;
		}
		if (ours.kind == TOKEN_END && !more)
			return SCAN_EQUAL;
		/* scan.l passes a byte that begins no token on to the grammar, which refuses it. */
		if (ours.kind == TOKEN_BAD && more && theirs.start == ours.start && theirs.end == ours.start + 1 &&
		    theirs.code < 256 && !strchr(",()[].;:+-*/%^<>=", (int)theirs.code))
			return SCAN_EQUAL;
		if (!more || theirs.start != ours.start || theirs.end != ours.end ||
		    !same_kind(text, ours, theirs.code)) {
			snprintf(report, size, "lexer: kind %d at %zu..%zu; scan: %s token %llu at %llu..%llu",
				 ours.kind, ours.start, ours.end, more ? "" : "ended, was",
				 (unsigned long long)theirs.code, (unsigned long long)theirs.start,
				 (unsigned long long)theirs.end);
			*bad = ours.kind == TOKEN_BAD;
			return SCAN_DIFFERENT;
		}
	}
}

/* libpg_query returns comments as tokens, and so ends a string at a -- comment over
 * which scan.l continues it. True too for some strings that merely look so inside. */
static bool continued_over_comment(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '\'')
			continue;
		while (++i < text.len && strchr(" \t\n\r\f", text.ptr[i]))
			;
		if (text.len - i > 2 && memcmp(text.ptr + i, "--", 2) == 0)
			return true;
		i--;
	}
	return false;
}

static bool same_kind(const char *text, struct token ours, uint64_t code)
{
	switch (ours.kind) {
	case TOKEN_WORD:
		return code == SCAN_IDENT || code > SCAN_C_COMMENT;
	case TOKEN_QUOTED:
		return code == SCAN_IDENT;
	case TOKEN_INTEGER:
		return code == SCAN_ICONST || code == SCAN_FCONST;
	case TOKEN_NUMERIC:
		return code == SCAN_FCONST;
	case TOKEN_STRING:
	case TOKEN_ESTRING:
	case TOKEN_NSTRING:
	case TOKEN_DOLLAR:
		return code == SCAN_SCONST;
	case TOKEN_BITS:
		return code == SCAN_BCONST || code == SCAN_XCONST;
	case TOKEN_PARAM:
		return code == SCAN_PARAM;
	case TOKEN_OPERATOR:
		return code == SCAN_OP || (code >= SCAN_TYPECAST && code <= SCAN_NOT_EQUALS);
	case TOKEN_SELF:
		return code == (unsigned char)text[ours.start];
	default:
		return false;
	}
}

/* The next token that is not a comment. */
static bool next_scan_token(struct packed *message, struct scan_token *token)
{
	while (message->at < message->end) {
		uint64_t field = varint(message);
		uint64_t value = varint(message);
		if ((field & 7) != 2)
			continue;
		struct packed inner = { message->at, message->at + value };
		message->at = inner.end;
		*token = (struct scan_token){ 0 };
		while (inner.at < inner.end) {
			uint64_t number = varint(&inner) >> 3, content = varint(&inner);
			if (number == 1)
				token->start = content;
			else if (number == 2)
				token->end = content;
			else if (number == 4)
				token->code = content;
		}
		if (token->code != SCAN_SQL_COMMENT && token->code != SCAN_C_COMMENT)
			return true;
	}
	return false;
}

static uint64_t varint(struct packed *message)
{
	uint64_t value = 0;
	for (unsigned shift = 0; message->at < message->end && shift < 64; shift += 7) {
		uint8_t byte = *message->at++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			break;
	}
	return value;
}
