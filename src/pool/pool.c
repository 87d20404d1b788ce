/* Pools: who gets which server, and when one is opened, handed over or closed. */
#include "pool/pool.h"

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/table.h"

enum {
	CONNECTING_AT_ONCE = 8, /* logins under way for one pool on one loop */
	FAIR_SLACK_US = 2000, /* a waiter elsewhere must be this much older to be served first */
	FIRST_BACKOFF_US = 100 * 1000,
	ASK_AGAIN_US = 50 * 1000,
};

struct pool {
	struct table_item item; /* in pools->by_key */
	struct list all; /* in pools->all: walks stay whole when a pool is made meanwhile */
	struct pools *pools;
	struct target *target;
	struct list servers[SERVER_STATE_COUNT]; /* a state is a list; LENT ones are in it, too */
	struct list waiters;
	unsigned waiting_count, connecting_count;
	bool paused;
	int blocked; /* account_kind that refused one more server; -1 = none */
	int64_t asked_us; /* when another loop was asked for help */
	unsigned next_host, failures;
	int64_t retry_us; /* no new login before this */
	struct { /* the last failure, for those who come before retry_us */
		char sqlstate[6];
		char *message;
		struct buf response;
		bool login;
	} failure;
};

struct pools {
	struct loop *loop;
	struct dns *dns;
	struct ledger *ledger;
	const struct settings *settings;
	struct pools *const *peers;
	struct table by_key;
	struct list all;
	bool closing;
	bool all_paused;
	struct list paused_databases; /* struct paused_database */
};

struct paused_database {
	struct list item;
	char *name;
};

/* From loop to loop. */
struct request {
	struct mail mail;
	struct pools *to;
	unsigned from, wanted; /* how many at most */
	struct target *target; /* REQUEST_SERVER: give an idle one of this pool */
	struct account *account; /* REQUEST_EVICT: close an idle one that counts here */
	enum account_kind kind;
};
struct handover {
	struct mail mail;
	struct pools *to;
	struct server *server;
};

static void on_request(struct mail *mail, struct loop *loop);
static void hand_over(struct pool *pool, struct server *server, unsigned loop);
static void on_ready(void *owner, struct server *server, bool first);
static void on_failed(void *owner, struct server *server, const struct server_failure *failure);
static void on_lost(void *owner, struct server *server, const char *why);
static void place(struct pool *pool, struct server *server);
static void place_now(struct pool *pool, struct server *server, bool may_wait);
static void grow(struct pool *pool);
static void publish(struct pool *pool);
static void close_server(struct pool *pool, struct server *server, const char *why);
static bool evict_idle(struct pools *pools, const struct account *account, enum account_kind kind);
static void forget_paused(struct paused_database *database);

static const struct server_events server_events = { on_ready, on_failed, on_lost };

struct pools *pools_new(struct loop *loop, struct dns *dns, struct ledger *ledger, const struct settings *settings,
			struct pools *const *peers)
{
	struct pools *pools = MEM_NEW(struct pools);
	*pools = (struct pools){
		.loop = loop, .dns = dns, .ledger = ledger, .peers = peers, .settings = settings_ref(settings)
	};
	table_init(&pools->by_key);
	list_init(&pools->all);
	list_init(&pools->paused_databases);
	return pools;
}

static void pool_free(struct pool *pool)
{
	for (int state = 0; state < SERVER_STATE_COUNT; state++)
		LIST_EACH (it, &pool->servers[state])
			close_server(pool, LIST_ITEM(it, struct server, item), "closing");
	target_unref(pool->target);
	mem_free(pool->failure.message);
	buf_done(&pool->failure.response);
	mem_free(pool);
}

void pools_free(struct pools *pools)
{
	pools->closing = true;
	LIST_EACH (it, &pools->all)
		pool_free(LIST_ITEM(it, struct pool, all));
	LIST_EACH (it, &pools->paused_databases)
		forget_paused(LIST_ITEM(it, struct paused_database, item));
	table_done(&pools->by_key);
	settings_unref(pools->settings);
	mem_free(pools);
}

void pools_configure(struct pools *pools, const struct settings *settings)
{
	settings_unref(pools->settings);
	pools->settings = settings_ref(settings);
}

static struct pool *find(struct pools *pools, struct span key)
{
	struct table_item *found = table_find(&pools->by_key, key);
	return found ? TABLE_ITEM(found, struct pool, item) : NULL;
}

struct pool *pool_find(struct pools *pools, struct target *target)
{
	struct pool *pool = find(pools, target->key);
	if (pool) {
		if (pool->target != target) {
			target_ref(target);
			table_remove(&pools->by_key, &pool->item);
			target_unref(pool->target);
			pool->target = target;
			table_add(&pools->by_key, &pool->item, target->key);
		}
		return pool;
	}
	pool = MEM_NEW(struct pool);
	pool->pools = pools;
	pool->target = target_ref(target);
	pool->blocked = -1;
	pool->paused = pools->all_paused || pools_are_paused(pools, target->database);
	for (int state = 0; state < SERVER_STATE_COUNT; state++)
		list_init(&pool->servers[state]);
	list_init(&pool->waiters);
	buf_init(&pool->failure.response, 0);
	list_init(&pool->all);
	list_append(&pools->all, &pool->all);
	table_add(&pools->by_key, &pool->item, target->key);
	return pool;
}

struct target *pool_target(const struct pool *pool)
{
	return pool->target;
}

/* --- lists and what the ledger is told of them --- */

static void list_idle(struct pool *pool, struct server *server)
{
	unsigned loop = loop_index(pool->pools->loop);
	list_prepend(&pool->servers[SERVER_IDLE], &server->item);
	for (int kind = 0; kind < ACCOUNT_KIND_COUNT; kind++)
		account_publish_idle(pool->target->accounts[kind], loop, 1);
}

/* Every way out of the idle list goes through here. */
static void unlist_idle(struct pool *pool, struct server *server)
{
	list_remove(&server->item);
	for (int kind = 0; kind < ACCOUNT_KIND_COUNT; kind++)
		account_publish_idle(pool->target->accounts[kind], loop_index(pool->pools->loop), -1);
}

static struct server *first_idle(struct pool *pool)
{
	struct list *it = pool->pools->settings->server_round_robin ? list_last(&pool->servers[SERVER_IDLE])
								    : list_first(&pool->servers[SERVER_IDLE]);
	return it ? LIST_ITEM(it, struct server, item) : NULL;
}

static unsigned length(const struct list *list)
{
	unsigned count = 0;
	for (const struct list *it = list->next; it != list; it = it->next)
		count++;
	return count;
}

static struct waiter *first_waiter(struct pool *pool)
{
	struct list *it = list_first(&pool->waiters);
	return it ? LIST_ITEM(it, struct waiter, item) : NULL;
}

/* The oldest waiter of this loop's pools that are blocked on this account. */
static void publish_blocked(struct pools *pools, struct account *account, enum account_kind kind)
{
	int64_t since = 0;
	int share = 0;
	LIST_EACH (it, &pools->all) {
		struct pool *pool = LIST_ITEM(it, struct pool, all);
		struct waiter *waiter = first_waiter(pool);
		if (waiter == NULL || pool->blocked != (int)kind || pool->target->accounts[kind] != account)
			continue;
		int its = account_count(pool->target->accounts[ACCOUNT_POOL]);
		if (since == 0 || waiter->since_us < since)
			since = waiter->since_us;
		if (share == 0 || its < share)
			share = its;
	}
	account_publish_waiting(account, loop_index(pools->loop), since, share);
}

static void set_blocked(struct pool *pool, int kind)
{
	int old = pool->blocked;
	pool->blocked = kind;
	if (old >= 0 && old != ACCOUNT_POOL && old != kind)
		publish_blocked(pool->pools, pool->target->accounts[old], (enum account_kind)old);
	if (kind >= 0 && kind != ACCOUNT_POOL)
		publish_blocked(pool->pools, pool->target->accounts[kind], (enum account_kind)kind);
}

static void publish(struct pool *pool)
{
	struct waiter *waiter = first_waiter(pool);
	account_publish_waiting(pool->target->accounts[ACCOUNT_POOL], loop_index(pool->pools->loop),
				waiter ? waiter->since_us : 0, 0);
	if (waiter == NULL)
		set_blocked(pool, -1);
}

/* --- opening and closing --- */

/* Takes one from every account; what refused, or -1. */
static int take_accounts(struct target *target)
{
	static const enum account_kind order[] = { ACCOUNT_POOL, ACCOUNT_DATABASE, ACCOUNT_USER, ACCOUNT_NODE };
	int own = account_count(target->accounts[ACCOUNT_POOL]), share;
	for (size_t i = 0; i < MEM_COUNT(order); i++) {
		struct account *account = target->accounts[order[i]];
		/* Of those who wait the one that has least is next. */
		bool others_first = order[i] != ACCOUNT_POOL && account_waited_for(account, &share) && share < own;
		/* One connection of a node is kept for cancels and the watcher. */
		int spare = order[i] == ACCOUNT_NODE && account_limit(account) > 2 ? 1 : 0;
		if (!others_first && account_try(account, spare))
			continue;
		for (size_t taken = 0; taken < i; taken++)
			account_untake(target->accounts[order[taken]]);
		return (int)order[i];
	}
	return -1;
}

static void give_accounts(struct target *target)
{
	for (int kind = 0; kind < ACCOUNT_KIND_COUNT; kind++)
		account_give(target->accounts[kind]);
}

static void leave_accounts(struct target *target, int delta)
{
	for (int kind = 0; kind < ACCOUNT_KIND_COUNT; kind++)
		account_leave(target->accounts[kind], delta);
}

/* The node has let go of a server: only now may another one take its place. */
static void on_gone(void *arg)
{
	struct target *target = arg;
	leave_accounts(target, -1);
	give_accounts(target);
	target_unref(target);
}

static void close_server(struct pool *pool, struct server *server, const char *why)
{
	struct target *target = target_ref(server->target);
	log_debug("S-%llu: %s/%s@%s:%d closing because: %s", (unsigned long long)server->id, target->dbname,
		  user_name(target->user), target->hosts.words[server->host_index], target->port, why);
	if (server->state == SERVER_IDLE && list_linked(&server->item))
		unlist_idle(pool, server);
	else if (server->state < SERVER_IDLE)
		pool->connecting_count--;
	leave_accounts(target, 1);
	if (pool->pools->closing) {
		server_free(server, NULL, NULL);
		on_gone(target);
	} else {
		server_free(server, on_gone, target);
	}
}

static void launch(struct pool *pool)
{
	struct pools *pools = pool->pools;
	struct server *server = server_new(pools->loop, pools->dns, pool->target, pool->next_host,
					   pools->settings->server_connect_timeout_us, &server_events, pool);
	if (pool->target->hosts.count > 1)
		pool->next_host++;
	/* RESOLVING, CONNECTING and LOGIN share a list: none of them can be given to anybody. */
	list_append(&pool->servers[SERVER_RESOLVING], &server->item);
	pool->connecting_count++;
	server_start(server);
}

static void ask(struct pool *pool, int loop, int kind)
{
	struct pools *pools = pool->pools;
	int64_t now_us = loop_now_us(pools->loop);
	if (now_us - pool->asked_us < ASK_AGAIN_US)
		return;
	pool->asked_us = now_us;
	struct request *request = MEM_NEW(struct request);
	request->to = pools->peers[loop];
	request->from = loop_index(pools->loop);
	request->wanted = pool->waiting_count;
	request->target = target_ref(pool->target);
	request->kind = (enum account_kind)kind;
	request->account = pool->target->accounts[kind];
	request->mail.on_mail = on_request;
	loop_post(ledger_loop(pools->ledger, (unsigned)loop), &request->mail);
}

/* No room in an account: free some, here or elsewhere. The ledger says when it is there. */
static void make_room(struct pool *pool, int kind)
{
	struct account *account = pool->target->accounts[kind];
	if (account_leaving(account) > 0 ||
	    (kind != ACCOUNT_POOL && evict_idle(pool->pools, account, (enum account_kind)kind)))
		return;
	int loop = account_idle_elsewhere(account, loop_index(pool->pools->loop));
	if (loop >= 0)
		ask(pool, loop, kind);
}

/* Opens servers for those who wait. */
static void grow(struct pool *pool)
{
	if (pool->paused || pool->pools->closing || loop_now_us(pool->pools->loop) < pool->retry_us)
		return;
	int blocked = -1;
	while (pool->connecting_count < pool->waiting_count && pool->connecting_count < CONNECTING_AT_ONCE) {
		blocked = take_accounts(pool->target);
		if (blocked >= 0) {
			make_room(pool, blocked);
			break;
		}
		launch(pool);
		if (loop_now_us(pool->pools->loop) < pool->retry_us)
			break; /* it failed at once */
	}
	set_blocked(pool, pool->waiting_count ? blocked : -1);
}

static bool evict_idle(struct pools *pools, const struct account *account, enum account_kind kind)
{
	struct server *idlest = NULL;
	LIST_EACH (it, &pools->all) {
		struct pool *pool = LIST_ITEM(it, struct pool, all);
		struct list *last = list_last(&pool->servers[SERVER_IDLE]);
		if (last == NULL || pool->target->accounts[kind] != account)
			continue;
		struct server *server = LIST_ITEM(last, struct server, item);
		if (idlest == NULL || server->since_us < idlest->since_us)
			idlest = server;
	}
	if (idlest)
		close_server(idlest->owner, idlest, "evicted");
	return idlest != NULL;
}

/* --- between loops --- */

static void on_request(struct mail *mail, struct loop *loop)
{
	struct request *request = MEM_CONTAINER(mail, struct request, mail);
	struct pools *pools = request->to;
	(void)loop;
	if (request->kind == ACCOUNT_POOL) {
		struct pool *pool = find(pools, request->target->key);
		struct server *server;
		while (pool && request->wanted-- && list_empty(&pool->waiters) && (server = first_idle(pool)) != NULL &&
		       server_can_move(server)) {
			unlist_idle(pool, server);
			hand_over(pool, server, request->from);
		}
	} else {
		evict_idle(pools, request->account, request->kind);
	}
	target_unref(request->target);
	mem_free(request);
}

static void on_handover(struct mail *mail, struct loop *loop)
{
	struct handover *handover = MEM_CONTAINER(mail, struct handover, mail);
	struct pools *pools = handover->to;
	struct server *server = handover->server;
	struct pool *pool = pool_find(pools, server->target);
	mem_free(handover);
	server_attach(server, loop, pools->dns, &server_events, pool);
	pool->asked_us = 0;
	place(pool, server);
	grow(pool);
}

static void hand_over(struct pool *pool, struct server *server, unsigned loop)
{
	struct pools *pools = pool->pools;
	struct handover *handover = MEM_NEW(struct handover);
	server_detach(server);
	handover->server = server;
	handover->to = pools->peers[loop];
	handover->mail.on_mail = on_handover;
	loop_post(ledger_loop(pools->ledger, loop), &handover->mail);
}

/* --- a server is free --- */

/* Somebody else needs its slot more than this pool does. */
static bool owed_to_others(struct pool *pool)
{
	static const enum account_kind shared[] = { ACCOUNT_NODE, ACCOUNT_DATABASE, ACCOUNT_USER };
	int count = account_count(pool->target->accounts[ACCOUNT_POOL]), share;
	for (size_t i = 0; i < MEM_COUNT(shared); i++)
		if (account_waited_for(pool->target->accounts[shared[i]], &share) &&
		    (list_empty(&pool->waiters) || share + 1 < count))
			return true;
	return false;
}

static const char *too_old(struct pool *pool, const struct server *server)
{
	const struct settings *settings = pool->pools->settings;
	int64_t age_us = loop_now_us(pool->pools->loop) - server->connected_us;
	if (server->close_needed)
		return "close_needed";
	if (age_us > settings->server_lifetime_us)
		return "server lifetime over";
	int limit = account_limit(pool->target->accounts[ACCOUNT_POOL]);
	if (limit && account_count(pool->target->accounts[ACCOUNT_POOL]) > limit)
		return "too many servers in the pool";
	return NULL;
}

/* What becomes of a server in state IDLE that is in no list. */
static void place(struct pool *pool, struct server *server)
{
	place_now(pool, server, true);
}

static void place_later(void *arg)
{
	struct server *server = arg;
	if (server->state == SERVER_IDLE)
		place_now(server->owner, server, false);
}

/* may_wait: it may be looked at again at the end of the callback, when its stream is at rest and can move. */
static void place_now(struct pool *pool, struct server *server, bool may_wait)
{
	const char *old = too_old(pool, server);
	if (old || pool->pools->closing || pool->paused) {
		close_server(pool, server, old ? old : pool->paused ? "pause mode" : "closing");
		grow(pool);
		return;
	}
	struct waiter *waiter = first_waiter(pool);
	int64_t since_us = 0;
	int elsewhere = account_oldest_elsewhere(pool->target->accounts[ACCOUNT_POOL], loop_index(pool->pools->loop),
						 &since_us);
	bool older = elsewhere >= 0 && (waiter == NULL || since_us + FAIR_SLACK_US < waiter->since_us);
	if (older && server_can_move(server)) {
		hand_over(pool, server, (unsigned)elsewhere);
	} else if (older && may_wait) {
		loop_defer(pool->pools->loop, place_later, server);
	} else if (owed_to_others(pool)) {
		close_server(pool, server, "evicted");
	} else if (waiter) {
		waiter_leave(waiter);
		list_prepend(&pool->servers[SERVER_LENT], &server->item);
		waiter->on_server(waiter, server);
	} else {
		list_idle(pool, server);
	}
}

static void on_ready(void *owner, struct server *server, bool first)
{
	struct pool *pool = owner;
	if (first)
		pool->connecting_count--;
	if (pool->failures || pool->retry_us) {
		pool->failures = 0;
		pool->retry_us = 0;
		account_set_down(pool->target->accounts[ACCOUNT_NODE], 0, NULL);
	}
	list_remove(&server->item);
	place(pool, server);
}

static void on_lost(void *owner, struct server *server, const char *why)
{
	struct pool *pool = owner;
	close_server(pool, server, why);
	grow(pool);
}

/* --- failures --- */

static void keep_failure(struct pool *pool, const struct server_failure *failure)
{
	mem_free(pool->failure.message);
	pool->failure.message = mem_strdup(failure->message);
	memcpy(pool->failure.sqlstate, failure->sqlstate, sizeof pool->failure.sqlstate);
	buf_clear(&pool->failure.response);
	buf_add_span(&pool->failure.response, failure->response);
	pool->failure.login = failure->login;
}

static struct server_failure kept_failure(const struct pool *pool)
{
	return (struct server_failure){ pool->failure.sqlstate, pool->failure.message,
					buf_span(&pool->failure.response), pool->failure.login };
}

static void refuse(struct waiter *waiter, const struct server_failure *failure)
{
	waiter_leave(waiter);
	waiter->on_refused(waiter, failure);
}

/* Nobody will give these a server soon: better an answer than a wait. */
static void refuse_all(struct pool *pool)
{
	struct server_failure failure = kept_failure(pool);
	unsigned count = pool->waiting_count; /* those who come back meanwhile are not refused twice */
	while (count-- && !list_empty(&pool->waiters))
		refuse(first_waiter(pool), &failure);
}

static void on_failed(void *owner, struct server *server, const struct server_failure *failure)
{
	struct pool *pool = owner;
	struct pools *pools = pool->pools;
	keep_failure(pool, failure);
	log_warning("%s/%s: %s", pool->target->database, user_name(pool->target->user), failure->message);
	close_server(pool, server, "login failed");
	pool->failures++;
	if (pool->failures < pool->target->hosts.count) {
		grow(pool); /* the next host may be better */
		return;
	}
	int64_t most_us = pools->settings->node_retry_us < pools->settings->server_login_retry_us
				  ? pools->settings->node_retry_us
				  : pools->settings->server_login_retry_us;
	int64_t delay_us = FIRST_BACKOFF_US;
	for (unsigned i = 1; i < pool->failures && delay_us < most_us; i++)
		delay_us *= 2;
	pool->retry_us = loop_now_us(pools->loop) + (delay_us < most_us ? delay_us : most_us);
	if (!failure->login)
		account_set_down(pool->target->accounts[ACCOUNT_NODE], pool->retry_us, failure->message);
	/* Servers that are there, on any loop, may still serve those who wait. */
	if (account_count(pool->target->accounts[ACCOUNT_POOL]) <= (int)pool->connecting_count)
		refuse_all(pool);
}

/* --- waiting --- */

void waiter_init(struct waiter *waiter, void (*on_server)(struct waiter *, struct server *),
		 void (*on_refused)(struct waiter *, const struct server_failure *))
{
	*waiter = (struct waiter){ .on_server = on_server, .on_refused = on_refused };
	list_init(&waiter->item);
}

void pool_wait(struct pool *pool, struct waiter *waiter, int64_t timeout_us)
{
	int64_t now_us = loop_now_us(pool->pools->loop);
	struct server *server = pool->paused || !list_empty(&pool->waiters) ? NULL : first_idle(pool);
	waiter->since_us = now_us;
	waiter->deadline_us = timeout_us ? now_us + timeout_us : 0;
	if (server) {
		unlist_idle(pool, server);
		list_prepend(&pool->servers[SERVER_LENT], &server->item);
		waiter->on_server(waiter, server);
		return;
	}
	if (now_us < pool->retry_us && account_count(pool->target->accounts[ACCOUNT_POOL]) == 0) {
		struct server_failure failure = kept_failure(pool);
		waiter->on_refused(waiter, &failure);
		return;
	}
	waiter->pool = pool;
	pool->waiting_count++;
	list_append(&pool->waiters, &waiter->item);
	if (pool->waiters.next == &waiter->item)
		publish(pool);
	grow(pool);
}

void waiter_leave(struct waiter *waiter)
{
	struct pool *pool = waiter->pool;
	if (pool == NULL)
		return;
	bool was_first = pool->waiters.next == &waiter->item;
	list_remove(&waiter->item);
	pool->waiting_count--;
	waiter->pool = NULL;
	if (was_first)
		publish(pool);
}

/* --- giving back --- */

void pool_give_back(struct server *server, enum give_back how, const char *why)
{
	struct pool *pool = server->owner;
	list_remove(&server->item);
	if (how == GIVE_CLOSE) {
		close_server(pool, server, why);
		grow(pool);
		return;
	}
	if (!list_empty(&server->cancels)) {
		/* The cancel must not meet the next holder. Whatever has to be reset is so afterwards. */
		if (how == GIVE_RESET)
			server->close_needed = true;
		server_wait_cancelled(server);
		list_append(&pool->servers[SERVER_CANCELLED], &server->item);
		return;
	}
	if (how == GIVE_RESET && pool->pools->settings->server_reset_query[0]) {
		guc_clear(&server->applied);
		prepared_clear(&server->prepared);
		list_append(&pool->servers[SERVER_RESETTING], &server->item);
		server_reset(server, pool->pools->settings->server_reset_query,
			     pool->pools->settings->server_connect_timeout_us);
		return;
	}
	server_rest(server);
	place(pool, server);
}

void pool_cancel_done(struct server *server)
{
	if (!list_empty(&server->cancels) || server->state != SERVER_CANCELLED)
		return;
	struct pool *pool = server->owner;
	list_remove(&server->item);
	server_rest(server);
	place(pool, server);
}

/* --- time --- */

static void check_idle(struct pool *pool, int64_t now_us)
{
	const struct settings *settings = pool->pools->settings;
	LIST_EACH (it, &pool->servers[SERVER_IDLE]) {
		struct server *server = LIST_ITEM(it, struct server, item);
		const char *old = too_old(pool, server);
		if (old == NULL && settings->server_idle_timeout_us &&
		    now_us - server->since_us > settings->server_idle_timeout_us)
			old = "server idle timeout";
		if (old)
			close_server(pool, server, old);
	}
}

static void check_waiters(struct pool *pool, int64_t now_us)
{
	static const struct server_failure too_long = { "53300", "query_wait_timeout", { "", 0 }, false };
	LIST_EACH (it, &pool->waiters) {
		struct waiter *waiter = LIST_ITEM(it, struct waiter, item);
		if (waiter->deadline_us && now_us >= waiter->deadline_us)
			refuse(waiter, &too_long);
	}
}

static void tick(struct pool *pool, int64_t now_us)
{
	static const enum server_state limited[] = { SERVER_RESOLVING, SERVER_RESETTING };
	for (size_t i = 0; i < MEM_COUNT(limited); i++)
		LIST_EACH (it, &pool->servers[limited[i]])
			server_check_deadline(LIST_ITEM(it, struct server, item), now_us);
	check_idle(pool, now_us);
	check_waiters(pool, now_us);
	if (!list_empty(&pool->waiters)) {
		publish(pool);
		grow(pool);
	}
}

void pools_tick(struct pools *pools)
{
	int64_t now_us = loop_now_us(pools->loop);
	LIST_EACH (it, &pools->all)
		tick(LIST_ITEM(it, struct pool, all), now_us);
}

void pools_wake(struct pools *pools)
{
	LIST_EACH (it, &pools->all) {
		struct pool *pool = LIST_ITEM(it, struct pool, all);
		if (!list_empty(&pool->waiters))
			grow(pool);
	}
}

/* --- console --- */

static bool concerns(const struct pool *pool, const char *database)
{
	return database == NULL || strcmp(pool->target->database, database) == 0;
}

static struct paused_database *find_paused(const struct pools *pools, const char *database)
{
	for (struct list *it = pools->paused_databases.next; it != &pools->paused_databases; it = it->next)
		if (strcmp(LIST_ITEM(it, struct paused_database, item)->name, database) == 0)
			return LIST_ITEM(it, struct paused_database, item);
	return NULL;
}

static void forget_paused(struct paused_database *database)
{
	list_remove(&database->item);
	mem_free(database->name);
	mem_free(database);
}

static void remember_paused(struct pools *pools, const char *database, bool paused)
{
	struct paused_database *known = find_paused(pools, database);
	if (paused && known == NULL) {
		known = MEM_NEW(struct paused_database);
		known->name = mem_strdup(database);
		list_init(&known->item);
		list_append(&pools->paused_databases, &known->item);
	} else if (!paused && known) {
		forget_paused(known);
	}
}

bool pools_are_paused(const struct pools *pools, const char *database)
{
	return database ? find_paused(pools, database) != NULL : pools->all_paused;
}

void pools_pause(struct pools *pools, const char *database, bool paused)
{
	if (database)
		remember_paused(pools, database, paused);
	else
		pools->all_paused = paused;
	LIST_EACH (it, &pools->all) {
		struct pool *pool = LIST_ITEM(it, struct pool, all);
		if (!concerns(pool, database))
			continue;
		pool->paused = pools->all_paused || pools_are_paused(pools, pool->target->database);
		LIST_EACH (s, &pool->servers[SERVER_IDLE]) {
			struct server *server = LIST_ITEM(s, struct server, item);
			if (pool->paused)
				close_server(pool, server, "pause mode");
		}
		if (!pool->paused)
			grow(pool);
	}
}

unsigned pools_busy_count(struct pools *pools, const char *database)
{
	unsigned count = 0;
	LIST_EACH (it, &pools->all) {
		struct pool *pool = LIST_ITEM(it, struct pool, all);
		for (int state = 0; concerns(pool, database) && state < SERVER_STATE_COUNT; state++)
			count += length(&pool->servers[state]);
	}
	return count;
}

void pools_reconnect(struct pools *pools, const char *database)
{
	LIST_EACH (it, &pools->all) {
		struct pool *pool = LIST_ITEM(it, struct pool, all);
		for (int state = 0; concerns(pool, database) && state < SERVER_STATE_COUNT; state++)
			LIST_EACH (s, &pool->servers[state]) {
				struct server *server = LIST_ITEM(s, struct server, item);
				server->close_needed = true;
				if (state == SERVER_IDLE)
					close_server(pool, server, "close_needed");
			}
	}
}

void pools_each(struct pools *pools, void (*on_pool)(void *arg, const struct pool_view *view), void *arg)
{
	LIST_EACH (it, &pools->all) {
		struct pool *pool = LIST_ITEM(it, struct pool, all);
		struct waiter *waiter = first_waiter(pool);
		struct pool_view view = { .target = pool->target,
					  .waiting_count = pool->waiting_count,
					  .oldest_wait_us = waiter ? waiter->since_us : 0,
					  .paused = pool->paused };
		for (int state = 0; state < SERVER_STATE_COUNT; state++)
			for (struct list *s = pool->servers[state].next; s != &pool->servers[state]; s = s->next)
				view.state_counts[LIST_ITEM(s, struct server, item)->state]++;
		on_pool(arg, &view);
	}
}

void pools_each_server(struct pools *pools, void (*on_server)(void *arg, const struct server *server), void *arg)
{
	LIST_EACH (it, &pools->all) {
		struct pool *pool = LIST_ITEM(it, struct pool, all);
		for (int state = 0; state < SERVER_STATE_COUNT; state++)
			for (struct list *s = pool->servers[state].next; s != &pool->servers[state]; s = s->next)
				on_server(arg, LIST_ITEM(s, struct server, item));
	}
}
