/* The watcher of one cluster: keeps a connection to the coordinator, notices changes and
 * reads maps. It lives on one loop, and every call here is made there.
 *
 *                  ┌────────────────────── watching ◄─────────────┐
 *                  ▼  a change, a wish, or 30 s                   │ map
 *    off ─► connecting ─► looking ─► reading ─► checking nodes ─► testing
 *              ▲                        │ anything fails
 *              └──────── waiting ◄──────┘
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "conf/settings.h"
#include "net/dns.h"
#include "net/loop.h"
#include "pool/ledger.h"
#include "route/map.h"

struct watcher;

struct watcher_view {
	const char *kind, *state; /* words of struct cluster_view */
	char source[256];
	char error[256];
	int64_t last_read_us;
	uint64_t read_count;
};

/* What a watcher asks its owner, and tells it. */
struct watcher_calls {
	/* The epoch now; it is asked before a snapshot is taken, and the map of that snapshot has it. */
	uint64_t (*epoch)(void *owner);
	/* A new map, with its reference; NULL: what was known is not known any more. */
	void (*on_map)(void *owner, struct map *map);
	void (*on_view)(void *owner, const struct watcher_view *view);
	/* See clusters_set_passwords. */
	char *(*password)(void *owner, struct span user);
};

struct watcher *watcher_new(struct loop *loop, struct dns *dns, struct ledger *ledger,
			    const struct watcher_calls *calls, void *owner);
void watcher_free(struct watcher *watcher); /* NULL is fine */

/* What to watch. The watcher holds the settings; the strings must outlive it. A change of
 * the login or the kind starts anew. */
void watcher_configure(struct watcher *watcher, const struct settings *settings,
		       const struct database_settings *database, const char *host, int port, const char *dbname);
/* Whether anybody needs maps. It stops a few seconds after the last one went. */
void watcher_need(struct watcher *watcher, bool needed);
/* Reads a new map as soon as may be: one whose snapshot is taken after this call. */
void watcher_reload(struct watcher *watcher);
