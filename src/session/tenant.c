/* Databases and tenants of a loop, and what becomes of them on a reload. */
#include "session/tenant.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static void tenant_free(struct tenant *t);
static void database_free(struct database *db);

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
	TABLE_EACH (it, &s->tenants) {
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
	LIST_EACH (it, &s->superseded) {
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
	int len = snprintf(text, size, "%.*s%c%.*s%c%llx", (int)database.len, database.ptr, 0, (int)user.len, user.ptr,
			   0, (unsigned long long)generation);
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

void tenants_free(struct sessions *s, bool all)
{
	TABLE_EACH (it, &s->tenants) {
		struct tenant *t = TABLE_ITEM(it, struct tenant, item);
		if (all || (t->client_count == 0 && t->database->settings != s->settings)) {
			table_remove(&s->tenants, it);
			tenant_free(t);
		}
	}
	if (!all)
		return;
	LIST_EACH (it, &s->superseded)
		database_free(LIST_ITEM(it, struct database, superseded));
	TABLE_EACH (it, &s->databases) {
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

/* --- welcomes: the one thing that loops tell one another about tenants --- */

struct welcome {
	struct table_item item;
	struct guc_set parameters;
};

struct welcomes {
	pthread_mutex_t lock; /* for a look-up or a copy; taken at logins only */
	struct table by_target; /* key of the coordinator's target */
};

struct welcomes *welcomes_new(void)
{
	struct welcomes *w = MEM_NEW(struct welcomes);
	pthread_mutex_init(&w->lock, NULL);
	table_init(&w->by_target);
	return w;
}

void welcomes_free(struct welcomes *w)
{
	TABLE_EACH (it, &w->by_target) {
		struct welcome *welcome = TABLE_ITEM(it, struct welcome, item);
		guc_done(&welcome->parameters);
		mem_free((void *)(uintptr_t)it->key.ptr);
		mem_free(welcome);
	}
	table_done(&w->by_target);
	pthread_mutex_destroy(&w->lock);
	mem_free(w);
}

bool tenant_knows_welcome(struct tenant *t)
{
	struct welcomes *w = t->database->sessions->shared->welcomes;
	if (t->welcome_known)
		return true;
	pthread_mutex_lock(&w->lock);
	struct table_item *found = table_find(&w->by_target, t->coordinator->key);
	if (found)
		guc_copy(&t->welcome, &TABLE_ITEM(found, struct welcome, item)->parameters);
	pthread_mutex_unlock(&w->lock);
	t->welcome_known = found != NULL;
	return t->welcome_known;
}

void tenant_learn_welcome(struct tenant *t, const struct guc_set *reported)
{
	struct welcomes *w = t->database->sessions->shared->welcomes;
	guc_copy(&t->welcome, reported);
	t->welcome_known = true;
	pthread_mutex_lock(&w->lock);
	struct table_item *found = table_find(&w->by_target, t->coordinator->key);
	struct welcome *welcome = found ? TABLE_ITEM(found, struct welcome, item) : MEM_NEW(struct welcome);
	if (found == NULL) {
		char *key = mem_strndup(t->coordinator->key.ptr, t->coordinator->key.len);
		table_add(&w->by_target, &welcome->item, span_of(key, t->coordinator->key.len));
	}
	guc_copy(&welcome->parameters, reported);
	pthread_mutex_unlock(&w->lock);
}
