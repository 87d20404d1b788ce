/* PAUSE, RESUME, RECONNECT, WAIT_CLOSE, KILL_CLIENT, RELOAD, SHUTDOWN. All of them travel by
 * gathers, so they take effect in the same order on every loop.
 *
 *    PAUSE ─► every loop: no server is given out ─► are any still there? ─ none ─► answer
 *                                                        ▲    └─ some: wait ─┐
 *                                                        └───────────────────┘ */
#include "admin/control.h"

#include "admin/ask.h"
#include "base/mem.h"

enum { POLL_US = 50 * 1000 };

/* NULL = all; false if there is no such database, and the ask has failed. */
static bool read_database(struct ask *ask)
{
	if (ask->argument == NULL || settings_database(ask->sessions->settings, span_text(ask->argument)))
		return true;
	char *message = mem_printf("no such database: %s", ask->argument);
	ask_fail(ask, "3D000", message, "See SHOW DATABASES.");
	mem_free(message);
	return false;
}

static bool is_paused(const struct ask *ask)
{
	return pools_are_paused(ask->sessions->pools, ask->argument);
}

/* --- PAUSE --- */

static void pause_here(struct here *here)
{
	const struct ask *ask = here->arg;
	pools_pause(here->sessions->pools, ask->argument, true);
	here->count = pools_busy_count(here->sessions->pools, ask->argument);
}

static void busy_here(struct here *here)
{
	const struct ask *ask = here->arg;
	here->count = pools_busy_count(here->sessions->pools, ask->argument);
}

static void resume_here(struct here *here)
{
	const struct ask *ask = here->arg;
	pools_pause(here->sessions->pools, ask->argument, false);
}

static void on_undone(void *arg, struct gathered *gathered)
{
	(void)gathered;
	ask_fail(arg, "57014", "PAUSE was cancelled, and undone", NULL);
}

static void count_again(struct ask *ask);

static void on_busy(void *arg, struct gathered *gathered)
{
	struct ask *ask = arg;
	if (!is_paused(ask))
		ask_fail(ask, "57014", "PAUSE was ended by RESUME", NULL);
	else if (gathered->count == 0)
		ask_complete(ask, "PAUSE");
	else
		ask_wait(ask, POLL_US, count_again);
}

static void count_again(struct ask *ask)
{
	if (ask->cancelled)
		ask_gather(ask, 0, resume_here, on_undone);
	else
		ask_gather(ask, 0, busy_here, on_busy);
}

void control_pause(struct ask *ask)
{
	if (!read_database(ask))
		return;
	if (is_paused(ask))
		ask_fail(ask, "55000", "already suspended/paused", "RESUME ends it.");
	else
		ask_gather(ask, 0, pause_here, on_busy);
}

/* --- RESUME --- */

static void on_resumed(void *arg, struct gathered *gathered)
{
	(void)gathered;
	ask_complete(arg, "RESUME");
}

void control_resume(struct ask *ask)
{
	if (!read_database(ask))
		return;
	if (!is_paused(ask))
		ask_fail(ask, "55000", ask->argument ? "database is not paused" : "pooler is not paused/suspended",
			 NULL);
	else
		ask_gather(ask, 0, resume_here, on_resumed);
}

/* --- RECONNECT, WAIT_CLOSE --- */

static void reconnect_here(struct here *here)
{
	const struct ask *ask = here->arg;
	pools_reconnect(here->sessions->pools, ask->argument);
}

static void on_reconnected(void *arg, struct gathered *gathered)
{
	(void)gathered;
	ask_complete(arg, "RECONNECT");
}

void control_reconnect(struct ask *ask)
{
	if (read_database(ask))
		ask_gather(ask, 0, reconnect_here, on_reconnected);
}

static void count_closing(void *arg, const struct server *server)
{
	struct here *here = arg;
	const struct ask *ask = here->arg;
	if (ask->argument == NULL || strcmp(server->target->database, ask->argument) == 0)
		here->count += server->close_needed;
}

static void closing_here(struct here *here)
{
	pools_each_server(here->sessions->pools, count_closing, here);
}

static void on_closing(void *arg, struct gathered *gathered);

static void count_closing_again(struct ask *ask)
{
	if (ask->cancelled)
		ask_fail(ask, "57014", "WAIT_CLOSE was cancelled", NULL);
	else
		ask_gather(ask, 0, closing_here, on_closing);
}

static void on_closing(void *arg, struct gathered *gathered)
{
	struct ask *ask = arg;
	if (gathered->count == 0)
		ask_complete(ask, "WAIT_CLOSE");
	else
		ask_wait(ask, POLL_US, count_closing_again);
}

void control_wait_close(struct ask *ask)
{
	if (read_database(ask))
		ask_gather(ask, 0, closing_here, on_closing);
}

/* --- KILL_CLIENT --- */

struct search {
	struct here *here;
	struct client *client;
	uint64_t serial;
};

static void match_client(void *arg, const struct client *client)
{
	struct search *search = arg;
	if (client->serial == search->serial)
		search->client = sessions_client(search->here->sessions, client->id);
}

static void kill_here(struct here *here)
{
	const struct ask *ask = here->arg;
	struct search search = { here, NULL, strtoull(ask->argument, NULL, 10) };
	sessions_each_client(here->sessions, match_client, &search);
	if (search.client == NULL)
		return;
	here->count = 1;
	client_fatal(search.client, "57P01", "admin forced disconnect", NULL);
}

static void on_killed(void *arg, struct gathered *gathered)
{
	struct ask *ask = arg;
	if (gathered->count)
		ask_complete(ask, "KILL_CLIENT");
	else
		ask_fail(ask, "42704", "no such client", "The number is the column id of SHOW CLIENTS.");
}

void control_kill_client(struct ask *ask)
{
	long long id;
	if (span_to_int(span_text(ask->argument), 1, INT64_MAX, &id))
		ask_gather(ask, 0, kill_here, on_killed);
	else
		ask_fail(ask, "42601", "the client is given by its number", "It is the column id of SHOW CLIENTS.");
}

/* --- RELOAD --- */

static void reload_here(struct here *here)
{
	struct ask *ask = here->arg;
	const struct console_setup *setup = &ask->console->setup;
	/* The ask waits for this: nobody else touches `work` meanwhile. */
	if (here->sessions->index == 0)
		ask->work = setup->reload(setup->owner);
}

static void on_reloaded(void *arg, struct gathered *gathered)
{
	struct ask *ask = arg;
	(void)gathered;
	ask->free_work = mem_free;
	if (ask->work == NULL) {
		ask_complete(ask, "RELOAD");
		return;
	}
	struct span why = span_trim(span_text(ask->work));
	char *message = mem_printf("RELOAD failed: %.*s", (int)why.len, why.ptr);
	ask_fail(ask, "F0000", message, "Nothing was changed.");
	mem_free(message);
}

void control_reload(struct ask *ask)
{
	ask_gather(ask, 0, reload_here, on_reloaded);
}

/* --- SHUTDOWN --- */

static void shutdown_here(struct here *here)
{
	const struct ask *ask = here->arg;
	const struct console_setup *setup = &ask->console->setup;
	enum console_shutdown how = ask->argument == NULL ? SHUTDOWN_NOW
				    : span_is_nocase(span_text(ask->argument), "wait_for_servers")
					    ? SHUTDOWN_WAIT_FOR_SERVERS
					    : SHUTDOWN_WAIT_FOR_CLIENTS;
	if (here->sessions->index == 0)
		setup->shutdown(setup->owner, how);
}

static void on_shutdown(void *arg, struct gathered *gathered)
{
	(void)gathered;
	ask_complete(arg, "SHUTDOWN");
}

void control_shutdown(struct ask *ask)
{
	static const char *const waits[] = { "wait_for_servers", "wait_for_clients" };
	bool known = ask->argument == NULL;
	for (size_t i = 0; !known && i < MEM_COUNT(waits); i++)
		known = span_is_nocase(span_text(ask->argument), waits[i]);
	if (known)
		ask_gather(ask, 0, shutdown_here, on_shutdown);
	else
		ask_fail(ask, "42601", "SHUTDOWN waits for servers, for clients or for nothing",
			 "SHUTDOWN [WAIT_FOR_SERVERS | WAIT_FOR_CLIENTS]");
}
