/* Asks: their life, and handing the answer over. */
#include "admin/ask.h"

#include "base/mem.h"

enum { ANSWER_MOST_BYTES = 256 * 1024 * 1024 };

static void on_timer(void *arg);

struct ask *ask_new(struct console *console, struct client *client, const char *sql)
{
	struct ask *ask = MEM_NEW(struct ask);
	ask->console = console;
	ask->sessions = client->sessions;
	ask->client_id = client->id;
	ask->client_serial = client->serial;
	ask->admin = client->admin;
	ask->user = mem_strdup(client->user_name);
	ask->text = mem_strdup(sql);
	ask->words.rest = span_text(ask->text);
	answer_init(&ask->answer, ANSWER_MOST_BYTES);
	list_init(&ask->item);
	list_append(&console->asks[client->sessions->index], &ask->item);
	return ask;
}

struct ask *ask_of(struct console *console, const struct client *client)
{
	LIST_EACH (it, &console->asks[client->sessions->index]) {
		struct ask *ask = LIST_ITEM(it, struct ask, item);
		if (ask->client_serial == client->serial)
			return ask;
	}
	return NULL;
}

void ask_free(struct ask *ask)
{
	ask_forget_command(ask);
	list_remove(&ask->item);
	timer_free(ask->timer);
	answer_done(&ask->answer);
	mem_free(ask->text);
	mem_free(ask->user);
	mem_free(ask);
}

struct client *ask_client(const struct ask *ask)
{
	struct client *client = sessions_client(ask->sessions, ask->client_id);
	return client && client->serial == ask->client_serial ? client : NULL;
}

void ask_forget_command(struct ask *ask)
{
	if (ask->free_work)
		ask->free_work(ask->work);
	ask->work = NULL;
	ask->free_work = NULL;
	mem_free(ask->argument);
	ask->argument = NULL;
}

static void answered(struct ask *ask)
{
	ask->answered = true;
	if (!ask->running)
		ask->on_answered(ask);
}

void ask_complete(struct ask *ask, const char *tag)
{
	wire_add_complete(&ask->answer.out, tag);
	answered(ask);
}

void ask_fail(struct ask *ask, const char *sqlstate, const char *message, const char *hint)
{
	answer_error(&ask->answer, sqlstate, message, hint);
	ask->failed = true;
	answered(ask);
}

void ask_hand_over(struct ask *ask)
{
	struct client *client = ask_client(ask);
	if (client) {
		struct buf *out = client_console_out(client);
		if (buf_failed(&ask->answer.out))
			wire_add_error(out, 'E',
				       &(struct wire_error){ .severity = "ERROR",
							     .sqlstate = "54000",
							     .message = "the answer is too large",
							     .hint = "Send fewer commands at once." });
		else
			buf_add_span(out, buf_span(&ask->answer.out));
		wire_add_ready(out, 'I');
		client_console_done(client);
	}
	ask_free(ask);
}

/* --- for commands --- */

void ask_columns(struct ask *ask)
{
	answer_columns(&ask->answer, ask->columns);
}

void ask_gather(struct ask *ask, size_t record_bytes, void (*on_loop)(struct here *here),
		void (*on_all)(void *ask, struct gathered *gathered))
{
	const char *columns = ask->columns;
	gather(&(struct gather_setup){ .shared = ask->console->setup.shared,
				       .back = ask->sessions->loop,
				       .record_bytes = record_bytes,
				       .column_count = columns ? answer_count_columns(columns) : 0,
				       .arg = ask,
				       .on_loop = on_loop,
				       .on_all = on_all });
}

void ask_wait(struct ask *ask, int64_t delay_us, void (*then)(struct ask *ask))
{
	if (ask->timer == NULL)
		ask->timer = timer_new(ask->sessions->loop, on_timer, ask);
	ask->on_timer = then;
	timer_start(ask->timer, delay_us);
}

static void on_timer(void *arg)
{
	struct ask *ask = arg;
	if (ask_client(ask) == NULL)
		ask->cancelled = true;
	ask->on_timer(ask);
}
