/* SHOW DATABASES, USERS and LISTS: what the configuration has, and how much of it is used. */
#include <stdio.h>

#include "admin/ask.h"
#include "admin/show.h"
#include "base/mem.h"

/* Keys: "d", database or "u", user; for SHOW LISTS also "p", database, user. */
struct use {
	struct record record;
	long long clients, logging_in, servers;
};

static void add(void *into, const void *from)
{
	struct use *use = into;
	const struct use *more = from;
	use->clients += more->clients;
	use->logging_in += more->logging_in;
	use->servers += more->servers;
}

static void on_client(void *arg, const struct client *client)
{
	struct here *here = arg;
	if (client->tenant) {
		((struct use *)RECORDS_ADD(&here->records, "d", client->tenant->database->name))->clients = 1;
		((struct use *)RECORDS_ADD(&here->records, "u", client->user_name))->clients = 1;
		RECORDS_ADD(&here->records, "p", client->tenant->database->name,
			    user_name(client->tenant->server_user));
	} else if (client->state == CLIENT_CONSOLE) {
		((struct use *)RECORDS_ADD(&here->records, "d", "pgshunt"))->clients = 1;
	}
	if (client->state <= CLIENT_WELCOME)
		((struct use *)RECORDS_ADD(&here->records, "d", ""))->logging_in = 1;
}

static void on_pool(void *arg, const struct pool_view *view)
{
	struct here *here = arg;
	const char *user = user_name(view->target->user);
	struct use *use = RECORDS_ADD(&here->records, "p", view->target->database, user);
	RECORDS_ADD(&here->records, "u", user);
	for (int state = 0; state < SERVER_CLOSED; state++)
		use->servers += view->state_counts[state];
}

static void here_all(struct here *here)
{
	sessions_each_client(here->sessions, on_client, here);
	pools_each(here->sessions->pools, on_pool, here);
	records_merge(&here->records, add);
}

static bool is_kind(const struct use *use, const char *kind)
{
	return strcmp(record_text(use, 0), kind) == 0;
}

/* --- databases --- */

static const struct use *find(const struct records *records, const char *kind, const char *name)
{
	for (size_t i = 0; i < records->count; i++)
		if (is_kind(records->items[i], kind) && strcmp(record_text(records->items[i], 1), name) == 0)
			return records->items[i];
	return NULL;
}

static void add_hosts(struct answer *a, const struct setting_list *hosts)
{
	struct buf text;
	buf_init(&text, 0);
	for (size_t i = 0; i < hosts->count; i++)
		buf_add_printf(&text, "%s%s", i ? "," : "", hosts->words[i]);
	if (hosts->count)
		answer_span(a, buf_span(&text));
	else
		answer_null(a);
	buf_done(&text);
}

static void database_row(struct ask *ask, const struct database_settings *conf, const char *name, long long clients)
{
	struct answer *a = &ask->answer;
	struct account *account = ledger_account(ask->console->setup.shared->ledger, ACCOUNT_DATABASE, span_text(name));
	answer_row(a);
	answer_text(a, name);
	add_hosts(a, &conf->host);
	answer_number(a, conf->port);
	answer_text(a, conf->dbname[0] ? conf->dbname : name);
	answer_text(a, conf->user[0] ? conf->user : NULL);
	answer_number(a, conf->pool_size);
	answer_number(a, conf->min_pool_size);
	answer_number(a, conf->reserve_pool_size);
	answer_number(a, conf->server_lifetime_us / 1000000);
	answer_text(a, pool_mode_text(conf->pool_mode));
	answer_text(a, conf->hosts.count > 1 ? load_balance_hosts_text(conf->load_balance_hosts) : NULL);
	answer_number(a, conf->max_db_connections);
	answer_number(a, account_count(account));
	answer_number(a, conf->max_db_client_connections);
	answer_number(a, clients);
	answer_number(a, pools_are_paused(ask->sessions->pools, name));
	answer_number(a, 0);
	answer_text(a, cluster_kind_text(conf->cluster));
	answer_yes_no(a, conf->route);
	answer_row_end(a);
}

static void console_row(struct ask *ask, long long clients)
{
	struct answer *a = &ask->answer;
	answer_row(a);
	answer_text(a, "pgshunt");
	answer_null(a);
	answer_number(a, ask->sessions->settings->listen_port);
	answer_text(a, "pgshunt");
	answer_text(a, "pgshunt");
	answer_number(a, 2);
	answer_number(a, 0);
	answer_number(a, 0);
	answer_number(a, ask->sessions->settings->server_lifetime_us / 1000000);
	answer_text(a, "statement");
	answer_null(a);
	answer_number(a, 0);
	answer_number(a, 0);
	answer_number(a, 0);
	answer_number(a, clients);
	answer_number(a, 0);
	answer_number(a, 0);
	answer_row_end(a);
}

/* A database that only the fallback entry knows. */
static const struct database_settings *automatic(const struct settings *settings, const char *name)
{
	const struct database_settings *conf = settings_database(settings, span_text(name));
	return conf && conf->fallback ? conf : NULL;
}

static void databases_all(void *arg, struct gathered *gathered)
{
	struct ask *ask = arg;
	const struct settings *settings = ask->sessions->settings;
	const struct records *records = &gathered->records;
	records_merge(&gathered->records, add);
	ask_columns(ask);
	for (size_t i = 0; i < settings->database_count; i++) {
		const struct database_settings *conf = &settings->databases[i];
		const struct use *use = find(records, "d", conf->name);
		if (!conf->fallback)
			database_row(ask, conf, conf->name, use ? use->clients : 0);
	}
	for (size_t i = 0; i < records->count; i++) {
		const struct use *use = records->items[i];
		const char *name = record_text(use, 1);
		if (is_kind(use, "d") && use->clients && automatic(settings, name))
			database_row(ask, automatic(settings, name), name, use->clients);
	}
	const struct use *console = find(records, "d", "pgshunt");
	console_row(ask, console ? console->clients : 0);
	ask_complete(ask, "SHOW");
}

void show_databases(struct ask *ask)
{
	ask_gather(ask, sizeof(struct use), here_all, databases_all);
}

/* --- users --- */

static void users_all(void *arg, struct gathered *gathered)
{
	struct ask *ask = arg;
	struct answer *a = &ask->answer;
	records_merge(&gathered->records, add);
	ask_columns(ask);
	for (size_t i = 0; i < gathered->records.count; i++) {
		const struct use *use = gathered->records.items[i];
		struct span name = span_text(record_text(use, 1));
		if (!is_kind(use, "u"))
			continue;
		struct user_settings limits = settings_user(ask->sessions->settings, NULL, name);
		struct account *account = ledger_account(ask->console->setup.shared->ledger, ACCOUNT_USER, name);
		answer_row(a);
		answer_span(a, name);
		answer_printf(a, "%9d", limits.pool_size);
		answer_printf(a, "%9d", limits.reserve_pool_size);
		answer_text(a, pool_mode_text(limits.pool_mode));
		answer_number(a, limits.max_user_connections);
		answer_number(a, account_count(account));
		answer_number(a, limits.max_user_client_connections);
		answer_number(a, use->clients);
		answer_row_end(a);
	}
	ask_complete(ask, "SHOW");
}

void show_users(struct ask *ask)
{
	ask_gather(ask, sizeof(struct use), here_all, users_all);
}

/* --- lists --- */

static void list_row(struct ask *ask, const char *list, long long items)
{
	answer_row(&ask->answer);
	answer_text(&ask->answer, list);
	answer_number(&ask->answer, items);
	answer_row_end(&ask->answer);
}

static void lists_all(void *arg, struct gathered *gathered)
{
	struct ask *ask = arg;
	const struct settings *settings = ask->sessions->settings;
	long long databases = 1, users = 0, pools = 0; /* the console's own database is one */
	struct use sum = { 0 };
	records_merge(&gathered->records, add);
	for (size_t i = 0; i < settings->database_count; i++)
		databases += !settings->databases[i].fallback;
	for (size_t i = 0; i < gathered->records.count; i++) {
		const struct use *use = gathered->records.items[i];
		users += is_kind(use, "u");
		pools += is_kind(use, "p");
		if (is_kind(use, "u"))
			continue;
		databases += is_kind(use, "d") && use->clients && automatic(settings, record_text(use, 1));
		add(&sum, use);
	}
	ask_columns(ask);
	list_row(ask, "databases", databases);
	list_row(ask, "users", users);
	list_row(ask, "peers", 0);
	list_row(ask, "pools", pools);
	list_row(ask, "peer_pools", 0);
	list_row(ask, "free_clients", 0);
	list_row(ask, "used_clients", sum.clients);
	list_row(ask, "login_clients", sum.logging_in);
	list_row(ask, "free_servers", 0);
	list_row(ask, "used_servers", sum.servers);
	list_row(ask, "dns_names", 0);
	list_row(ask, "dns_zones", 0);
	list_row(ask, "dns_queries", 0);
	list_row(ask, "dns_pending", 0);
	ask_complete(ask, "SHOW");
}

void show_lists(struct ask *ask)
{
	ask_gather(ask, sizeof(struct use), here_all, lists_all);
}
