/* The watcher (first stone: it is always off). */
#include "cluster/watcher.h"

#include "base/mem.h"

struct watcher {
	struct loop *loop;
};

struct watcher *watcher_new(struct loop *loop, struct dns *dns, struct ledger *ledger,
			    const struct watcher_calls *calls, void *owner)
{
	struct watcher *watcher = MEM_NEW(struct watcher);
	(void)dns;
	(void)ledger;
	(void)calls;
	(void)owner;
	watcher->loop = loop;
	return watcher;
}

void watcher_free(struct watcher *watcher)
{
	mem_free(watcher);
}

void watcher_configure(struct watcher *watcher, const struct settings *settings,
		       const struct database_settings *database, const char *host, int port, const char *dbname)
{
	(void)watcher;
	(void)settings;
	(void)database;
	(void)host;
	(void)port;
	(void)dbname;
}

void watcher_need(struct watcher *watcher, bool needed)
{
	(void)watcher;
	(void)needed;
}

void watcher_reload(struct watcher *watcher)
{
	(void)watcher;
}
