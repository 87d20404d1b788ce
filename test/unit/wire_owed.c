/* What a server owes: conversations as scripts, held against the manual's "Message
 * Flow" and against what a server of version 15 was seen to answer.
 *
 *    >x   the client's message x is sent; it will be answered
 *    >x!  … it will not: the server skips it, or ignores it in COPY
 *    <x   the server's answer x fits
 *    <x?  … does not: the server is out of step
 *    +n   so many entries are owed now;  -n  so many were dropped since the last -n
 *
 * Client's messages: P B E S Q F as on the wire; s, p: Describe of a statement, of a
 * portal; C: Close; c: CopyDone or CopyFail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "wire/owed.h"

static const struct {
	char letter;
	enum owed_kind kind;
} kinds[] = {
	{ 'P', OWED_PARSE },           { 'B', OWED_BIND },     { 'C', OWED_CLOSE }, { 's', OWED_DESCRIBE_STATEMENT },
	{ 'p', OWED_DESCRIBE_PORTAL }, { 'E', OWED_EXECUTE },  { 'S', OWED_SYNC },  { 'Q', OWED_QUERY },
	{ 'F', OWED_FUNCTION },        { 'c', OWED_COPY_END },
};

static void count_drop(void *user, struct owed_entry *entry)
{
	assert_non_null(entry);
	++*(unsigned *)user;
}

static void send(struct owed *owed, char letter, bool noted)
{
	for (size_t i = 0; i < MEM_COUNT(kinds); i++)
		if (kinds[i].letter == letter) {
			assert_int_equal(owed_add(owed, kinds[i].kind, OWED_FORWARD, NULL, 0), noted);
			return;
		}
	fail_msg("no message %c", letter);
}

static void answer(struct owed *owed, char type, bool fits, unsigned *dropped)
{
	enum owed_verdict verdict = owed_answer(owed, type, count_drop, dropped);
	if ((verdict != OWED_OUT_OF_STEP) != fits)
		fail_msg("<%c gives %d", type, verdict);
	if (verdict == OWED_DONE)
		owed_pop(owed);
	if (verdict == OWED_FAILED)
		owed_fail(owed, count_drop, dropped);
}

/* Plays a script; nothing may be owed at its end, unless it ends with a number. */
static void play(const char *script)
{
	struct owed owed;
	unsigned dropped = 0;
	const char *at = script;
	owed_init(&owed);
	for (; *at; at += *at == ' ') {
		const char *word = at;
		at += strcspn(at, " ");
		print_message("%.*s ", (int)(at - word), word);
		if (word[0] == '>') {
			send(&owed, word[1], word[2] != '!');
		} else if (word[0] == '<') {
			answer(&owed, word[1], word[2] != '?', &dropped);
		} else if (word[0] == '+') {
			assert_int_equal(owed.count, atoi(word + 1));
		} else {
			assert_int_equal(dropped, atoi(word + 1));
			dropped = 0;
		}
	}
	print_message("\n");
	const char *last = strrchr(script, ' ');
	if (last && last[1] != '+' && !strchr(last, '?')) {
		assert_true(owed_empty(&owed));
		assert_int_equal(owed.ready_count, 0);
	}
	owed_done(&owed);
}

/* --- every kind's answers --- */

static void test_every_kind_has_its_answers(void **state)
{
	(void)state;
	play(">P <1 >B <2 >C <3 >S <Z");
	play(">s <t <T >s <t <n >p <T >p <n >S <Z");
	play(">E <D <D <C >E <s >E <I >E <C >S <Z");
	play(">E <H <d <d <c <C >S <Z");
	play(">Q <T <D <D <C <Z >Q <I <Z >Q <C <Z");
	play(">Q <T <D <C <T <D <C <I <C <Z");
	play(">Q <H <d <c <C <Z");
	play(">F <V <Z >F <Z");
}

static void test_a_pipeline_is_answered_in_order(void **state)
{
	(void)state;
	play(">P >B >p >E >S >P >B >E >S <1 <2 <T <D <C <Z <1 <2 <C <Z");
	play(">Q >Q >S <T <D <C <Z <C <Z <Z");
	play(">S >S >S +3 <Z +2 <Z <Z");
}

static void test_chat_belongs_to_nobody(void **state)
{
	(void)state;
	play("<S <N <A >Q <S <N <T <A <D <C <N <Z <A");
	play(">P >S +2 <N +2 <1 <S <Z");
}

static void test_what_is_not_owed_is_out_of_step(void **state)
{
	static const char types[] = "123CDEGHITVWZdcnst";
	static const char letters[] = "PBCspESQF";
	static const char *const fit[] = { "1E", "2E", "3E", "tE", "TnE", "CDEGHIWdcs", "ZE", "TDCIGHWdcZE", "VZE" };
	(void)state;
	for (size_t i = 0; types[i]; i++) {
		char script[] = { '<', types[i], '?', '\0' };
		play(script);
		for (size_t k = 0; letters[k]; k++) {
			struct owed owed;
			unsigned dropped = 0;
			owed_init(&owed);
			send(&owed, letters[k], true);
			answer(&owed, types[i], strchr(fit[k], types[i]) != NULL, &dropped);
			owed_done(&owed);
		}
	}
	play(">P >B <2?");
	play(">s <T?");
	play(">s <t <t?");
	play(">S <Z <Z?");
	play(">Q <Z <C?");
}

static void test_types_that_no_server_sends(void **state)
{
	struct owed owed;
	(void)state;
	owed_init(&owed);
	owed_add(&owed, OWED_QUERY, OWED_FORWARD, NULL, 0);
	for (int type = 0; type < 256; type++)
		if (!memchr("NASETDCIGHWdcZ", type, 14))
			assert_int_equal(owed_answer(&owed, (char)type, NULL, NULL), OWED_OUT_OF_STEP);
	owed_done(&owed);
}

/* --- errors --- */

static void test_an_error_skips_to_sync(void **state)
{
	(void)state;
	play(">P >B >s >E >S <E -4 +1 <Z");
	play(">P >B >p >E >S <1 <E -3 <Z");
	play(">P >B >p >E >S <1 <2 <E -2 <Z");
	play(">P >B >p >E >S <1 <2 <T <D <E -1 <Z");
	play(">P >B >p >E >S <1 <2 <T <D <C <E +1 <Z");
	play(">C >S <E -1 <Z");
}

static void test_an_error_leaves_the_next_sync_alone(void **state)
{
	(void)state;
	play(">P >E >S >P >S <E -2 +3 <Z <1 <Z");
	play(">P >S >S <E <Z <Z");
	play(">P >S >P >S <E <Z <E <Z");
}

static void test_query_and_function_behind_an_error_are_skipped(void **state)
{
	(void)state;
	play(">P >Q >B >S <E -3 +1 <Z");
	play(">P >F >Q >Q >S <E -4 <Z");
	play(">P >Q >S <1 <T <C <E +2 <Z <Z");
}

static void test_what_is_sent_while_the_server_skips_is_not_owed(void **state)
{
	(void)state;
	play(">P <E -1 >B! >E! >Q! >F! >s! >C! >c! >S <Z");
	play(">P <E >S <Z >P <1 >S <Z");
	play(">P <E <S <N >S <Z");
	play(">P <E <Z?");
}

static void test_a_skipping_server_is_not_at_rest(void **state)
{
	struct owed owed;
	unsigned dropped = 0;
	(void)state;
	owed_init(&owed);
	send(&owed, 'P', true);
	answer(&owed, 'E', true, &dropped);
	assert_int_equal(owed.count, 0);
	assert_false(owed_empty(&owed));
	send(&owed, 'S', true);
	answer(&owed, 'Z', true, &dropped);
	assert_true(owed_empty(&owed));
	owed_done(&owed);
}

static void test_a_simple_query_fails_alone(void **state)
{
	(void)state;
	play(">Q <E +1 -0 <Z");
	play(">Q >P >S <T <D <E +3 <Z <1 <Z");
	play(">Q >Q <E <Z <C <Z");
	play(">F <E <Z >S <Z");
}

static void test_sync_itself_may_fail(void **state)
{
	(void)state;
	/* A deferred constraint: the commit at Sync is what fails. */
	play(">E >S <C <E +1 <Z");
	play(">E >S >P >S <C <E <Z <1 <Z");
}

struct record {
	struct owed_entry seen[4];
	unsigned count;
};

static void record_drop(void *user, struct owed_entry *entry)
{
	struct record *record = user;
	record->seen[record->count++] = *entry;
}

static void test_drops_are_shown_newest_first(void **state)
{
	struct owed owed;
	struct record record = { .count = 0 };
	int values[3];
	(void)state;
	owed_init(&owed);
	for (unsigned i = 0; i < 3; i++)
		owed_add(&owed, OWED_BIND, OWED_FORWARD, &values[i], i);
	owed_add(&owed, OWED_SYNC, OWED_FORWARD, NULL, 3);
	assert_int_equal(owed_answer(&owed, 'E', NULL, NULL), OWED_FAILED);
	owed_fail(&owed, record_drop, &record);
	assert_int_equal(record.count, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(record.seen[i].flags, 2 - i);
		assert_ptr_equal(record.seen[i].arg, &values[2 - i]);
	}
	assert_int_equal(owed_head(&owed)->flags, 3);
	owed_done(&owed);
}

/* --- COPY --- */

static void test_copy_in_by_query(void **state)
{
	(void)state;
	play(">Q <G >c <C <Z");
	play(">Q >c <G <C <Z"); /* without waiting */
	play(">Q <G >S! >S! >c <C <Z"); /* Sync is ignored within */
	play(">Q <G <E +1 >c +2 <Z"); /* it failed, and CopyDone came late */
	play(">Q >c <G <E +1 <Z");
	play(">Q <G >c <E +1 <Z >c!");
	play(">Q <G <E <Z >c! >S <Z");
}

static void test_copy_in_by_execute(void **state)
{
	(void)state;
	play(">P >B >E <1 <2 <G >c >S <C <Z");
	play(">P >B >E >S <1 <2 <G -1 >c >S <C <Z"); /* libpq's Sync, which nobody answers */
	play(">E >S >S <G -2 >c >S <C <Z");
	play(">E >c >S <G <C <Z"); /* without waiting */
	play(">E >S >c >S <G -1 <C <Z");
	play(">E <G >S! >c >S <C <Z");
}

static void test_copy_in_by_execute_fails(void **state)
{
	(void)state;
	play(">E <E -1 >S <Z"); /* no such table: no COPY at all */
	play(">E >S <E -1 <Z >c!");
	play(">E >S <G -1 <E -1 >c! >S <Z"); /* a bad row */
	play(">E <G >c <E -2 >S <Z"); /* CopyFail, or a row that was bad only at the end */
	play(">E <G >c >S <E -2 +1 <Z");
	play(">E >c >S <E -2 <Z"); /* all sent before it was known not to be one */
}

static void test_copies_in_a_row(void **state)
{
	(void)state;
	play(">Q <G >c <C <G >c <C <Z");
	play(">Q >c >c <G <C <G <C <Z");
	play(">E >c >E >c >S <G <C <G <C <Z");
	play(">Q <T <D <C <G >c <C <C <Z");
}

static void test_copy_done_ahead_of_its_copy(void **state)
{
	(void)state;
	/* Of several statements the COPY is the second: the first one's end is not its end. */
	play(">Q >c <T <D <C +2 <G >S <C <Z <Z");
	play(">Q >c <C <C <G <C +1 <C <Z >S <Z");
}

static void test_copy_done_outside_of_copy(void **state)
{
	(void)state;
	play(">c! >S <Z");
	play(">P >c >B >S <1 <2 <Z");
	play(">Q >c >S <C <Z <Z");
	play(">P >c >S <E <Z");
}

static void test_copy_in_is_known(void **state)
{
	struct owed owed;
	(void)state;
	owed_init(&owed);
	assert_false(owed_copy_in(&owed));
	owed_add(&owed, OWED_QUERY, OWED_FORWARD, NULL, 0);
	assert_false(owed_copy_in(&owed));
	assert_int_equal(owed_answer(&owed, 'G', NULL, NULL), OWED_PART);
	assert_true(owed_copy_in(&owed));
	owed_add(&owed, OWED_COPY_END, OWED_FORWARD, NULL, 0);
	assert_false(owed_copy_in(&owed));
	assert_int_equal(owed_answer(&owed, 'C', NULL, NULL), OWED_PART);
	assert_int_equal(owed_head(&owed)->part_index, 1);
	assert_false(owed_copy_in(&owed));
	owed_done(&owed);
}

static void test_copy_both(void **state)
{
	(void)state;
	play(">E <W <d <d >c <c <C >S <Z");
}

/* --- entries --- */

static void test_parts_are_counted(void **state)
{
	struct owed owed;
	static const char answers[] = "TDCIHdcC";
	static const unsigned parts[] = { 0, 0, 1, 2, 2, 2, 2, 3 };
	(void)state;
	owed_init(&owed);
	owed_add(&owed, OWED_QUERY, OWED_FORWARD, NULL, 0);
	for (size_t i = 0; answers[i]; i++) {
		assert_int_equal(owed_answer(&owed, answers[i], NULL, NULL), OWED_PART);
		assert_int_equal(owed_head(&owed)->part_index, parts[i]);
	}
	assert_int_equal(owed_answer(&owed, 'Z', NULL, NULL), OWED_DONE);
	owed_done(&owed);
}

static void test_entries_keep_what_they_are_given(void **state)
{
	struct owed owed;
	int values[100];
	(void)state;
	owed_init(&owed);
	assert_null(owed_head(&owed));
	/* Over and over, so that the ring grows while it is wound. */
	for (unsigned turn = 0; turn < 7; turn++) {
		for (unsigned i = 0; i < 100; i++)
			assert_true(owed_add(&owed, OWED_PARSE, i % 2 ? OWED_SWALLOW : OWED_FORWARD, &values[i], i));
		assert_null(owed_at(&owed, owed.count));
		for (unsigned i = 0; i < 93 + turn; i++) {
			struct owed_entry *entry = owed_head(&owed);
			unsigned index = (unsigned)((int *)entry->arg - values);
			assert_int_equal(entry->flags, index);
			assert_int_equal(entry->whose, index % 2 ? OWED_SWALLOW : OWED_FORWARD);
			assert_int_equal(owed_answer(&owed, '1', NULL, NULL), OWED_DONE);
			owed_pop(&owed);
		}
	}
	owed_done(&owed);
	assert_true(owed_empty(&owed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_has_its_answers),
		cmocka_unit_test(test_a_pipeline_is_answered_in_order),
		cmocka_unit_test(test_chat_belongs_to_nobody),
		cmocka_unit_test(test_what_is_not_owed_is_out_of_step),
		cmocka_unit_test(test_types_that_no_server_sends),
		cmocka_unit_test(test_an_error_skips_to_sync),
		cmocka_unit_test(test_an_error_leaves_the_next_sync_alone),
		cmocka_unit_test(test_query_and_function_behind_an_error_are_skipped),
		cmocka_unit_test(test_what_is_sent_while_the_server_skips_is_not_owed),
		cmocka_unit_test(test_a_skipping_server_is_not_at_rest),
		cmocka_unit_test(test_a_simple_query_fails_alone),
		cmocka_unit_test(test_sync_itself_may_fail),
		cmocka_unit_test(test_drops_are_shown_newest_first),
		cmocka_unit_test(test_copy_in_by_query),
		cmocka_unit_test(test_copy_in_by_execute),
		cmocka_unit_test(test_copy_in_by_execute_fails),
		cmocka_unit_test(test_copies_in_a_row),
		cmocka_unit_test(test_copy_done_ahead_of_its_copy),
		cmocka_unit_test(test_copy_done_outside_of_copy),
		cmocka_unit_test(test_copy_in_is_known),
		cmocka_unit_test(test_copy_both),
		cmocka_unit_test(test_parts_are_counted),
		cmocka_unit_test(test_entries_keep_what_they_are_given),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
