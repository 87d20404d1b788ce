/* A cluster as this process sees it: one object for each (coordinator address,
 * database), shared by all loops; its watcher lives on one of them and hands every
 * new shard map to each loop by mail.
 *
 *    clients of a loop ─ cluster_enter/leave ─► watcher (libpq, one loop) ─ map ─► slot of each loop
 *    a command that may change names ─ cluster_disturb ─► epoch ─► maps read before it are stale
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

struct clusters; /* all of them; one a process */
struct cluster;

/* `dns`: of each loop. The loops must be stopped before clusters_free. */
struct clusters *clusters_new(struct ledger *ledger, struct dns *const *dns);
void clusters_free(struct clusters *clusters);

/* The cluster behind a database entry (thread-safe; made on first use, never freed
 * before clusters_free). `dbname` is the name on the server. `settings` is held. */
struct cluster *clusters_find(struct clusters *clusters, const struct settings *settings,
			      const struct database_settings *database, struct span dbname);
/* After a reload: watchers go on under the new settings, in which `database` is looked up again by its name. */
void clusters_configure(struct clusters *clusters, const struct settings *settings);
/* Whom to ask for the password of a login that has none in the ini (auth_file). Called on
 * any loop; returns memory that the cluster wipes and frees, NULL if it has none. To be set
 * before the first clusters_find; without it such logins try without a password. */
void clusters_set_passwords(struct clusters *clusters, char *(*password_of)(void *arg, struct span user), void *arg);

/* --- from any loop --- */
/* A client of this database came or went: the watcher runs while there are any (and
 * a few seconds more). With cluster = none, or no login to read with, it never runs. */
void cluster_enter(struct cluster *cluster);
void cluster_leave(struct cluster *cluster);

/* This loop's latest map, NULL if none; good until the current callback ends (map_ref to keep it). */
struct map *cluster_map(struct cluster *cluster, struct loop *loop);
/* False while a command that may change names or placements is under way, and until a
 * map read after its end has arrived at this loop. */
bool cluster_map_is_current(struct cluster *cluster, const struct map *map);
/* Such a command is about to be sent; its transaction has ended (either way). Calls pair
 * up; the end asks the watcher for a new map at once. */
void cluster_disturb(struct cluster *cluster);
void cluster_settle(struct cluster *cluster);
/* Something looked stale: read the map again soon (at most every few ms). */
void cluster_refresh(struct cluster *cluster);

/* The node's address for pools: `[nodes]` of these settings applied; *dbname is the database's
 * name there. Node 0 is the address of the database's entry; for it `map` may be NULL.
 * Strings live as long as the cluster, the map and the settings. */
void cluster_node_address(struct cluster *cluster, const struct settings *settings, const struct map *map, int node,
			  const char **host, int *port, const char **dbname);

/* --- for the console --- */
struct cluster_view {
	struct span database; /* name on the server */
	const char *kind; /* "citus", "native", "none" */
	const char *source; /* "host:port/dbname as user" */
	const char *state; /* "off", "waiting", "reading", "watching", "failed" */
	char error[256]; /* why there is no (new) map; "" if fine */
	int64_t last_read_us; /* clock_now_us() of the last complete read, 0 = never */
	uint64_t read_count; /* maps read */
};
/* Calls back for each, from any thread, under the registry's lock: no clusters_find from there.
 * The view lives for the call. */
void clusters_each(struct clusters *clusters,
		   void (*on_cluster)(void *arg, struct cluster *cluster, const struct cluster_view *view), void *arg);
