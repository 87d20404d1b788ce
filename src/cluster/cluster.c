/* The registry of clusters, and what loops share of each: the epoch, and a slot for the
 * map in each loop.
 *
 *    loop A: enter, settle ──(flags, one mail)──► the watcher's loop ─► watcher
 *    loop A: slot ◄──(next map, one mail)──────── publish ◄──────────────┘
 *
 * A mail in either direction is part of its sender's struct and is posted only if it is not
 * under way already; what it announces is in atomics beside it, and taken when it arrives. */
#include "cluster/cluster.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/table.h"
#include "cluster/watcher.h"

/* A loop's place for the map. `next` is the slot itself while nothing new is there. */
struct slot {
	struct mail mail;
	_Atomic bool posted;
	_Atomic(void *) next;
	struct map *map; /* the loop's own */
};

struct cluster {
	struct table_item item;
	struct clusters *all;
	char *key, *host, *dbname, *entry; /* entry: its name in [databases] */
	int port;
	struct loop *loop; /* the watcher's */

	_Atomic uint64_t epoch;
	_Atomic int disturbers, clients;
	struct slot slots[MAX_LOOPS];

	/* to the watcher */
	struct mail call;
	_Atomic bool called, reload, configure;
	struct watcher *watcher; /* its loop's own; NULL until it is first called */

	pthread_mutex_t lock; /* of what follows */
	const struct settings *settings;
	const struct database_settings *database;
	struct watcher_view view;
};

struct clusters {
	pthread_mutex_t lock;
	struct table table;
	struct ledger *ledger;
	struct dns *const *dns;
	char *(*password_of)(void *arg, struct span user);
	void *password_arg;
};

static struct cluster *cluster_new(struct clusters *clusters, const struct settings *settings,
				   const struct database_settings *database, struct span dbname, const char *key);
static void cluster_free(struct cluster *cluster);
static void call_watcher(struct cluster *cluster);
static void on_call(struct mail *mail, struct loop *loop);
static void on_slot_mail(struct mail *mail, struct loop *loop);
static uint64_t epoch_now(void *owner);
static void publish(void *owner, struct map *map);
static void show(void *owner, const struct watcher_view *view);
static char *password_of(void *owner, struct span user);

static const struct watcher_calls watcher_calls = {
	.epoch = epoch_now,
	.on_map = publish,
	.on_view = show,
	.password = password_of,
};

struct clusters *clusters_new(struct ledger *ledger, struct dns *const *dns)
{
	struct clusters *clusters = MEM_NEW(struct clusters);
	clusters->ledger = ledger;
	clusters->dns = dns;
	table_init(&clusters->table);
	pthread_mutex_init(&clusters->lock, NULL);
	return clusters;
}

void clusters_free(struct clusters *clusters)
{
	TABLE_EACH (it, &clusters->table)
		cluster_free(TABLE_ITEM(it, struct cluster, item));
	table_done(&clusters->table);
	pthread_mutex_destroy(&clusters->lock);
	mem_free(clusters);
}

void clusters_set_passwords(struct clusters *clusters, char *(*find)(void *arg, struct span user), void *arg)
{
	clusters->password_of = find;
	clusters->password_arg = arg;
}

struct cluster *clusters_find(struct clusters *clusters, const struct settings *settings,
			      const struct database_settings *database, struct span dbname)
{
	char *key = mem_printf("%s:%d/%.*s %s", database->hosts.words[0], database->port, (int)dbname.len, dbname.ptr,
			       cluster_kind_text(database->cluster));
	pthread_mutex_lock(&clusters->lock);
	struct table_item *found = table_find(&clusters->table, span_text(key));
	struct cluster *cluster = found ? TABLE_ITEM(found, struct cluster, item) : NULL;
	if (cluster == NULL) {
		cluster = cluster_new(clusters, settings, database, dbname, key);
		table_add(&clusters->table, &cluster->item, span_text(cluster->key));
	}
	pthread_mutex_unlock(&clusters->lock);
	mem_free(key);
	return cluster;
}

void clusters_configure(struct clusters *clusters, const struct settings *settings)
{
	pthread_mutex_lock(&clusters->lock);
	TABLE_EACH (it, &clusters->table) {
		struct cluster *cluster = TABLE_ITEM(it, struct cluster, item);
		const struct database_settings *database = settings_database(settings, span_text(cluster->entry));
		if (database == NULL)
			continue; /* its last clients are still there: as before, until they are gone */
		pthread_mutex_lock(&cluster->lock);
		const struct settings *old = cluster->settings;
		cluster->settings = settings_ref(settings);
		cluster->database = database;
		pthread_mutex_unlock(&cluster->lock);
		settings_unref(old);
		atomic_store(&cluster->configure, true);
		call_watcher(cluster);
	}
	pthread_mutex_unlock(&clusters->lock);
}

void clusters_each(struct clusters *clusters,
		   void (*on_cluster)(void *arg, struct cluster *cluster, const struct cluster_view *view), void *arg)
{
	pthread_mutex_lock(&clusters->lock);
	TABLE_EACH (it, &clusters->table) {
		struct cluster *cluster = TABLE_ITEM(it, struct cluster, item);
		pthread_mutex_lock(&cluster->lock);
		struct watcher_view now = cluster->view;
		pthread_mutex_unlock(&cluster->lock);
		struct cluster_view view = { .database = span_text(cluster->dbname),
					     .kind = now.kind,
					     .source = now.source,
					     .state = now.state,
					     .last_read_us = now.last_read_us,
					     .read_count = now.read_count };
		snprintf(view.error, sizeof view.error, "%s", now.error);
		on_cluster(arg, cluster, &view);
	}
	pthread_mutex_unlock(&clusters->lock);
}

/* --- from any loop --- */

void cluster_enter(struct cluster *cluster)
{
	if (atomic_fetch_add(&cluster->clients, 1) == 0)
		call_watcher(cluster);
}

void cluster_leave(struct cluster *cluster)
{
	if (atomic_fetch_sub(&cluster->clients, 1) == 1)
		call_watcher(cluster);
}

struct map *cluster_map(struct cluster *cluster, struct loop *loop)
{
	return cluster->slots[loop_index(loop)].map;
}

/* A disturbance moves the epoch at both ends. A map that was read while it lasted has the
 * epoch of its beginning, and so is never current. */
bool cluster_map_is_current(struct cluster *cluster, const struct map *map)
{
	return atomic_load(&cluster->disturbers) == 0 && map_epoch(map) == atomic_load(&cluster->epoch);
}

void cluster_disturb(struct cluster *cluster)
{
	atomic_fetch_add(&cluster->disturbers, 1);
	atomic_fetch_add(&cluster->epoch, 1);
}

void cluster_settle(struct cluster *cluster)
{
	atomic_fetch_add(&cluster->epoch, 1);
	atomic_fetch_sub(&cluster->disturbers, 1);
	cluster_refresh(cluster);
}

void cluster_refresh(struct cluster *cluster)
{
	atomic_store(&cluster->reload, true);
	call_watcher(cluster);
}

void cluster_node_address(struct cluster *cluster, const struct settings *settings, const struct map *map, int node,
			  const char **host, int *port, const char **dbname)
{
	*host = cluster->host;
	*port = cluster->port;
	*dbname = cluster->dbname;
	if (node == MAP_NODE_COORDINATOR)
		return;
	const struct map_node *known = map_node(map, (size_t)node);
	*host = known->name;
	*port = known->port;
	settings_node(settings, span_text(known->name), known->port, host, port);
	if (known->dbname)
		*dbname = known->dbname;
}

/* --- one cluster --- */

static struct cluster *cluster_new(struct clusters *clusters, const struct settings *settings,
				   const struct database_settings *database, struct span dbname, const char *key)
{
	struct cluster *cluster = MEM_NEW(struct cluster);
	unsigned loop = (unsigned)(table_hash(span_text(key)) % ledger_loop_count(clusters->ledger));
	*cluster = (struct cluster){
		.all = clusters,
		.key = mem_strdup(key),
		.host = mem_strdup(database->hosts.words[0]),
		.port = database->port,
		.dbname = mem_strndup(dbname.ptr, dbname.len),
		.entry = mem_strdup(database->name),
		.loop = ledger_loop(clusters->ledger, loop),
		.call.on_mail = on_call,
		.settings = settings_ref(settings),
		.database = database,
		.view = { .kind = database->cluster == CLUSTER_AUTO ? "none" : cluster_kind_text(database->cluster),
			  .state = "off" }
	};
	atomic_init(&cluster->epoch, 1);
	for (unsigned i = 0; i < MAX_LOOPS; i++) {
		cluster->slots[i].mail.on_mail = on_slot_mail;
		atomic_init(&cluster->slots[i].next, &cluster->slots[i]);
	}
	pthread_mutex_init(&cluster->lock, NULL);
	return cluster;
}

static void cluster_free(struct cluster *cluster)
{
	watcher_free(cluster->watcher);
	for (unsigned i = 0; i < MAX_LOOPS; i++) {
		struct slot *slot = &cluster->slots[i];
		void *next = atomic_load(&slot->next);
		map_unref(slot->map);
		map_unref(next == slot ? NULL : next);
	}
	settings_unref(cluster->settings);
	pthread_mutex_destroy(&cluster->lock);
	mem_free(cluster->key);
	mem_free(cluster->host);
	mem_free(cluster->dbname);
	mem_free(cluster->entry);
	mem_free(cluster);
}

static void call_watcher(struct cluster *cluster)
{
	if (!atomic_exchange(&cluster->called, true))
		loop_post(cluster->loop, &cluster->call);
}

static void on_call(struct mail *mail, struct loop *loop)
{
	struct cluster *cluster = MEM_CONTAINER(mail, struct cluster, call);
	atomic_store(&cluster->called, false);
	bool configure = atomic_exchange(&cluster->configure, false);
	if (cluster->watcher == NULL) {
		cluster->watcher = watcher_new(loop, cluster->all->dns[loop_index(loop)], cluster->all->ledger,
					       &watcher_calls, cluster);
		configure = true;
	}
	if (configure) {
		pthread_mutex_lock(&cluster->lock);
		const struct settings *settings = settings_ref(cluster->settings);
		const struct database_settings *database = cluster->database;
		pthread_mutex_unlock(&cluster->lock);
		watcher_configure(cluster->watcher, settings, database, cluster->host, cluster->port, cluster->dbname);
		settings_unref(settings);
	}
	watcher_need(cluster->watcher, atomic_load(&cluster->clients) > 0);
	if (atomic_exchange(&cluster->reload, false))
		watcher_reload(cluster->watcher);
}

/* --- what the watcher asks and tells, on its loop --- */

static uint64_t epoch_now(void *owner)
{
	struct cluster *cluster = owner;
	return atomic_load(&cluster->epoch);
}

static void publish(void *owner, struct map *map)
{
	struct cluster *cluster = owner;
	if (map == NULL)
		atomic_fetch_add(&cluster->epoch, 1);
	for (unsigned i = 0; i < ledger_loop_count(cluster->all->ledger); i++) {
		struct loop *loop = ledger_loop(cluster->all->ledger, i);
		struct slot *slot = &cluster->slots[loop_index(loop)];
		void *unseen = atomic_exchange(&slot->next, map ? map_ref(map) : NULL);
		map_unref(unseen == slot ? NULL : unseen);
		if (!atomic_exchange(&slot->posted, true))
			loop_post(loop, &slot->mail);
	}
	map_unref(map);
}

static void unref_later(void *map)
{
	map_unref(map);
}

static void on_slot_mail(struct mail *mail, struct loop *loop)
{
	struct slot *slot = MEM_CONTAINER(mail, struct slot, mail);
	atomic_store(&slot->posted, false);
	void *next = atomic_exchange(&slot->next, slot);
	if (next == slot)
		return;
	loop_defer(loop, unref_later, slot->map);
	slot->map = next;
}

static void show(void *owner, const struct watcher_view *view)
{
	struct cluster *cluster = owner;
	pthread_mutex_lock(&cluster->lock);
	cluster->view = *view;
	pthread_mutex_unlock(&cluster->lock);
}

static char *password_of(void *owner, struct span user)
{
	struct clusters *clusters = ((struct cluster *)owner)->all;
	return clusters->password_of ? clusters->password_of(clusters->password_arg, user) : NULL;
}
