/* What a server owes: one entry for each message sent to it that it will answer,
 * in order. The only truth about whether a server is in step: nothing is ever
 * concluded from how the last message looked.
 *
 *    client ──P B D E S──► owed: [P][B][D][E][S] ◄──1 2 T D D C Z── server
 *
 * Rules, from the manual's "Extended Query" and "COPY Operations" and from
 * tcop/postgres.c:
 * - an ErrorResponse ends the entry it meets; an extended one makes the server
 *   skip to the next Sync, so everything up to that Sync is not owed any more;
 * - while the server reads COPY data it ignores Sync and Flush: Syncs sent between
 *   CopyInResponse and CopyDone/CopyFail are never answered;
 * - Notice, Notification and ParameterStatus may come at any time. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum owed_kind {
	OWED_PARSE,
	OWED_BIND,
	OWED_CLOSE,
	OWED_DESCRIBE_STATEMENT,
	OWED_DESCRIBE_PORTAL,
	OWED_EXECUTE,
	OWED_SYNC,
	OWED_QUERY,
	OWED_FUNCTION,
	OWED_COPY_END, /* CopyDone or CopyFail: has no answer, ends the server's ignoring of Sync */
};

/* Whose message it was. */
enum owed_for {
	OWED_FORWARD, /* the client's: the answer goes to it */
	OWED_SWALLOW, /* ours, sent ahead: the answer is dropped */
	OWED_FAKE, /* the client's, but never sent: the answer is made up when its turn comes */
};

struct owed_entry {
	uint8_t kind, whose;
	uint16_t part_index; /* OWED_QUERY: statements of it completed so far */
	uint32_t flags; /* the user's own */
	void *arg; /* the user's own */
};

struct owed {
	struct owed_entry *ring;
	uint32_t head, count, size; /* size: a power of two, or 0 */
	uint32_t ready_count; /* entries that end in ReadyForQuery: Sync, Query, FunctionCall */
	uint8_t step; /* within the head entry: Describe's 't' seen; copy states */
	bool skipping; /* after an error, up to the next Sync, which is not here yet */
};

void owed_init(struct owed *owed);
void owed_done(struct owed *owed);

static inline bool owed_empty(const struct owed *owed)
{
	return owed->count == 0 && !owed->skipping;
}

/* The entry that the next answer belongs to; NULL if nothing is owed. */
struct owed_entry *owed_head(const struct owed *owed);
/* Entry `index` from the head. */
struct owed_entry *owed_at(const struct owed *owed, uint32_t index);

/* Notes a message that is sent now (or a fake). Not noted, and false: a message
 * to which no answer will come because the server skips to Sync or ignores it in
 * COPY; the caller still sends it. */
bool owed_add(struct owed *owed, enum owed_kind kind, enum owed_for whose, void *arg, uint32_t flags);

/* True while the server reads COPY data (CopyInResponse seen, no CopyDone or CopyFail sent since). */
bool owed_copy_in(const struct owed *owed);

enum owed_verdict {
	OWED_ASYNC, /* Notice, Notification, ParameterStatus: belongs to nobody */
	OWED_PART, /* belongs to the head, which goes on */
	OWED_DONE, /* completes the head: look at it, then owed_pop() */
	OWED_FAILED, /* ErrorResponse: the head failed; then owed_fail() */
	OWED_OUT_OF_STEP /* the server said what it does not owe: close it */
};

/* What a message of this type means now. Changes only `step` and drops Syncs that COPY swallowed. */
enum owed_verdict owed_answer(struct owed *owed, char type, void (*on_drop)(void *user, struct owed_entry *entry),
			      void *user);

/* Takes the completed head off. */
void owed_pop(struct owed *owed);

/* After OWED_FAILED: a simple Query stays (its ReadyForQuery is still to come); an
 * extended entry and all behind it up to (not including) the next Sync are
 * dropped, newest first, each shown to on_drop. */
void owed_fail(struct owed *owed, void (*on_drop)(void *user, struct owed_entry *entry), void *user);
