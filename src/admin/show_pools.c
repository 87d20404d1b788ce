/* SHOW POOLS and SHOW NODE_POOLS: the same counts, summed by (database, user) as PgBouncer
 * has them, or by (database, user, node). */
#include "admin/ask.h"
#include "admin/show.h"
#include "base/clock.h"
#include "base/mem.h"

enum count {
	CL_ACTIVE,
	CL_WAITING,
	SV_ACTIVE,
	SV_ACTIVE_CANCEL,
	SV_BEING_CANCELED,
	SV_IDLE,
	SV_TESTED,
	SV_LOGIN,
	COUNT_COUNT,
};

/* The keys: database, user, and for SHOW NODE_POOLS the node. */
struct pool_sum {
	struct record record;
	int counts[COUNT_COUNT];
	int64_t oldest_us;
	enum pool_mode pool_mode;
	int pool_size;
	bool coordinator;
	struct account *accounts[ACCOUNT_KIND_COUNT]; /* NULL for the console's own */
};

static const enum count count_of_state[SERVER_STATE_COUNT] = {
	[SERVER_RESOLVING] = SV_LOGIN,
	[SERVER_CONNECTING] = SV_LOGIN,
	[SERVER_LOGIN] = SV_LOGIN,
	[SERVER_IDLE] = SV_IDLE,
	[SERVER_LENT] = SV_ACTIVE,
	[SERVER_RESETTING] = SV_TESTED,
	[SERVER_CANCELLED] = SV_BEING_CANCELED,
	[SERVER_CLOSED] = COUNT_COUNT,
};

static void add(void *into, const void *from)
{
	struct pool_sum *sum = into;
	const struct pool_sum *more = from;
	for (int i = 0; i < COUNT_COUNT; i++)
		sum->counts[i] += more->counts[i];
	if (more->oldest_us && (sum->oldest_us == 0 || more->oldest_us < sum->oldest_us))
		sum->oldest_us = more->oldest_us;
	if (sum->accounts[0] == NULL) {
		memcpy(sum->accounts, more->accounts, sizeof sum->accounts);
		sum->pool_size = more->pool_size;
		sum->pool_mode = more->pool_mode;
		sum->coordinator = more->coordinator;
	}
}

static struct pool_sum *sum_of(struct here *here, const struct target *target, bool by_node)
{
	char node[TARGET_NODE_BYTES];
	target_node_key(target->hosts.words[0], target->port, node);
	struct pool_sum *sum = by_node ? RECORDS_ADD(&here->records, target->database, user_name(target->user), node)
				       : RECORDS_ADD(&here->records, target->database, user_name(target->user));
	sum->pool_mode = target->pool_mode;
	sum->pool_size = target->pool_size;
	sum->coordinator = target->coordinator;
	memcpy(sum->accounts, target->accounts, sizeof sum->accounts);
	return sum;
}

static void note_pool(struct here *here, const struct pool_view *view, bool by_node)
{
	struct pool_sum *sum = sum_of(here, view->target, by_node);
	for (int state = 0; state < SERVER_STATE_COUNT; state++)
		if (count_of_state[state] != COUNT_COUNT)
			sum->counts[count_of_state[state]] += (int)view->state_counts[state];
	sum->oldest_us = view->oldest_wait_us;
	if (by_node)
		sum->counts[CL_WAITING] = (int)view->waiting_count;
}

static void note_cancels(struct here *here, const struct server *server, bool by_node)
{
	int count = 0;
	for (const struct list *it = server->cancels.next; it != &server->cancels; it = it->next)
		count++;
	if (count)
		sum_of(here, server->target, by_node)->counts[SV_ACTIVE_CANCEL] = count;
}

/* A client counts where its servers come from, whatever it calls itself. */
static void note_client(struct here *here, const struct client *client)
{
	struct pool_sum *sum;
	if (client->state == CLIENT_CONSOLE) {
		sum = RECORDS_ADD(&here->records, "pgshunt", "pgshunt");
		sum->counts[CL_ACTIVE] = 1;
		return;
	}
	if (client->tenant == NULL)
		return;
	bool waiting = client->state == CLIENT_WAITING || client->state == CLIENT_WELCOME;
	sum = sum_of(here, client->tenant->coordinator, false);
	sum->counts[waiting ? CL_WAITING : CL_ACTIVE] = 1;
}

static void note_linked_client(struct here *here, const struct client *client)
{
	if (client->server)
		sum_of(here, client->server->target, true)->counts[CL_ACTIVE] = 1;
}

static void on_pool(void *here, const struct pool_view *view)
{
	note_pool(here, view, false);
}

static void on_node_pool(void *here, const struct pool_view *view)
{
	note_pool(here, view, true);
}

static void on_server(void *here, const struct server *server)
{
	note_cancels(here, server, false);
}

static void on_node_server(void *here, const struct server *server)
{
	note_cancels(here, server, true);
}

static void on_client(void *here, const struct client *client)
{
	note_client(here, client);
}

static void on_node_client(void *here, const struct client *client)
{
	note_linked_client(here, client);
}

static void pools_here(struct here *here)
{
	pools_each(here->sessions->pools, on_pool, here);
	pools_each_server(here->sessions->pools, on_server, here);
	sessions_each_client(here->sessions, on_client, here);
	records_merge(&here->records, add);
}

static void node_pools_here(struct here *here)
{
	pools_each(here->sessions->pools, on_node_pool, here);
	pools_each_server(here->sessions->pools, on_node_server, here);
	sessions_each_client(here->sessions, on_node_client, here);
	records_merge(&here->records, add);
}

static int64_t waited_us(const struct pool_sum *sum)
{
	return sum->oldest_us ? clock_now_us() - sum->oldest_us : 0;
}

/* PgBouncer names it only where there is a list of hosts. */
static const char *load_balance(const struct settings *settings, const char *database)
{
	const struct database_settings *conf = settings_database(settings, span_text(database));
	return conf && conf->hosts.count > 1 ? load_balance_hosts_text(conf->load_balance_hosts) : NULL;
}

static void pools_all(void *arg, struct gathered *gathered)
{
	struct ask *ask = arg;
	struct answer *a = &ask->answer;
	records_merge(&gathered->records, add);
	ask_columns(ask);
	for (size_t i = 0; i < gathered->records.count; i++) {
		const struct pool_sum *sum = gathered->records.items[i];
		answer_row(a);
		answer_text(a, record_text(sum, 0));
		answer_text(a, record_text(sum, 1));
		answer_number(a, sum->counts[CL_ACTIVE]);
		answer_number(a, sum->counts[CL_WAITING]);
		answer_number(a, 0); /* cl_active_cancel_req: cancels do not keep the asker */
		answer_number(a, 0); /* cl_waiting_cancel_req */
		answer_number(a, sum->counts[SV_ACTIVE]);
		answer_number(a, sum->counts[SV_ACTIVE_CANCEL]);
		answer_number(a, sum->counts[SV_BEING_CANCELED]);
		answer_number(a, sum->counts[SV_IDLE]);
		answer_number(a, 0); /* sv_used: there is no such state */
		answer_number(a, sum->counts[SV_TESTED]);
		answer_number(a, sum->counts[SV_LOGIN]);
		answer_number(a, waited_us(sum) / 1000000);
		answer_number(a, waited_us(sum) % 1000000);
		answer_text(a, sum->accounts[0] ? pool_mode_text(sum->pool_mode) : "statement");
		answer_text(a, load_balance(ask->sessions->settings, record_text(sum, 0)));
		answer_row_end(a);
	}
	ask_complete(ask, "SHOW");
}

static void node_pools_all(void *arg, struct gathered *gathered)
{
	struct ask *ask = arg;
	struct answer *a = &ask->answer;
	static const enum account_kind bounds[] = { ACCOUNT_NODE, ACCOUNT_DATABASE, ACCOUNT_USER };
	records_merge(&gathered->records, add);
	ask_columns(ask);
	for (size_t i = 0; i < gathered->records.count; i++) {
		const struct pool_sum *sum = gathered->records.items[i];
		answer_row(a);
		answer_text(a, record_text(sum, 0));
		answer_text(a, record_text(sum, 1));
		answer_text(a, record_text(sum, 2));
		answer_text(a, sum->coordinator ? "coordinator" : "worker");
		for (int count = 0; count < COUNT_COUNT; count++)
			answer_number(a, sum->counts[count]);
		answer_number(a, waited_us(sum) / 1000000);
		answer_number(a, waited_us(sum) % 1000000);
		answer_text(a, pool_mode_text(sum->pool_mode));
		answer_number(a, sum->pool_size);
		for (size_t b = 0; b < MEM_COUNT(bounds); b++) {
			answer_number(a, account_count(sum->accounts[bounds[b]]));
			answer_number(a, account_limit(sum->accounts[bounds[b]]));
		}
		answer_row_end(a);
	}
	ask_complete(ask, "SHOW");
}

void show_pools(struct ask *ask)
{
	ask_gather(ask, sizeof(struct pool_sum), pools_here, pools_all);
}

void show_node_pools(struct ask *ask)
{
	ask_gather(ask, sizeof(struct pool_sum), node_pools_here, node_pools_all);
}
