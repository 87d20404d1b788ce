/* The sessions of a loop: accepting, databases and tenants, time, the end. */
#include "session/sessions.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "session/client.h"

enum { TICK_US = 100 * 1000, SWEEP_TICKS = 100 };

struct arrival {
	struct mail mail;
	struct sessions *sessions;
	int fd;
};

static void on_arrival(struct mail *mail, struct loop *loop);
static void on_tick(void *arg);
static void free_tenants(struct sessions *sessions, bool all);
static void tenant_free(struct tenant *t);
static void database_free(struct database *db);

struct sessions *sessions_new(struct sessions_shared *shared, unsigned index, const struct settings *settings,
			      struct users *users, struct dns *dns, struct pools *pools,
			      const struct console_hooks *console)
{
	struct sessions *s = MEM_NEW(struct sessions);
	s->loop = shared->loops[index];
	s->index = index;
	s->shared = shared;
	s->settings = settings_ref(settings);
	s->users = users ? users_ref(users) : NULL;
	s->dns = dns;
	s->pools = pools;
	s->statements = statement_table_new();
	s->console = console;
	table_init(&s->databases);
	table_init(&s->tenants);
	list_init(&s->clients);
	list_init(&s->superseded);
	s->tick = timer_new(s->loop, on_tick, s);
	timer_start(s->tick, TICK_US);
	return s;
}

void sessions_free(struct sessions *s)
{
	LIST_EACH(it, &s->clients)
		client_close(LIST_ITEM(it, struct client, all), "stopped");
	timer_free(s->tick);
	free_tenants(s, true);
	table_done(&s->tenants);
	table_done(&s->databases);
	mem_free(s->slots);
	settings_unref(s->settings);
	users_unref(s->users);
	mem_free(s);
}

void sessions_accept(struct sessions *sessions, int fd)
{
	struct arrival *arrival = MEM_NEW(struct arrival);
	arrival->sessions = sessions;
	arrival->fd = fd;
	arrival->mail.on_mail = on_arrival;
	/* Counted before it arrives, so that a burst is spread. */
	atomic_fetch_add(&sessions->shared->loop_clients[sessions->index], 1);
	loop_post(sessions->loop, &arrival->mail);
}

static void on_arrival(struct mail *mail, struct loop *loop)
{
	struct arrival *arrival = MEM_CONTAINER(mail, struct arrival, mail);
	(void)loop;
	client_new(arrival->sessions, arrival->fd);
	mem_free(arrival);
}

void sessions_configure(struct sessions *s, const struct settings *settings, struct users *users)
{
	settings_unref(s->settings);
	s->settings = settings_ref(settings);
	users_unref(s->users);
	s->users = users ? users_ref(users) : NULL;
	free_tenants(s, false);
}

/* --- databases and tenants --- */

static void release_tenant(void *arg)
{
	tenant_free(arg);
}

static void release_database(void *arg)
{
	database_free(arg);
}

/* Its tenants make room in the table for those under the new settings. */
static void supersede(struct sessions *s, struct database *db)
{
	TABLE_EACH(it, &s->tenants) {
		struct tenant *t = TABLE_ITEM(it, struct tenant, item);
		if (t->database != db)
			continue;
		table_remove(&s->tenants, it);
		t->superseded = true;
		if (t->client_count == 0)
			loop_defer(s->loop, release_tenant, t);
	}
	table_remove(&s->databases, &db->item);
	list_append(&s->superseded, &db->superseded);
}

/* The counts of superseded databases of this name whose clients are gone. */
static void carry_over(struct sessions *s, struct database *to)
{
	LIST_EACH(it, &s->superseded) {
		struct database *db = LIST_ITEM(it, struct database, superseded);
		if (db->client_count || strcmp(db->name, to->name) != 0)
			continue;
		counters_sum(&to->counters, &db->counters);
		list_remove(it);
		loop_defer(s->loop, release_database, db);
	}
}

static struct database *database_find(struct sessions *s, const struct database_settings *conf, struct span name)
{
	struct table_item *found = table_find(&s->databases, name);
	if (found && TABLE_ITEM(found, struct database, item)->settings == s->settings)
		return TABLE_ITEM(found, struct database, item);
	if (found)
		supersede(s, TABLE_ITEM(found, struct database, item));
	struct database *db = MEM_NEW(struct database);
	list_init(&db->superseded);
	db->sessions = s;
	db->settings = settings_ref(s->settings);
	db->conf = conf;
	db->name = mem_strndup(name.ptr, name.len);
	db->dbname = mem_strdup(conf->dbname[0] ? conf->dbname : db->name);
	struct buf functions;
	buf_init(&functions, 0);
	for (size_t i = 0; i < conf->route_functions.count; i++)
		buf_add_printf(&functions, "%s%s", i ? "," : "", conf->route_functions.words[i]);
	struct route_options options = { .route_functions = buf_span(&functions),
					 .max_text_bytes = (size_t)s->settings->max_statement_size_bytes,
					 .max_depth = (size_t)s->settings->max_statement_depth,
					 .cache_bytes = (size_t)s->settings->template_cache_bytes };
	db->router = router_new(&options);
	buf_done(&functions);
	db->cluster = clusters_find(s->shared->clusters, s->settings, conf, span_text(db->dbname));
	table_add(&s->databases, &db->item, span_text(db->name));
	carry_over(s, db);
	return db;
}

static struct span tenant_key(char *text, size_t size, struct span database, struct span user, uint64_t generation)
{
	int len = snprintf(text, size, "%.*s%c%.*s%c%llx", (int)database.len, database.ptr, 0, (int)user.len, user.ptr, 0,
			   (unsigned long long)generation);
	return span_of(text, (size_t)len < size ? (size_t)len : size);
}

/* Who logs in to the servers: the entry's user, else the client's own. */
static struct user *server_user(struct sessions *s, const struct database_settings *conf, struct span user,
				struct user *login)
{
	const char *why = NULL;
	struct span name = conf->user[0] ? span_text(conf->user) : user;
	if (conf->password[0])
		return user_new(name, span_text(conf->password), (uint32_t)s->settings->scram_iterations, &why);
	struct user *known = conf->user[0] ? users_find(s->users, name) : login;
	if (known)
		return user_ref(known);
	return user_new(name, span_of("", 0), (uint32_t)s->settings->scram_iterations, &why);
}

static struct target *make_target(struct tenant *t, const struct setting_list *hosts, int port, const char *dbname,
				  bool coordinator)
{
	const struct database_settings *conf = t->database->conf;
	struct target_setup setup = {
		.database = span_text(t->database->name),
		.dbname = span_text(dbname),
		.user = t->server_user,
		.hosts = hosts,
		.port = port,
		.coordinator = coordinator,
		.pool_mode = t->limits.pool_mode,
		.pool_size = t->limits.pool_size,
		.max_db_connections = conf->max_db_connections,
		.max_user_connections = t->limits.max_user_connections,
		.max_node_connections = conf->max_node_connections,
	};
	return target_new(t->database->sessions->shared->ledger, &setup);
}

struct tenant *tenant_enter(struct sessions *s, struct span database, struct span user, struct user *login)
{
	const struct database_settings *conf = settings_database(s->settings, database);
	if (conf == NULL)
		return NULL;
	struct database *db = database_find(s, conf, database);
	char text[1024];
	struct user *as = server_user(s, conf, user, login);
	if (as == NULL)
		return NULL;
	struct span key = tenant_key(text, sizeof text, database, user, user_generation(as));
	struct table_item *found = table_find(&s->tenants, key);
	struct tenant *t = found ? TABLE_ITEM(found, struct tenant, item) : NULL;
	if (t == NULL) {
		t = MEM_NEW(struct tenant);
		t->database = db;
		t->limits = settings_user(s->settings, conf, user);
		t->user_name = mem_strndup(user.ptr, user.len);
		t->server_user = user_ref(as);
		guc_init(&t->welcome);
		t->coordinator = make_target(t, &conf->hosts, conf->port, db->dbname, true);
		char *copy = mem_alloc(key.len);
		memcpy(copy, key.ptr, key.len);
		table_add(&s->tenants, &t->item, span_of(copy, key.len));
	}
	user_unref(as);
	t->client_count++;
	db->client_count++;
	cluster_enter(db->cluster);
	return t;
}

void tenant_leave(struct tenant *t)
{
	struct database *db = t->database;
	struct sessions *s = db->sessions;
	cluster_leave(db->cluster);
	db->client_count--;
	if (--t->client_count == 0 && t->superseded)
		loop_defer(s->loop, release_tenant, t);
	struct table_item *current = table_find(&s->databases, span_text(db->name));
	if (db->client_count == 0 && list_linked(&db->superseded) && current)
		carry_over(s, TABLE_ITEM(current, struct database, item));
}

void tenant_renew(struct client *c)
{
	struct sessions *s = c->sessions;
	struct user *login = users_find(s->users, span_text(c->user_name));
	struct tenant *old = c->tenant;
	struct tenant *tenant = tenant_enter(s, span_text(c->database_name), span_text(c->user_name), login ? login : c->login);
	if (tenant == NULL)
		return;
	if (!tenant->welcome_known && old->welcome_known) {
		guc_copy(&tenant->welcome, &old->welcome);
		tenant->welcome_known = true;
	}
	c->tenant = tenant;
	effects_environment(c);
	tenant_leave(old);
}

static void forget_targets(struct tenant *t)
{
	for (int i = 0; i < MAP_MAX_NODES; i++) {
		target_unref(t->targets[i]);
		t->targets[i] = NULL;
	}
}

static void tenant_free(struct tenant *t)
{
	forget_targets(t);
	target_unref(t->coordinator);
	user_unref(t->server_user);
	guc_done(&t->welcome);
	mem_free(t->user_name);
	mem_free((void *)(uintptr_t)t->item.key.ptr);
	mem_free(t);
}

static void database_free(struct database *db)
{
	router_free(db->router);
	settings_unref(db->settings);
	mem_free(db->name);
	mem_free(db->dbname);
	mem_free(db);
}

/* Those that nobody uses and whose settings are not the current ones. */
static void free_tenants(struct sessions *s, bool all)
{
	TABLE_EACH(it, &s->tenants) {
		struct tenant *t = TABLE_ITEM(it, struct tenant, item);
		if (all || (t->client_count == 0 && t->database->settings != s->settings)) {
			table_remove(&s->tenants, it);
			tenant_free(t);
		}
	}
	if (!all)
		return;
	LIST_EACH(it, &s->superseded)
		database_free(LIST_ITEM(it, struct database, superseded));
	TABLE_EACH(it, &s->databases) {
		table_remove(&s->databases, it);
		database_free(TABLE_ITEM(it, struct database, item));
	}
}

struct target *tenant_target(struct tenant *t, const struct map *map, int node)
{
	if (node <= MAP_NODE_COORDINATOR || map == NULL)
		return t->coordinator;
	if (t->targets_version != map_version(map)) {
		forget_targets(t);
		t->targets_version = map_version(map);
	}
	if (t->targets[node] == NULL) {
		const char *host, *dbname;
		int port;
		cluster_node_address(t->database->cluster, t->database->settings, map, node, &host, &port, &dbname);
		struct setting_list hosts = { &host, 1 };
		t->targets[node] = make_target(t, &hosts, port, dbname, false);
	}
	return t->targets[node];
}

/* --- time --- */

static void check_client(struct client *c, int64_t now_us)
{
	const struct settings *settings = c->sessions->settings;
	if (c->state <= CLIENT_WELCOME && settings->client_login_timeout_us &&
	    now_us - c->connected_us > settings->client_login_timeout_us)
		client_fatal(c, "08P01", "client_login_timeout", NULL);
}

static void on_tick(void *arg)
{
	struct sessions *s = arg;
	static const unsigned sweep = SWEEP_TICKS;
	int64_t now_us = loop_now_us(s->loop);
	timer_start(s->tick, TICK_US);
	/* New clients are appended: those who are logging in are at the end. */
	for (struct list *it = s->clients.prev, *prev = it->prev; it != &s->clients; it = prev, prev = it->prev) {
		struct client *c = LIST_ITEM(it, struct client, all);
		if (c->state > CLIENT_WELCOME && now_us - c->connected_us > s->settings->client_login_timeout_us + TICK_US)
			break;
		check_client(c, now_us);
	}
	pools_tick(s->pools);
	if ((now_us / TICK_US) % sweep == 0)
		statement_table_sweep(s->statements);
}

void sessions_stop(struct sessions *s, bool idle_too)
{
	LIST_EACH(it, &s->clients) {
		struct client *c = LIST_ITEM(it, struct client, all);
		bool resting = c->state < CLIENT_WAITING && !c->held;
		if (c->state <= CLIENT_WELCOME || (idle_too && resting))
			client_fatal(c, "57P01", "server shutting down", NULL);
	}
}

unsigned sessions_client_count(const struct sessions *s)
{
	unsigned count = 0;
	for (const struct list *it = s->clients.next; it != &s->clients; it = it->next)
		count++;
	return count;
}

/* --- console --- */

void sessions_each_client(struct sessions *s, void (*on_client)(void *arg, const struct client *client), void *arg)
{
	LIST_EACH(it, &s->clients)
		on_client(arg, LIST_ITEM(it, struct client, all));
}

void sessions_each_database(struct sessions *s, void (*on_database)(void *arg, const struct database *database), void *arg)
{
	TABLE_EACH(it, &s->databases)
		on_database(arg, TABLE_ITEM(it, struct database, item));
	LIST_EACH(it, &s->superseded)
		on_database(arg, LIST_ITEM(it, struct database, superseded));
}

struct client *sessions_client(struct sessions *s, uint32_t id)
{
	unsigned slot = id & 0xffffff;
	return id >> 24 == s->index && slot < s->slot_count ? s->slots[slot] : NULL;
}
