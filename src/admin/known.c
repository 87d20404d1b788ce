/* Entries joined with the registry of clusters. */
#include "admin/known.h"

#include "base/mem.h"

struct view {
	struct cluster *cluster;
	char *dbname;
	const char *kind, *state;
	char *source, *error;
	bool used;
};

struct views {
	struct view *items;
	size_t count, size;
};

/* Under the registry's lock: only copies. */
static void on_cluster(void *arg, struct cluster *cluster, const struct cluster_view *view)
{
	struct views *views = arg;
	if (views->count == views->size) {
		views->size = views->size ? views->size * 2 : 8;
		views->items = mem_realloc(views->items, views->size * sizeof *views->items);
	}
	views->items[views->count++] = (struct view){ .cluster = cluster,
						      .dbname = mem_strndup(view->database.ptr, view->database.len),
						      .kind = view->kind,
						      .state = view->state,
						      .source = mem_strdup(view->source ? view->source : ""),
						      .error = mem_strdup(view->error) };
}

static void add(struct ask *ask, struct known_list *list, const char *name, const struct database_settings *conf,
		const struct view *view)
{
	struct known *known = &list->items[list->count++];
	*known = (struct known){ .name = mem_strdup(name),
				 .conf = conf,
				 .cluster = view->cluster,
				 .map = cluster_map(view->cluster, ask->sessions->loop),
				 .kind = view->kind,
				 .state = view->state,
				 .source = mem_strdup(view->source),
				 .error = mem_strdup(view->error) };
}

static struct cluster *cluster_of(struct ask *ask, const struct database_settings *conf)
{
	const char *dbname = conf->dbname[0] ? conf->dbname : conf->name;
	return clusters_find(ask->console->setup.shared->clusters, ask->sessions->settings, conf, span_text(dbname));
}

struct known_list known_list(struct ask *ask)
{
	const struct settings *settings = ask->sessions->settings;
	struct clusters *clusters = ask->console->setup.shared->clusters;
	struct views views = { 0 };
	for (size_t i = 0; i < settings->database_count; i++)
		if (!settings->databases[i].fallback)
			cluster_of(ask, &settings->databases[i]); /* so that each of them is there */
	clusters_each(clusters, on_cluster, &views);
	struct known_list list = { mem_array(settings->database_count + views.count + 1, sizeof(struct known)), 0 };
	for (size_t i = 0; i < settings->database_count; i++) {
		const struct database_settings *conf = &settings->databases[i];
		struct cluster *cluster = conf->fallback ? NULL : cluster_of(ask, conf);
		for (size_t v = 0; v < views.count; v++)
			if (views.items[v].cluster == cluster) {
				views.items[v].used = true;
				add(ask, &list, conf->name, conf, &views.items[v]);
			}
	}
	for (size_t v = 0; v < views.count; v++) {
		struct view *view = &views.items[v];
		const struct database_settings *conf = settings_database(settings, span_text(view->dbname));
		if (!view->used && strcmp(view->state, "off") != 0)
			add(ask, &list, view->dbname, conf && conf->fallback ? conf : NULL, view);
		mem_free(view->dbname);
		mem_free(view->source);
		mem_free(view->error);
	}
	mem_free(views.items);
	return list;
}

void known_list_done(struct known_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		mem_free(list->items[i].name);
		mem_free(list->items[i].source);
		mem_free(list->items[i].error);
	}
	mem_free(list->items);
}

const struct known *known_find(const struct known_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i].name, name) == 0)
			return &list->items[i];
	return NULL;
}

const char *known_address(struct ask *ask, const struct known *known, int node, char *text)
{
	const char *host, *dbname;
	int port;
	cluster_node_address(known->cluster, ask->sessions->settings, known->map, node, &host, &port, &dbname);
	return target_node_key(host, port, text);
}

struct account *known_account(struct ask *ask, const struct known *known, int node)
{
	char text[TARGET_NODE_BYTES];
	return ledger_account(ask->console->setup.shared->ledger, ACCOUNT_NODE,
			      span_text(known_address(ask, known, node, text)));
}
