/* A target: where the servers of a pool connect, as whom, and within which bounds.
 * Immutable, counted, shared by loops: equal targets are one pool. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "auth/user.h"
#include "base/span.h"
#include "conf/settings.h"
#include "pool/ledger.h"

struct target {
	_Atomic unsigned ref_count;
	struct span key; /* of all that follows; equal keys are equal targets */
	char *database; /* entry of [databases] as clients say it */
	char *dbname; /* on the server */
	struct user *user; /* to log in as, with its secret */
	struct setting_list hosts; /* one or several; words owned by the target */
	int port;
	bool coordinator;
	enum pool_mode pool_mode;
	int pool_size; /* 0 = no limit */
	struct account *accounts[ACCOUNT_KIND_COUNT]; /* the node's is that of the first host */
};

struct target_setup {
	struct span database, dbname;
	struct user *user;
	const struct setting_list *hosts;
	int port;
	bool coordinator;
	enum pool_mode pool_mode;
	int pool_size, max_db_connections, max_user_connections,
		max_node_connections; /* 0 = no limit (node: left as it is) */
};

/* Sets the limits of the accounts as well. Everything is copied. */
struct target *target_new(struct ledger *ledger, const struct target_setup *setup);
struct target *target_ref(struct target *target);
void target_unref(struct target *target); /* NULL is fine */

/* "host:port", as accounts of nodes are keyed, into `text`. */
enum { TARGET_NODE_BYTES = 320 };
const char *target_node_key(const char *host, int port, char *text);
