/* What the sessions of one loop share, as structs: settings, users, pools, and the databases
 * and tenants that clients belong to. Knows no clients.
 *
 *    sessions (a loop) ─► databases (an entry; router, cluster, counters)
 *                           └─► tenants (a user in it; servers' login, targets, limits)
 *                                 └─► clients
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "auth/users.h"
#include "cluster/cluster.h"
#include "conf/counters.h"
#include "conf/settings.h"
#include "net/dns.h"
#include "net/loop.h"
#include "pool/guc.h"
#include "pool/ledger.h"
#include "pool/pool.h"
#include "pool/statement.h"
#include "route/router.h"

struct client;
struct welcomes;
struct sessions;

/* What all loops share: counters and switches only. */
struct sessions_shared {
	_Atomic int client_count; /* logged in or on the way, console not counted */
	_Atomic int loop_clients[MAX_LOOPS]; /* for handing sockets to the emptiest loop */
	_Atomic bool stopping; /* no new logins but the console's */
	_Atomic uint64_t ddl_count; /* transactions that may have changed what names mean */
	struct ledger *ledger;
	struct clusters *clusters;
	struct loop *const *loops;
	struct sessions **sessions; /* by loop; only to address mail */
	struct welcomes *welcomes; /* what new sessions are told, learned by any loop */
	unsigned loop_count;
};

/* The console's side of a session; set by main, so that sessions know nothing of it. */
struct console_hooks {
	/* A simple query on the console. The answer, up to and including ReadyForQuery, is
	 * appended with client_console_out; client_console_done says that it is whole. */
	void (*on_query)(void *owner, struct client *client, const char *sql);
	/* A cancel request for a console client whose answer is under way. */
	void (*on_cancel)(void *owner, struct client *client);
	void *owner;
};

/* One database entry on one loop. After a reload another takes its place; what its
 * last clients count goes on being shown, and is carried over when they have left. */
struct database {
	struct table_item item;
	struct list superseded; /* in sessions->superseded, if so */
	struct sessions *sessions;
	const struct settings *settings; /* held */
	const struct database_settings *conf;
	char *name; /* as clients say it */
	char *dbname; /* on the server */
	struct router *router;
	struct cluster *cluster;
	struct counters counters;
	unsigned client_count;
};

/* One user in one database on one loop. */
struct tenant {
	struct table_item item;
	bool superseded; /* not in the table any more: freed with its last client */
	struct database *database;
	struct user_settings limits;
	char *user_name; /* the client's */
	struct user *server_user; /* to log in to servers as; held */
	struct target *coordinator;
	uint64_t targets_version; /* of the map that `targets` belongs to */
	struct target *targets[MAP_MAX_NODES]; /* NULL until used */
	struct guc_set welcome; /* what a coordinator's server reports to a new session */
	bool welcome_known; /* see tenant_knows_welcome */
	unsigned client_count;
};

struct sessions {
	struct loop *loop;
	unsigned index;
	struct sessions_shared *shared;
	const struct settings *settings;
	struct users *users;
	struct dns *dns;
	struct pools *pools;
	struct statement_table *statements;
	const struct console_hooks *console;
	struct table databases, tenants; /* of the current settings */
	struct list superseded; /* databases of older ones that still have clients */
	struct list clients;
	struct client **slots; /* by the low part of a client's id */
	unsigned slot_count, slot_free;
	struct timer *tick;
	_Atomic uint64_t reasons[REASON_COUNT]; /* statements by reason; read by the console from any loop */
};

/* The tenant for a login; NULL if the settings have no such database. One more client counted. */
struct tenant *tenant_enter(struct sessions *sessions, struct span database, struct span user, struct user *login);
void tenant_leave(struct tenant *tenant);
/* Where the pool of a node is; the coordinator is node 0. Good until the map changes. */
struct target *tenant_target(struct tenant *tenant, const struct map *map, int node);
/* Frees those that nobody uses and whose settings are not the current ones; or all, databases too. */
void tenants_free(struct sessions *sessions, bool all);

/* What a new session of a tenant is told is learned from one server, by whichever loop is
 * first: a later login needs no server, even if all of them are busy. */
struct welcomes *welcomes_new(void);
void welcomes_free(struct welcomes *welcomes);
/* True if this loop or another has learned it; t->welcome then has it. */
bool tenant_knows_welcome(struct tenant *tenant);
void tenant_learn_welcome(struct tenant *tenant, const struct guc_set *reported);
