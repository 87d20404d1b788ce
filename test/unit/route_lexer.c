/* The lexer: boundaries by example, and the same boundaries as PostgreSQL's own
 * scanner over a few hundred texts put together from awkward pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "route/lexer.h"
#include "scan_oracle.h"

/* One letter a kind, in the order of enum token_kind. */
static const char letters[] = "$?wqQin'eubNDpos";

struct example {
	const char *text;
	const char *tokens; /* "letter:bytes" of each, parted by a blank */
};

static const struct example examples[] = {
	{ "", "$:" },
	{ " \t\n\r\f", "$:" },
	{ "select 1", "w:select i:1 $:" },
	{ "sel$ect _a1 \xc3\xa9t\xc3\xa9", "w:sel$ect w:_a1 w:\xc3\xa9t\xc3\xa9 $:" },
	/* comments */
	{ "a--b\nc", "w:a w:c $:" },
	{ "a--b\rc", "w:a w:c $:" },
	{ "a--b", "w:a $:" },
	{ "a/*b*/c", "w:a w:c $:" },
	{ "/*a/*b*/c*/d", "w:d $:" },
	{ "/*/*/**/*/*/d", "w:d $:" },
	{ "/***/a/**/b", "w:a w:b $:" },
	{ "/*/a", "?:" },
	{ "a/*b", "w:a ?:" },
	{ "/*/**/", "?:" },
	{ "/* 'a */b", "w:b $:" },
	{ "/* -- */b", "w:b $:" },
	{ "-- /*\nb", "w:b $:" },
	/* strings */
	{ "'a'", "':'a' $:" },
	{ "''", "':'' $:" },
	{ "'a''b'", "':'a''b' $:" },
	{ "'a\\'b", "':'a\\' w:b $:" },
	{ "'a", "?:" },
	{ "'a''", "?:" },
	{ "'", "?:" },
	{ "'a' 'b'", "':'a' ':'b' $:" },
	{ "'a'\n'b'", "':'a'\n'b' $:" },
	{ "'a'\r'b'", "':'a'\r'b' $:" },
	{ "'a'\f\n\f'b'c", "':'a'\f\n\f'b' w:c $:" },
	{ "'a'--x\n'b'", "':'a'--x\n'b' $:" },
	{ "'a'\n--x\n'b'", "':'a'\n--x\n'b' $:" },
	{ "'a'\n--x", "':'a' $:" },
	{ "'a'\n-'b'", "':'a' s:- ':'b' $:" },
	{ "'a'\n/**/'b'", "':'a' ':'b' $:" },
	{ "'a'\n''c'", "':'a'\n'' w:c ?:" },
	{ "'a'\n'b", "?:" },
	{ "'a'\n\"b\"", "':'a' q:\"b\" $:" },
	{ "e'a\\'b'", "e:e'a\\'b' $:" },
	{ "E'a\\\\'b", "e:E'a\\\\' w:b $:" },
	{ "E'a''b'\n'\\''", "e:E'a''b'\n'\\'' $:" },
	{ "E'a\\", "?:" },
	{ "E'a\\'", "?:" },
	{ "E 'a'", "w:E ':'a' $:" },
	{ "fe'a'", "w:fe ':'a' $:" },
	{ "B'01'x'1F'X''b''", "b:B'01' b:x'1F' b:X'' b:b'' $:" },
	{ "B'0''1'", "b:B'0' ':'1' $:" },
	{ "B'0'\n'1'", "b:B'0'\n'1' $:" },
	{ "N'a'n'b''c'", "N:N'a' N:n'b''c' $:" },
	{ "U&'a\\'u&'b''c'", "u:U&'a\\' u:u&'b''c' $:" },
	{ "U&\"a\"u&\"b\"\"c\"", "Q:U&\"a\" Q:u&\"b\"\"c\" $:" },
	{ "U&'a' UESCAPE '!'", "u:U&'a' w:UESCAPE ':'!' $:" },
	{ "U&x u& 'a'", "w:U o:& w:x w:u o:& ':'a' $:" },
	{ "U&\"\"", "?:" },
	{ "u'a'", "w:u ':'a' $:" },
	{ "u\"a\"b\"c\"", "w:u q:\"a\" w:b q:\"c\" $:" },
	/* quoted identifiers */
	{ "\"a\"\"b\"\"\"", "q:\"a\"\"b\"\"\" $:" },
	{ "\"a'\n\"", "q:\"a'\n\" $:" },
	{ "\"a\"\n\"b\"", "q:\"a\" q:\"b\" $:" },
	{ "\"\"", "?:" },
	{ "\"a", "?:" },
	{ "\"a\"\"", "?:" },
	/* dollar quotes and parameters */
	{ "$$a$$", "D:$$a$$ $:" },
	{ "$$$$", "D:$$$$ $:" },
	{ "$$$", "?:" },
	{ "$a$b$c$b$a$d", "D:$a$b$c$b$a$ w:d $:" },
	{ "$a$$$a$", "D:$a$$$a$ $:" },
	{ "$a$$a$", "D:$a$$a$ $:" },
	{ "$a$ $A$", "?:" },
	{ "$a1_$'$a1_$", "D:$a1_$'$a1_$ $:" },
	{ "$a", "?:" },
	{ "$", "?:" },
	{ "$ 1", "?:" },
	{ "a$$b$$", "w:a$$b$$ $:" },
	{ "1$$b$$", "i:1 D:$$b$$ $:" },
	{ "$1", "p:$1 $:" },
	{ "$12+$3", "p:$12 s:+ p:$3 $:" },
	{ "$1abc", "?:" },
	{ "$1\xc3\xa9", "?:" },
	{ "$1$$a$$", "p:$1 D:$$a$$ $:" },
	{ "$1$a$", "p:$1 ?:" },
	/* numbers */
	{ "1 12 123456789012345678901234567890", "i:1 i:12 i:123456789012345678901234567890 $:" },
	{ "1.5 .5 5. 1.e5", "n:1.5 n:.5 n:5. n:1.e5 $:" },
	{ "1e5 1E+5 .5e-5 1.5e5", "n:1e5 n:1E+5 n:.5e-5 n:1.5e5 $:" },
	{ "1..2", "i:1 o:.. i:2 $:" },
	{ "1...5", "i:1 o:.. n:.5 $:" },
	{ "1.5..2", "n:1.5 o:.. i:2 $:" },
	{ ".5..6", "n:.5 o:.. i:6 $:" },
	{ "1.2.3", "n:1.2 n:.3 $:" },
	{ "1e5.5", "n:1e5 n:.5 $:" },
	{ "1e5..5", "n:1e5 o:.. i:5 $:" },
	{ "a.1", "w:a n:.1 $:" },
	{ "-1", "s:- i:1 $:" },
	{ "1'a'", "i:1 ':'a' $:" },
	{ "1e", "?:" },
	{ "1e+", "?:" },
	{ "1e-x", "?:" },
	{ "1.5e", "?:" },
	{ "1efoo", "?:" },
	{ "0x1F", "?:" },
	{ "1_000", "?:" },
	{ "1.x", "?:" },
	{ "1e5x", "?:" },
	/* operators */
	{ "a::b:=c:d", "w:a o::: w:b o::= w:c s:: w:d $:" },
	{ ":::=", "o::: o::= $:" },
	{ "a.b..c", "w:a s:. w:b o:.. w:c $:" },
	{ "=> <= >= <> != =", "o:=> o:<= o:>= o:<> o:!= s:= $:" },
	{ ",()[].;:+-*/%^<>=", "s:, s:( s:) s:[ s:] s:. s:; s:: o:+-*/%^<>= $:" },
	{ "+ - * / % ^ < > =", "s:+ s:- s:* s:/ s:% s:^ s:< s:> s:= $:" },
	{ "~ ! @ # & | ` ?", "o:~ o:! o:@ o:# o:& o:| o:` o:? $:" },
	{ "->>'a'", "o:->> ':'a' $:" },
	{ "1=-1", "i:1 s:= s:- i:1 $:" },
	{ ">=-+-1", "o:>= s:- s:+ s:- i:1 $:" },
	{ "+-+", "s:+ s:- s:+ $:" },
	{ "@-", "o:@- $:" },
	{ "%-+ ^- ?-", "o:%-+ o:^- o:?- $:" },
	{ "*-<", "o:*-< $:" },
	{ "+--a\n1", "s:+ i:1 $:" },
	{ "=--", "s:= $:" },
	{ "@---", "o:@ $:" },
	{ "*/*a*/1", "s:* i:1 $:" },
	{ "<-/*a*/1", "s:< s:- i:1 $:" },
	{ "@-/**/", "o:@- $:" },
	{ "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@",
	  "o:@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@ $:" },
	{ "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@", "?:" },
	/* bytes of no token; \v is not a blank before PostgreSQL 16 */
	{ "a\vb", "w:a ?:" },
	{ "a{b", "w:a ?:" },
	{ "\\", "?:" },
	{ "a\x7f", "w:a ?:" },
};

static void describe_tokens(struct span text, struct buf *out)
{
	struct lexer lexer;
	struct token token;
	buf_init(out, 0);
	lexer_init(&lexer, text);
	do {
		token = lexer_next(&lexer);
		buf_add_printf(out, "%s%c:%.*s", buf_held(out) ? " " : "", letters[token.kind],
			       (int)(token.end - token.start), text.ptr + token.start);
	} while (token.kind != TOKEN_END && token.kind != TOKEN_BAD);
	buf_add_u8(out, 0);
}

static void test_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(examples); i++) {
		struct buf got;
		describe_tokens(span_text(examples[i].text), &got);
		assert_string_equal(buf_head(&got), examples[i].tokens);
		buf_done(&got);
	}
}

static void test_examples_as_postgres(void **state)
{
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(examples); i++) {
		char report[200] = "";
		bool bad;
		enum scan_verdict verdict = scan_compare(examples[i].text, &bad, report, sizeof(report));
		if (verdict == SCAN_DIFFERENT || (verdict == SCAN_ERROR && !bad))
			fail_msg("%s: %s", examples[i].text, report);
	}
}

/* Every pair and, by a fixed stride, triples of pieces that meet badly. */
static void test_pieces_as_postgres(void **state)
{
	static const char *const pieces[] = {
		"'a'", "'",    "''", "E'\\'",    "b'1'", "n'x'", "\"q\"", "\"", "$$",    "$t$",   "$1",
		"$",   "word", "e",  "\xc3\xa9", "1",    "1.",   ".5",    "..", ".",     "1e5",   "1e",
		"+",   "-",    "--", "/*",       "*/",   "/",    "*",     "=",  "<",     ">",     "!",
		"~",   "@",    "|",  "^",        "%",    "?",    ":",     "::", "=>",    ",",     ";",
		"(",   ")",    "[",  "]",        "\n",   " ",    "\t",    "\\", "--x\n", "/*c*/", "'\n'",
	};
	enum { COUNT = MEM_COUNT(pieces) };
	size_t compared = 0, different = 0;
	(void)state;
	for (size_t i = 0; i < COUNT * COUNT * 3; i++) {
		const char *third = i < COUNT * COUNT ? "" : pieces[(i * 7919 + i / COUNT) % COUNT];
		char text[64], report[200];
		bool bad;
		snprintf(text, sizeof(text), "%s%s%s", pieces[i % COUNT], pieces[i / COUNT % COUNT], third);
		enum scan_verdict verdict = scan_compare(text, &bad, report, sizeof(report));
		compared += verdict == SCAN_EQUAL;
		if (verdict == SCAN_DIFFERENT || (verdict == SCAN_ERROR && !bad)) {
			print_error("%s: %s\n", text, report);
			different++;
		}
	}
	print_message("%zu texts equal to PostgreSQL's scanner\n", compared);
	assert_int_equal(different, 0);
	assert_true(compared > 1000);
}

static void test_nul_ends_text(void **state)
{
	static const char text[] = "a 'b\0' c";
	struct lexer lexer;
	(void)state;
	lexer_init(&lexer, span_of(text, sizeof(text) - 1));
	assert_int_equal(lexer_next(&lexer).kind, TOKEN_WORD);
	assert_int_equal(lexer_next(&lexer).kind, TOKEN_BAD);
	lexer_init(&lexer, span_of("\0a", 2));
	assert_int_equal(lexer_next(&lexer).kind, TOKEN_END);
	lexer_init(&lexer, span_of(NULL, 0));
	assert_int_equal(lexer_next(&lexer).kind, TOKEN_END);
}

/* A text cut anywhere never lexes past its end, and its last token but one stays what it was. */
static void test_cut_anywhere(void **state)
{
	static const char text[] =
		"select 'it''s'\n'x', E'\\'', U&\"d\", $a$ $$ $a$ /*c*/ from t where a>=-1.5e-3::int --x";
	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		char *cut = mem_strndup(text, len);
		struct lexer lexer;
		struct token token;
		lexer_init(&lexer, span_of(cut, len));
		do {
			token = lexer_next(&lexer);
			assert_true(token.end <= len);
		} while (token.kind != TOKEN_END && token.kind != TOKEN_BAD);
		mem_free(cut);
	}
}

static void test_end_and_bad_repeat(void **state)
{
	struct lexer lexer;
	(void)state;
	lexer_init(&lexer, span_text("a 'b"));
	lexer_next(&lexer);
	for (int i = 0; i < 3; i++) {
		struct token token = lexer_next(&lexer);
		assert_int_equal(token.kind, TOKEN_BAD);
		assert_int_equal(token.start, 2);
	}
	/* Too long an operator, behind which signs are left over. */
	lexer_init(&lexer, span_text("++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++=-"));
	for (int i = 0; i < 3; i++)
		assert_int_equal(lexer_next(&lexer).kind, TOKEN_BAD);
	lexer_init(&lexer, span_text("a "));
	lexer_next(&lexer);
	for (int i = 0; i < 3; i++)
		assert_int_equal(lexer_next(&lexer).kind, TOKEN_END);
}

static void test_string_values(void **state)
{
	static const struct {
		const char *text, *value;
		bool plain;
	} rows[] = {
		{ "'a'", "a", true },
		{ "''", "", true },
		{ "''''", "'", false },
		{ "'it''s'", "it's", false },
		{ "'a\\n'", "a\\n", true },
		{ "'a'\n'b'", "ab", false },
		{ "'a''' -- '\n\t'''b'", "a''b", false },
		{ "''\n''", "", false },
		{ "$$it's$$", "it's", true },
		{ "$t$$$x$$$t$", "$$x$$", true },
		{ "$$$$", "", true },
	};
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(rows); i++) {
		struct span text = span_text(rows[i].text), plain;
		struct lexer lexer;
		char out[32];
		size_t want = strlen(rows[i].value);
		lexer_init(&lexer, text);
		struct token token = lexer_next(&lexer);
		assert_int_equal(token.end, text.len);
		assert_int_equal(lexer_plain(text, token, &plain), rows[i].plain);
		assert_int_equal(lexer_string(text, token, out, want), want);
		assert_memory_equal(out, rows[i].value, want);
		if (rows[i].plain)
			assert_true(span_is(plain, rows[i].value));
		if (want)
			assert_int_equal(lexer_string(text, token, out, want - 1), -1);
	}
}

static void test_string_of_other_kinds(void **state)
{
	static const char *const texts[] = { "E'a'", "N'a'", "B'1'", "U&'a'", "\"a\"", "a", "1", "=", "" };
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(texts); i++) {
		struct span text = span_text(texts[i]), plain;
		struct lexer lexer;
		char out[8];
		lexer_init(&lexer, text);
		struct token token = lexer_next(&lexer);
		assert_false(lexer_plain(text, token, &plain));
		assert_int_equal(lexer_string(text, token, out, sizeof(out)), -1);
	}
}

/* Texts on which a careless lexer takes time by the square of the length. */
static void test_linear_time(void **state)
{
	static const char *const patterns[] = { "+-", "$a$", "'\n", "/*", "*", "$", "'a'\n", "-- \n", "E'\\'" };
	enum { LEN = 1 << 20 };
	(void)state;
	for (size_t i = 0; i < MEM_COUNT(patterns); i++) {
		char *text = mem_alloc(LEN);
		size_t step = strlen(patterns[i]);
		for (size_t at = 0; at < LEN; at++)
			text[at] = patterns[i][at % step];
		struct lexer lexer;
		int64_t begun = clock_now_us();
		lexer_init(&lexer, span_of(text, LEN));
		for (enum token_kind kind = TOKEN_WORD; kind != TOKEN_END && kind != TOKEN_BAD;)
			kind = lexer_next(&lexer).kind;
		assert_true(clock_now_us() - begun < 2000000);
		mem_free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),           cmocka_unit_test(test_examples_as_postgres),
		cmocka_unit_test(test_pieces_as_postgres), cmocka_unit_test(test_nul_ends_text),
		cmocka_unit_test(test_cut_anywhere),       cmocka_unit_test(test_end_and_bad_repeat),
		cmocka_unit_test(test_string_values),      cmocka_unit_test(test_string_of_other_kinds),
		cmocka_unit_test(test_linear_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
