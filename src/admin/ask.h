/* An ask: one query on the console, from its text to ReadyForQuery. It may be answered at
 * once or after it has been around all loops; the client may have gone by then, so it
 * is known by its number and looked up on its own loop.
 *
 *    on_query ─► a command's function ─► … ─► ask_complete or ask_fail ─► on_answered: the next
 *                                                       command of the text, or the answer goes out
 *
 * An ask belongs to the loop of its client. What other loops are shown of it is not
 * changed while they look. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "admin/answer.h"
#include "admin/gather.h"
#include "admin/setup.h"
#include "admin/words.h"
#include "base/list.h"
#include "net/loop.h"
#include "session/client.h"

struct sampler;

struct console {
	struct console_setup setup;
	struct console_hooks hooks;
	struct list asks[MAX_LOOPS]; /* each list its loop's own */
	struct sampler *sampler; /* loop 0's */
};

struct ask {
	struct list item;
	struct console *console;
	struct sessions *sessions; /* of its loop */
	uint32_t client_id;
	uint64_t client_serial;
	bool admin;
	char *user;
	char *text;
	struct words words; /* what is left of the text */
	const char *columns; /* of the command under way; NULL if it has no rows */
	char *argument; /* likewise, NULL if none was given */
	struct answer answer;
	void (*on_answered)(struct ask *ask); /* set by whoever runs the commands */
	bool running, answered, failed; /* inside of a command's function; it has its answer; the rest is not run */
	bool cancelled; /* by a cancel request, or because the client has gone */

	/* commands that wait */
	struct timer *timer;
	void (*on_timer)(struct ask *ask);
	int64_t since_us;

	/* the command's own, freed when the command is over */
	void *work;
	void (*free_work)(void *work);
};

struct ask *ask_new(struct console *console, struct client *client, const char *sql);
/* The ask that this client waits for, NULL if none. */
struct ask *ask_of(struct console *console, const struct client *client);
/* Lets it go without an answer. */
void ask_free(struct ask *ask);
/* The command is over, another may follow. */
void ask_forget_command(struct ask *ask);
/* Sends the answer, if the client is still there, and frees the ask. */
void ask_hand_over(struct ask *ask);

/* --- for commands --- */
/* Ends the command under way: its rows are in ask->answer. */
void ask_complete(struct ask *ask, const char *tag);
void ask_fail(struct ask *ask, const char *sqlstate, const char *message, const char *hint);

/* Starts the rows of a SHOW with the columns that the table gives it. */
void ask_columns(struct ask *ask);
/* Gathers for it: `arg` of on_loop (which may only read it) and of on_all is the ask; rows are those of its columns. */
void ask_gather(struct ask *ask, size_t record_bytes, void (*on_loop)(struct here *here),
		void (*on_all)(void *ask, struct gathered *gathered));
/* Calls on_timer once after the delay; ask->cancelled is up to date then. */
void ask_wait(struct ask *ask, int64_t delay_us, void (*on_timer)(struct ask *ask));
/* NULL if it has gone. */
struct client *ask_client(const struct ask *ask);
