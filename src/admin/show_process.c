/* SHOW CONFIG, STATE, VERSION and HELP, and the settings that drivers ask for or set as soon
 * as they have connected. */
#include "admin/ask.h"
#include "admin/commands.h"
#include "admin/show.h"
#include "base/mem.h"

/* As PgBouncer's console has them; what a driver sets is not kept. */
static const struct fixed {
	const char *name, *value; /* NULL: may be set, not shown */
} fixed[] = {
	{ "client_encoding", "UTF8" },
	{ "standard_conforming_strings", "on" },
	{ "datestyle", "ISO" },
	{ "timezone", "GMT" },
	{ "default_transaction_isolation", "read committed" },
	{ "application_name", NULL },
	{ "extra_float_digits", NULL },
};

static void on_setting(void *arg, const struct setting_view *view)
{
	struct answer *a = arg;
	answer_row(a);
	answer_text(a, view->name);
	answer_text(a, view->value);
	answer_text(a, view->default_value);
	answer_yes_no(a, view->changeable);
	answer_row_end(a);
}

void show_config(struct ask *ask)
{
	ask_columns(ask);
	settings_each(ask->sessions->settings, on_setting, &ask->answer);
	ask_complete(ask, "SHOW");
}

static void state_row(struct answer *a, const char *key, bool yes)
{
	answer_row(a);
	answer_text(a, key);
	answer_yes_no(a, yes);
	answer_row_end(a);
}

void show_state(struct ask *ask)
{
	bool paused = pools_are_paused(ask->sessions->pools, NULL);
	ask_columns(ask);
	state_row(&ask->answer, "active", !paused);
	state_row(&ask->answer, "paused", paused);
	state_row(&ask->answer, "suspended", false);
	ask_complete(ask, "SHOW");
}

void show_version(struct ask *ask)
{
	ask_columns(ask);
	answer_row(&ask->answer);
	answer_printf(&ask->answer, "pgshunt %s", ask->console->setup.version);
	answer_row_end(&ask->answer);
	ask_complete(ask, "SHOW");
}

void show_help(struct ask *ask)
{
	struct buf text;
	buf_init(&text, 0);
	commands_help(&text);
	buf_add_u8(&text, 0);
	answer_notice(&ask->answer, "Console usage", buf_head(&text));
	buf_done(&text);
	ask_complete(ask, "SHOW");
}

/* --- drivers --- */

static const struct fixed *find_fixed(const struct word *name)
{
	for (size_t i = 0; i < MEM_COUNT(fixed); i++)
		if (word_is(name, fixed[i].name))
			return &fixed[i];
	return NULL;
}

/* Has a row for each of the names. */
void show_fixed(struct ask *ask)
{
	struct word name = { WORD_BARE, span_text(ask->columns) };
	const struct fixed *found = find_fixed(&name);
	ask_columns(ask);
	answer_row(&ask->answer);
	answer_text(&ask->answer, found ? found->value : NULL);
	answer_row_end(&ask->answer);
	ask_complete(ask, "SHOW");
}

void set_fixed(struct ask *ask)
{
	struct word name = words_next(&ask->words);
	const struct fixed *found = find_fixed(&name);
	while (words_peek(ask->words).kind != WORD_END)
		words_next(&ask->words);
	if (found == NULL) {
		ask_fail(ask, "0A000", "settings cannot be changed on the console",
			 "Change the configuration file, then RELOAD.");
		return;
	}
	answer_notice(&ask->answer, "SET ignored", NULL);
	ask_complete(ask, "SET");
}
