/* Pools: the servers of one target on one loop, and who waits for one.
 *
 *    pool_wait ─► idle server? ─► on_server          give back ─► older waiter elsewhere? hand it over
 *                  │ no                                           waiter here?            lend it
 *                  ▼                                              somebody needs its slot? close it
 *              waiters (in order) ─ open one more, if             else idle
 *                                   the ledger's accounts allow,
 *                                   evicting an idle one if not
 *
 * The bound is the process's, not the loop's: a server moves between loops, with all
 * it knows, to where the oldest waiter is. Loops ask each other by mail; a lost
 * hint costs at most a tick. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "conf/settings.h"
#include "net/dns.h"
#include "net/loop.h"
#include "pool/server.h"
#include "pool/target.h"

struct pools; /* all pools of a loop */
struct pool;

/* `peers`: the pools of every loop by its index, filled in before any loop runs. */
struct pools *pools_new(struct loop *loop, struct dns *dns, struct ledger *ledger, const struct settings *settings,
			struct pools *const *peers);
void pools_free(struct pools *pools); /* closes all servers; nobody may wait */
void pools_configure(struct pools *pools, const struct settings *settings); /* after a reload; holds the settings */
void pools_tick(struct pools *pools); /* every 100 ms or so: timeouts, retries */
void pools_wake(struct pools *pools); /* the ledger says that something was given back */

/* The pool for a target, made if need be; a pool with the same key takes over the new target's bounds. */
struct pool *pool_find(struct pools *pools, struct target *target);
struct target *pool_target(const struct pool *pool);

/* --- waiting --- */
struct waiter {
	struct list item;
	struct pool *pool; /* NULL while not waiting */
	int64_t since_us;
	int64_t deadline_us; /* 0 = none */
	void (*on_server)(struct waiter *waiter, struct server *server); /* IDLE: lend it at once */
	void (*on_refused)(struct waiter *waiter, const struct server_failure *failure);
};
void waiter_init(struct waiter *waiter, void (*on_server)(struct waiter *, struct server *),
		 void (*on_refused)(struct waiter *, const struct server_failure *));
/* Exactly one of the two callbacks follows, possibly before this returns, unless waiter_leave
 * comes first. timeout_us 0: no limit; a wait that is too long is refused with 53300 query_wait_timeout. */
void pool_wait(struct pool *pool, struct waiter *waiter, int64_t timeout_us);
void waiter_leave(struct waiter *waiter); /* harmless if not waiting */

/* --- giving back a lent server --- */
enum give_back {
	GIVE_CLEAN, /* in step, no transaction, nothing of the session left behind */
	GIVE_RESET, /* in step, no transaction: server_reset_query first */
	GIVE_CLOSE /* anything else */
};
void pool_give_back(struct server *server, enum give_back how, const char *why);
/* A cancel for this server is over. */
void pool_cancel_done(struct server *server);

/* --- PAUSE and the rest; `database` NULL = all --- */
/* Holds for pools made later, too. A pool gives out servers only while neither its database nor all are paused. */
void pools_pause(struct pools *pools, const char *database, bool paused);
/* Whether a PAUSE of this database (NULL: of all) holds; one says nothing of the other. */
bool pools_are_paused(const struct pools *pools, const char *database);
/* Servers that a PAUSE still waits for. */
unsigned pools_busy_count(struct pools *pools, const char *database);
/* RECONNECT: idle ones are closed now, the others when given back. */
void pools_reconnect(struct pools *pools, const char *database);

/* --- for the console --- */
struct pool_view {
	const struct target *target;
	unsigned state_counts[SERVER_STATE_COUNT];
	unsigned waiting_count;
	int64_t oldest_wait_us; /* since when the oldest waits, 0 = nobody */
	bool paused;
};
void pools_each(struct pools *pools, void (*on_pool)(void *arg, const struct pool_view *view), void *arg);
void pools_each_server(struct pools *pools, void (*on_server)(void *arg, const struct server *server), void *arg);
