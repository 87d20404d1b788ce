/* Prints the shard map that pgshunt would read, for tests and for curiosity.
 *
 *    mapdump 'host=… port=… dbname=… map_user=… map_password=… cluster=auto' [seconds] ['name:port = host=… port=…' ...]
 *
 * The first word is a line of [databases]; further ones are lines of [nodes]. With seconds, it goes on
 * watching for that long and prints each new map. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/cluster.h"

struct dump {
	struct loop *loop;
	struct ledger *ledger;
	struct clusters *clusters;
	struct cluster *cluster;
	const struct settings *settings;
	struct timer *timer;
	uint64_t version;
	int64_t end_us;
	char error[256];
	int status;
};

static void on_wake(struct loop *loop)
{
	(void)loop;
}

static void print_nodes(const struct dump *dump, const struct map *map)
{
	for (size_t i = 0; i < map_node_count(map); i++) {
		const struct map_node *node = map_node(map, i);
		const char *host, *dbname;
		int port;
		cluster_node_address(dump->cluster, dump->settings, map, (int)i, &host, &port, &dbname);
		char *key = mem_printf("%s:%d", host, port);
		struct account *account = ledger_account(dump->ledger, ACCOUNT_NODE, span_text(key));
		printf("node %zu %s:%d group %d at %s:%d/%s connections %d of %d %s\n", i, node->name, node->port,
		       node->group, host, port, dbname, account_count(account), account_limit(account),
		       node->routable ? "routable" : node->why);
		mem_free(key);
	}
}

static void print_relation(const struct map_relation *relation)
{
	static const char *const defaults[] = { "", " default", " sequence", " other-default", " generated" };
	if (strcmp(relation->schema, "pg_catalog") == 0 || strcmp(relation->schema, "information_schema") == 0)
		return;
	printf("relation %s.%s %s same_on %llx", relation->schema, relation->name,
	       map_relation_kind_name(relation->kind), (unsigned long long)relation->same_on);
	if (relation->group)
		printf(" group %d", relation->group->id);
	for (unsigned k = 0; k < relation->key_count; k++)
		printf(" key %s", relation->columns[relation->key_columns[k]].name);
	if (relation->why)
		printf(" why: %s", relation->why);
	for (size_t i = 0; relation->kind != MAP_RELATION_LOCAL && i < relation->column_count; i++)
		printf("%s %s:%u%s", i ? "," : " (", relation->columns[i].name, relation->columns[i].type,
		       defaults[relation->columns[i].has_default]);
	printf("%s\n", relation->kind != MAP_RELATION_LOCAL && relation->column_count ? ")" : "");
}

static void print_map(const struct dump *dump, const struct map *map)
{
	static const char *const kinds[] = { "none", "native", "citus" };
	printf("map %s encoding %s self-test %s%s\n", kinds[map_kind(map)], map_server_encoding(map),
	       map_self_test(map), map_nonstandard_catalog(map) ? " NONSTANDARD CATALOG" : "");
	print_nodes(dump, map);
	for (size_t i = 0; i < map_relation_count(map); i++)
		print_relation(map_relation(map, i));
	for (size_t i = 0; i < map_group_count(map); i++) {
		const struct map_group *group = map_group(map, i);
		printf("group %d modulus %u:", group->id, group->modulus);
		for (size_t j = 0; j < group->shard_count; j++)
			printf(" %lld@%d", (long long)group->shards[j].id, group->shards[j].node);
		printf("\n");
	}
	printf("search_path %s\n", map_session_default(map, span_text("app"), "search_path"));
	fflush(stdout);
}

static void on_view(void *arg, struct cluster *cluster, const struct cluster_view *view)
{
	struct dump *dump = arg;
	(void)cluster;
	if (strcmp(view->error, dump->error) != 0)
		printf("%s %s: %s %s\n", view->source, view->kind, view->state, view->error);
	snprintf(dump->error, sizeof dump->error, "%s", view->error);
	fflush(stdout);
}

static void on_timer(void *arg)
{
	struct dump *dump = arg;
	struct map *map = cluster_map(dump->cluster, dump->loop);
	clusters_each(dump->clusters, on_view, dump);
	if (map && map_version(map) != dump->version) {
		printf("%s--- version %llu at %.3f s\n", dump->version ? "\n" : "",
		       (unsigned long long)map_version(map), (double)(map_loaded_us(map) % 1000000000) / 1e6);
		print_map(dump, map);
		dump->version = map_version(map);
		dump->status = 0;
	}
	if (clock_now_us() < dump->end_us && (dump->version == 0 || dump->end_us != INT64_MAX - 1))
		timer_start(dump->timer, 20 * 1000);
	else
		loop_stop(dump->loop);
}

static const struct settings *make_settings(int argc, char **argv)
{
	struct buf text, errors;
	buf_init(&text, 0);
	buf_init(&errors, 0);
	buf_add_printf(&text, "[databases]\ndump = %s\n[nodes]\n", argv[1]);
	for (int i = 3; i < argc; i++)
		buf_add_printf(&text, "%s\n", argv[i]);
	buf_add_text(&text, "[pgshunt]\nauth_type = any\nlisten_addr = 127.0.0.1\n");
	const struct settings *settings = settings_parse(buf_span(&text), "mapdump", NULL, &errors);
	if (settings == NULL)
		fprintf(stderr, "%.*s\n", (int)buf_held(&errors), buf_head(&errors));
	buf_done(&text);
	buf_done(&errors);
	return settings;
}

int main(int argc, char **argv)
{
	const char *why = NULL;
	const struct settings *settings = argc > 1 ? make_settings(argc, argv) : NULL;
	if (settings == NULL)
		return 2;
	log_set_verbose(getenv("VERBOSE") ? 1 : 0);
	struct loop *loop = loop_new(0);
	struct dns *dns = dns_new(loop, 15000000, 15000000, &why);
	struct ledger *ledger = ledger_new(&loop, 1, on_wake);
	struct dump dump = { .loop = loop, .settings = settings, .ledger = ledger, .status = 1 };
	dump.clusters = clusters_new(ledger, &dns);
	const struct database_settings *database = settings_database(settings, span_text("dump"));
	dump.cluster = clusters_find(dump.clusters, settings, database, span_text(database->dbname));
	dump.timer = timer_new(loop, on_timer, &dump);
	dump.end_us = argc > 2 && atof(argv[2]) > 0 ? clock_now_us() + (int64_t)(atof(argv[2]) * 1e6) : INT64_MAX - 1;
	cluster_enter(dump.cluster);
	timer_start(dump.timer, 0);
	loop_run(loop);
	clusters_free(dump.clusters);
	timer_free(dump.timer);
	ledger_free(ledger);
	dns_free(dns);
	loop_free(loop);
	settings_unref(settings);
	return dump.status;
}
