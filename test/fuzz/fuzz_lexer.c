/* Fuzzes the lexer: its tokens are in order, inside the text and never empty; END
 * and BAD repeat; strings read the same with and without a copy; and PostgreSQL's
 * own scanner sees the same tokens. */
#include "base/mem.h"
#include "fuzz.h"
#include "route/lexer.h"
#include "scan_oracle.h"

static void check_lexer(struct span text);
static void check_string(struct span text, struct token token);
static void check_oracle(const char *text);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct span text = span_of((const char *)bytes, len);
	check_lexer(text);
	char *terminated = mem_strndup(text.ptr, strnlen(text.ptr, text.len));
	check_oracle(terminated);
	mem_free(terminated);
	return 0;
}

static void check_lexer(struct span text)
{
	struct lexer lexer;
	struct token token, again;
	size_t at = 0;
	lexer_init(&lexer, text);
	for (;;) {
		token = lexer_next(&lexer);
		FUZZ_CHECK(token.start >= at && token.end >= token.start && token.end <= text.len);
		if (token.kind == TOKEN_END || token.kind == TOKEN_BAD)
			break;
		FUZZ_CHECK(token.end > token.start);
		FUZZ_CHECK(memchr(text.ptr + token.start, '\0', token.end - token.start) == NULL);
		check_string(text, token);
		at = token.end;
	}
	again = lexer_next(&lexer);
	FUZZ_CHECK(again.kind == token.kind && again.start == token.start);
}

static void check_string(struct span text, struct token token)
{
	size_t size = token.end - token.start;
	char *out = mem_alloc(size);
	struct span plain;
	bool is_plain = lexer_plain(text, token, &plain);
	long len = lexer_string(text, token, out, size);
	FUZZ_CHECK((len >= 0) == (token.kind == TOKEN_STRING || token.kind == TOKEN_DOLLAR));
	FUZZ_CHECK(!is_plain || span_equal(plain, span_of(out, (size_t)len)));
	if (len > 0)
		FUZZ_CHECK(lexer_string(text, token, out, (size_t)len - 1) == -1);
	mem_free(out);
}

/* Errors of the scanner that the lexer leaves to the server: it finds boundaries only. */
static bool left_to_server(const char *error)
{
	static const char *const errors[] = {
		"invalid Unicode", "unsafe use of", "invalid byte sequence", "invalid hexadecimal", "escape",
	};
	for (size_t i = 0; i < MEM_COUNT(errors); i++)
		if (strstr(error, errors[i]))
			return true;
	return false;
}

static void check_oracle(const char *text)
{
	char report[200];
	bool bad;
	enum scan_verdict verdict = scan_compare(text, &bad, report, sizeof(report));
	if (verdict == SCAN_DIFFERENT || (verdict == SCAN_ERROR && !bad && !left_to_server(report))) {
		fprintf(stderr, "%s\nin: %s\n", report, text);
		abort();
	}
}
