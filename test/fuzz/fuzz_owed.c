/* Fuzzes the account of what a server owes: any messages, any answers. Each entry that
 * was noted ends exactly once, answered or dropped, in order; the counts add up.
 *
 *    a byte under 0x20   a message of that kind is sent (modulo the kinds)
 *    any other byte      the server says that */
#include "base/mem.h"
#include "fuzz.h"
#include "wire/owed.h"

enum { MOST = 4096 };

/* What became of each entry. */
struct history {
	uint8_t ended[MOST];
	uint32_t noted, over;
};

static void on_drop(void *user, struct owed_entry *entry)
{
	struct history *history = user;
	FUZZ_CHECK(entry->flags < history->noted && !history->ended[entry->flags]);
	history->ended[entry->flags] = 1;
	history->over++;
}

/* Entries are numbered: those left are in order, and each that ended is not among them. */
static void check(const struct owed *owed, const struct history *history)
{
	uint32_t ready_count = 0, copy_ends = 0;
	for (uint32_t i = 0; i < owed->count; i++) {
		const struct owed_entry *entry = owed_at(owed, i);
		FUZZ_CHECK(entry->kind == OWED_COPY_END || !history->ended[entry->flags]);
		FUZZ_CHECK(i == 0 || owed_at(owed, i - 1)->flags < entry->flags);
		ready_count += entry->kind == OWED_SYNC || entry->kind == OWED_QUERY || entry->kind == OWED_FUNCTION;
		copy_ends += entry->kind == OWED_COPY_END;
	}
	FUZZ_CHECK(owed_at(owed, owed->count) == NULL);
	FUZZ_CHECK(ready_count == owed->ready_count);
	/* CopyDone has no answer: such entries go without being shown. */
	FUZZ_CHECK(history->noted - history->over >= owed->count - copy_ends);
	FUZZ_CHECK(owed->count == 0 || owed_head(owed)->kind != OWED_COPY_END);
	FUZZ_CHECK(!owed->skipping || owed->count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct owed owed;
	struct history history = { .noted = 0 };
	bool in_step = true;
	owed_init(&owed);
	for (size_t i = 0; i < len && in_step && history.noted < MOST; i++) {
		if (bytes[i] < 0x20) {
			bool skipping = owed.skipping;
			enum owed_kind kind = (enum owed_kind)(bytes[i] % (OWED_COPY_END + 1));
			bool noted = owed_add(&owed, kind, OWED_FORWARD, NULL, history.noted);
			FUZZ_CHECK(!skipping || noted == (kind == OWED_SYNC));
			history.noted += noted;
			check(&owed, &history);
			continue;
		}
		struct owed_entry *head = owed_head(&owed);
		uint8_t kind = head ? head->kind : 0;
		switch (owed_answer(&owed, (char)bytes[i], on_drop, &history)) {
		case OWED_ASYNC:
			break;
		case OWED_PART:
			FUZZ_CHECK(head == owed_head(&owed));
			break;
		case OWED_DONE:
			on_drop(&history, head);
			owed_pop(&owed);
			FUZZ_CHECK((bytes[i] == 'Z') ==
				   (kind == OWED_SYNC || kind == OWED_QUERY || kind == OWED_FUNCTION));
			break;
		case OWED_FAILED:
			owed_fail(&owed, on_drop, &history);
			FUZZ_CHECK(owed_head(&owed) == NULL || owed_head(&owed)->kind == OWED_SYNC ||
				   owed_head(&owed) == head);
			break;
		case OWED_OUT_OF_STEP:
			in_step = false;
			break;
		}
		check(&owed, &history);
	}
	owed_done(&owed);
	return 0;
}
