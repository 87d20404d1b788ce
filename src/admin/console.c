/* The console itself: what it is made of, and where queries come in. */
#include "admin/console.h"

#include "admin/ask.h"
#include "admin/commands.h"
#include "admin/sampler.h"
#include "base/log.h"
#include "base/mem.h"

enum { COMMAND_SHOWN_BYTES = 60 };

static void on_query(void *owner, struct client *client, const char *sql);
static void on_cancel(void *owner, struct client *client);
static void go_on(struct ask *ask);
static void run_next(struct ask *ask);
static void refuse(struct ask *ask, struct span from);
static void after_command(struct ask *ask);

struct console *console_new(const struct console_setup *setup)
{
	struct console *console = MEM_NEW(struct console);
	console->setup = *setup;
	console->hooks = (struct console_hooks){ .on_query = on_query, .on_cancel = on_cancel, .owner = console };
	for (unsigned i = 0; i < MAX_LOOPS; i++)
		list_init(&console->asks[i]);
	console->sampler = sampler_new(setup->shared);
	return console;
}

void console_free(struct console *console)
{
	for (unsigned i = 0; i < MAX_LOOPS; i++)
		LIST_EACH (it, &console->asks[i])
			ask_free(LIST_ITEM(it, struct ask, item));
	sampler_free(console->sampler);
	mem_free(console);
}

const struct console_hooks *console_hooks(const struct console *console)
{
	return &console->hooks;
}

static void on_query(void *owner, struct client *client, const char *sql)
{
	log_debug("C-%llu: console: %.200s", (unsigned long long)client->serial, sql);
	struct ask *ask = ask_new(owner, client, sql);
	ask->on_answered = after_command;
	if (words_next_command(&ask->words)) {
		go_on(ask);
		return;
	}
	wire_simple(&ask->answer.out, 'I'); /* EmptyQueryResponse */
	ask_hand_over(ask);
}

static void on_cancel(void *owner, struct client *client)
{
	struct ask *ask = ask_of(owner, client);
	if (ask)
		ask->cancelled = true;
}

/* --- one command after the other --- */

/* A loop, since a text may hold thousands of commands that are answered at once. */
static void go_on(struct ask *ask)
{
	bool more = true;
	while (more) {
		ask->answered = false;
		ask->running = true;
		run_next(ask);
		ask->running = false;
		if (!ask->answered)
			return;
		ask_forget_command(ask);
		more = !ask->failed && words_next_command(&ask->words);
	}
	ask_hand_over(ask);
}

static void run_next(struct ask *ask)
{
	struct span from = ask->words.rest;
	const struct command *command = commands_find(&ask->words);
	struct word word = { 0 };
	if (command == NULL) {
		refuse(ask, from);
		return;
	}
	if (!command_allowed(command, ask->admin)) {
		ask_fail(ask, "42501", "admin access needed", "Log in as one of admin_users.");
		return;
	}
	ask->columns = command->columns;
	if (command->argument != ARGUMENT_REST) {
		struct words before = ask->words;
		word = words_next(&ask->words);
		bool given = word.kind == WORD_BARE || word.kind == WORD_QUOTED || word.kind == WORD_STRING;
		if (command->argument == ARGUMENT_NONE || !given)
			ask->words = before;
		else
			ask->argument = word_copy(&word);
		if (words_peek(ask->words).kind != WORD_END ||
		    (command->argument == ARGUMENT_NEEDED && ask->argument == NULL)) {
			refuse(ask, from);
			return;
		}
	}
	command->run(ask);
}

/* The command as it was typed, up to its end, cut at a character's border. */
static void refuse(struct ask *ask, struct span from)
{
	struct words words = { from };
	while (words_next(&words).kind != WORD_END)
		;
	struct span typed = span_trim(span_of(from.ptr, from.len - words.rest.len));
	bool cut = typed.len > COMMAND_SHOWN_BYTES;
	if (cut)
		typed.len = COMMAND_SHOWN_BYTES;
	while (cut && typed.len && ((unsigned char)typed.ptr[typed.len] & 0xc0) == 0x80)
		typed.len--;
	char *message =
		mem_printf("invalid command '%.*s%s', use SHOW HELP;", (int)typed.len, typed.ptr, cut ? "…" : "");
	ask_fail(ask, "42601", message, NULL);
	mem_free(message);
}

static void after_command(struct ask *ask)
{
	ask_forget_command(ask);
	if (!ask->failed && words_next_command(&ask->words))
		go_on(ask);
	else
		ask_hand_over(ask);
}

/* --- for signals --- */

static void pause_here(struct here *here)
{
	pools_pause(here->sessions->pools, NULL, true);
}

static void resume_here(struct here *here)
{
	pools_pause(here->sessions->pools, NULL, false);
}

static void on_done(void *arg, struct gathered *gathered)
{
	(void)arg;
	(void)gathered;
}

void console_pause(struct console *console, bool paused)
{
	struct sessions_shared *shared = console->setup.shared;
	log_info(paused ? "PAUSE" : "RESUME");
	gather(&(struct gather_setup){ .shared = shared,
				       .back = shared->loops[0],
				       .on_loop = paused ? pause_here : resume_here,
				       .on_all = on_done });
}
