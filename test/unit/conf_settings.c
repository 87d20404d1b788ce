/* Settings: what a file means, what it is refused for, and the files printed from the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "conf/schema.h"
#include "conf/settings.h"

static struct settings *loads(const char *text)
{
	struct buf errors;
	buf_init(&errors, 0);
	struct settings *settings = settings_parse(span_text(text), "a.ini", NULL, &errors);
	buf_add_u8(&errors, 0);
	if (settings == NULL)
		fail_msg("refused: %s", buf_head(&errors));
	buf_done(&errors);
	return settings;
}

static void refuses(const char *text, const char *mistakes)
{
	struct buf errors;
	buf_init(&errors, 0);
	assert_null(settings_parse(span_text(text), "a.ini", NULL, &errors));
	buf_add_u8(&errors, 0);
	assert_string_equal(buf_head(&errors), mistakes);
	buf_done(&errors);
}

static bool warns(const struct settings *settings, const char *text)
{
	for (size_t i = 0; i < settings->warning_count; i++)
		if (strstr(settings->warnings[i], text))
			return true;
	return false;
}

static const struct database_settings *database(const struct settings *settings, const char *name)
{
	return settings_database(settings, span_text(name));
}

#define SECOND INT64_C(1000000)
#define DB "[databases]\nd = host=h\n"

static void test_defaults(void **state)
{
	(void)state;
	struct settings *s = loads(DB "[pgshunt]\n");
	assert_int_equal(s->listen_port, 6432);
	assert_int_equal(s->listen_addr.count, 0);
	assert_string_equal(s->unix_socket_dir, "/tmp");
	assert_int_equal(s->unix_socket_mode, 0777);
	assert_int_equal(s->pool_mode, POOL_MODE_SESSION);
	assert_int_equal(s->max_client_conn, 100);
	assert_int_equal(s->default_pool_size, 20);
	assert_int_equal(s->auth_type, AUTH_TYPE_MD5);
	assert_int_equal(s->query_wait_timeout_us, 120 * SECOND);
	assert_int_equal(s->max_packet_size_bytes, 2147483647);
	assert_string_equal(s->server_reset_query, "DISCARD ALL");
	assert_string_equal(s->auth_file, "");
	assert_true(s->log_connections);
	assert_int_equal(s->threads, 0);
	assert_int_equal(s->cluster, CLUSTER_AUTO);
	assert_true(s->route);
	assert_int_equal(s->route_transactions, ROUTE_TRANSACTIONS_OFF);
	assert_int_equal(s->map_refresh_us, SECOND);
	assert_int_equal(s->retry_buffer_bytes, 256 * 1024);
	assert_int_equal(s->template_cache_bytes, 16 << 20);
	assert_string_equal(s->conffile, "a.ini");
	assert_int_equal(s->warning_count, 0);
	settings_unref(s);
}

static void test_pgbouncer_section_is_an_alias(void **state)
{
	(void)state;
	struct settings *s =
		loads("[pgbouncer]\nlisten_port = 1\n[pgshunt]\nlisten_port = 2\n" DB "[PgBouncer]\nlisten_port = 3\n");
	assert_int_equal(s->listen_port, 3);
	settings_unref(s);
}

static int64_t time_of(const char *text)
{
	char *ini = mem_printf(DB "[pgshunt]\nquery_wait_timeout = %s\n", text);
	struct settings *s = loads(ini);
	int64_t value = s->query_wait_timeout_us;
	settings_unref(s);
	mem_free(ini);
	return value;
}

static int64_t size_of(const char *text)
{
	char *ini = mem_printf(DB "[pgshunt]\nretry_buffer = %s\n", text);
	struct settings *s = loads(ini);
	int64_t value = s->retry_buffer_bytes;
	settings_unref(s);
	mem_free(ini);
	return value;
}

static void test_units(void **state)
{
	(void)state;
	assert_int_equal(time_of("0"), 0);
	assert_int_equal(time_of("10"), 10 * SECOND);
	assert_int_equal(time_of("0.5"), SECOND / 2);
	assert_int_equal(time_of("1.000001"), SECOND + 1);
	assert_int_equal(time_of("500ms"), SECOND / 2);
	assert_int_equal(time_of("7us"), 7);
	assert_int_equal(time_of("10 s"), 10 * SECOND);
	assert_int_equal(time_of("1.5min"), 90 * SECOND);
	assert_int_equal(time_of("2h"), 7200 * SECOND);
	assert_int_equal(time_of("36500d"), SECOND * 86400 * 36500);
	assert_int_equal(size_of("0"), 0);
	assert_int_equal(size_of("1000"), 1000);
	assert_int_equal(size_of("1000B"), 1000);
	assert_int_equal(size_of("64kB"), 65536);
	assert_int_equal(size_of("1.5 MB"), 1572864);
	struct settings *s = loads(DB "[pgshunt]\ntcp_user_timeout = 1500\nmax_packet_size = 1GB\n");
	assert_int_equal(s->tcp_user_timeout_us, 1500 * 1000);
	assert_int_equal(s->max_packet_size_bytes, 1 << 30);
	settings_unref(s);
}

static void test_bad_values(void **state)
{
	(void)state;
	static const struct {
		const char *line, *told;
	} cases[] = {
		{ "listen_port = 6432x",
		  "listen_port = 6432x: not a number in bounds: write a whole number from 1 to 65535" },
		{ "listen_port = 0", "listen_port = 0: not a number in bounds: write a whole number from 1 to 65535" },
		{ "listen_port = 65536",
		  "listen_port = 65536: not a number in bounds: write a whole number from 1 to 65535" },
		{ "listen_port =", "listen_port = : not a number in bounds: write a whole number from 1 to 65535" },
		{ "max_client_conn = -1",
		  "max_client_conn = -1: not a number in bounds: write a whole number from 0 to 2147483647" },
		{ "max_client_conn = 99999999999999999999", "max_client_conn = 99999999999999999999: not a number in "
							    "bounds: write a whole number from 0 to 2147483647" },
		{ "max_packet_size = 2147483648",
		  "max_packet_size = 2147483648: not a size in bounds: write one from 1kB to 2147483647B, like 64kB" },
		{ "retry_buffer = 1k", "retry_buffer = 1k: not a size in bounds: write one from 0 to 64MB, like 64kB" },
		{ "query_wait_timeout = -1", "query_wait_timeout = -1: not a time in bounds: write one from 0 to "
					     "36500d, like 10s, 500ms or 5min" },
		{ "query_wait_timeout = 5 minutes", "query_wait_timeout = 5 minutes: not a time in bounds: write one "
						    "from 0 to 36500d, like 10s, 500ms or 5min" },
		{ "query_wait_timeout = 5.", "query_wait_timeout = 5.: not a time in bounds: write one from 0 to "
					     "36500d, like 10s, 500ms or 5min" },
		{ "query_wait_timeout = 0.1us", /* would be 0: no limit */
		  "query_wait_timeout = 0.1us: not a time in bounds: write one from 0 to 36500d, like 10s, 500ms or "
		  "5min" },
		{ "query_wait_timeout = 9223372036854775807d",
		  "query_wait_timeout = 9223372036854775807d: not a time in bounds: write one from 0 to 36500d, like "
		  "10s, 500ms or 5min" },
		{ "map_refresh = 0",
		  "map_refresh = 0: not a time in bounds: write one from 10ms to 36500d, like 10s, 500ms or 5min" },
		{ "log_connections = 2", "log_connections = 2: not a switch: write on or off (1 or 0)" },
		{ "unix_socket_mode = 0788",
		  "unix_socket_mode = 0788: not an octal number in bounds: write one from 0 to 7777" },
		{ "pool_mode = transactions",
		  "pool_mode = transactions: not one of its words: write session, transaction" },
		{ "pool_mode =", "pool_mode = : not one of its words: write session, transaction" },
		{ "max_client_con = 1", "unknown key \"max_client_con\": did you mean max_client_conn?" },
		{ "frobnicate = 1", "unknown key \"frobnicate\": doc/config.md lists the keys" },
		{ "pool_size = 1", "pool_size does not belong here: put it into a connect string in [databases]" },
	};
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		char *ini = mem_printf(DB "[pgshunt]\n%s\n", cases[i].line);
		char *told = mem_printf("a.ini:4: %s\n", cases[i].told);
		refuses(ini, told);
		mem_free(ini);
		mem_free(told);
	}
}

static void test_every_mistake_is_told(void **state)
{
	(void)state;
	refuses("[pgshunt]\nlisten_port = x\nverbose = y\n[databases]\nd = port=0 nix=1\n[nope]\nk=v\n",
		"a.ini:6: unknown section [nope]: write [pgshunt], [databases], [users], [nodes] or [peers]\n"
		"a.ini:2: listen_port = x: not a number in bounds: write a whole number from 1 to 65535\n"
		"a.ini:3: verbose = y: not a number in bounds: write a whole number from 0 to 3\n"
		"a.ini:5: database \"d\": port = 0: not a number in bounds: write a whole number from 1 to 65535\n"
		"a.ini:5: database \"d\": unknown key \"nix\": doc/config.md lists the keys\n");
}

/* What is asked for and not delivered must not look as if it were. */
static void test_security_that_is_not_there_is_refused(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"auth_type = hba",
		"auth_type = cert",
		"auth_type = ldap",
		"auth_type = pam",
		"client_tls_sslmode = require",
		"client_tls_sslmode = verify-ca",
		"client_tls_sslmode = verify-full",
		"server_tls_sslmode = require",
		"server_tls_sslmode = verify-ca",
		"server_tls_sslmode = verify-full",
		"pool_mode = statement",
	};
	for (size_t i = 0; i < MEM_COUNT(lines); i++) {
		char *ini = mem_printf(DB "[pgshunt]\n%s\n", lines[i]);
		struct buf errors;
		buf_init(&errors, 0);
		assert_null(settings_parse(span_text(ini), "a.ini", NULL, &errors));
		buf_add_u8(&errors, 0);
		assert_non_null(strstr(buf_head(&errors), lines[i]));
		assert_non_null(strstr(buf_head(&errors), "not supported yet"));
		buf_done(&errors);
		mem_free(ini);
	}
	struct settings *s = loads(DB "[pgshunt]\nclient_tls_sslmode = prefer\nserver_tls_sslmode = allow\n");
	assert_true(warns(s, "a.ini:4: client_tls_sslmode = prefer: TLS is not supported yet"));
	assert_true(warns(s, "a.ini:5: server_tls_sslmode = allow: TLS is not supported yet"));
	settings_unref(s);
}

static void test_warnings(void **state)
{
	(void)state;
	struct settings *s = loads(DB "[pgshunt]\nquery_timeout = 10\njob_name = x\ndns_max_ttl = 15\n"
				      "route_transactions = learned\nreference_reads = any\n"
				      "[peers]\n1 = host=a\n2 = host=b port=1 pool_size=3\n");
	assert_true(warns(s, "a.ini:4: query_timeout = 10 is ignored: not supported yet"));
	assert_true(warns(s, "a.ini:5: job_name = x is ignored: there are no Windows services here"));
	assert_false(warns(s, "dns_max_ttl")); /* the default */
	assert_true(warns(s, "a.ini:7: route_transactions = learned: not supported yet: acts as off"));
	assert_true(warns(s, "a.ini:8: reference_reads = any: not supported yet: acts as coordinator"));
	assert_true(warns(s, "a.ini:10: [peers] is ignored"));
	assert_int_equal(s->warning_count, 5);
	settings_unref(s);
}

static void test_databases(void **state)
{
	(void)state;
	/* Above the section whose values they fall back to. */
	struct settings *s = loads(
		"[databases]\n"
		"app = host=h1,h2 port=5433 dbname=real user=u password='it''s' pool_size=7 pool_mode=session\n"
		"plain =\n"
		"\"odd name\" = host=/run/pg cluster=none route=off route_transactions=off max_node_connections=9\n"
		"[pgshunt]\nunix_socket_dir = /sock\ndefault_pool_size = 5\npool_mode = transaction\n"
		"server_lifetime = 60\nmax_node_connections = 40\nroute_transactions = all\nauth_user = boss\n");
	const struct database_settings *app = database(s, "app"), *plain = database(s, "plain"),
				       *odd = database(s, "odd name");
	assert_string_equal(app->name, "app");
	assert_false(app->fallback);
	assert_int_equal(app->hosts.count, 2);
	assert_string_equal(app->hosts.words[1], "h2");
	assert_int_equal(app->port, 5433);
	assert_string_equal(app->dbname, "real");
	assert_string_equal(app->user, "u");
	assert_string_equal(app->password, "it's");
	assert_int_equal(app->pool_size, 7);
	assert_int_equal(app->pool_mode, POOL_MODE_SESSION);
	assert_int_equal(app->server_lifetime_us, 60 * SECOND);
	assert_int_equal(app->max_node_connections, 40);
	assert_int_equal(app->route_transactions, ROUTE_TRANSACTIONS_ALL);
	assert_string_equal(app->map_user, "boss");

	assert_int_equal(plain->hosts.count, 1);
	assert_string_equal(plain->hosts.words[0], "/sock");
	assert_int_equal(plain->port, 5432);
	assert_string_equal(plain->dbname, "");
	assert_int_equal(plain->pool_size, 5);
	assert_int_equal(plain->pool_mode, POOL_MODE_TRANSACTION);

	assert_string_equal(odd->hosts.words[0], "/run/pg");
	assert_int_equal(odd->cluster, CLUSTER_NONE);
	assert_false(odd->route);
	assert_int_equal(odd->route_transactions, ROUTE_TRANSACTIONS_OFF);
	assert_int_equal(odd->max_node_connections, 9);
	assert_null(database(s, "other"));
	assert_int_equal(s->database_count, 3);
	settings_unref(s);
}

static void test_fallback_and_console(void **state)
{
	(void)state;
	struct settings *s = loads("[databases]\n* = host=any\nd = host=own\nd = host=last\n");
	assert_string_equal(database(s, "d")->hosts.words[0], "last");
	assert_int_equal(s->database_count, 2);
	assert_true(database(s, "whatever")->fallback);
	assert_string_equal(database(s, "whatever")->hosts.words[0], "any");
	assert_null(database(s, "pgshunt"));
	assert_null(database(s, "pgbouncer"));
	settings_unref(s);
	refuses("[databases]\npgbouncer = host=x\npgshunt = host=x\n",
		"a.ini:2: database \"pgbouncer\" is the console's own: use another name\n"
		"a.ini:3: database \"pgshunt\" is the console's own: use another name\n");
}

static void test_map_password_stays_with_its_user(void **state)
{
	(void)state;
	struct settings *s = loads("[databases]\na = host=h\nb = host=h map_user=other\n"
				   "c = host=h map_user=other map_password=own\n"
				   "[pgshunt]\nmap_user = m\nmap_password = secret\n");
	assert_string_equal(database(s, "a")->map_password, "secret");
	assert_string_equal(database(s, "b")->map_user, "other");
	assert_string_equal(database(s, "b")->map_password, "");
	assert_string_equal(database(s, "c")->map_password, "own");
	settings_unref(s);
}

static void test_connect_string_mistakes(void **state)
{
	(void)state;
	refuses("[databases]\nd = host=h pool_size=abc\n",
		"a.ini:2: database \"d\": pool_size = abc: not a number in bounds: write a whole number from 0 to "
		"2147483647\n");
	refuses("[databases]\nd = host=h pool_sise=1\n",
		"a.ini:2: database \"d\": unknown key \"pool_sise\": did you mean pool_size?\n");
	refuses("[databases]\nd = host=h listen_port=1\n",
		"a.ini:2: database \"d\": listen_port does not belong here: put it into section [pgshunt]\n");
	/* Not a word of a password that was not quoted. */
	refuses("[databases]\nd = host=h password=two words\n",
		"a.ini:2: database \"d\": a word without =: write key=value, or key='value' for a value with blanks\n");
	refuses("[databases]\nd = dbname=x\n[pgshunt]\nunix_socket_dir =\nlisten_addr = *\n",
		"a.ini:2: database \"d\": no host, and unix_socket_dir is empty: add host=\n");
	refuses(DB "[pgshunt]\nunix_socket_dir =\n",
		"a.ini: nothing to listen on: set listen_addr or unix_socket_dir\n");
	struct settings *s = loads("[databases]\nd = host=h reserve_pool=3\n");
	assert_int_equal(database(s, "d")->reserve_pool_size, 3);
	settings_unref(s);
}

static void test_users_come_first(void **state)
{
	(void)state;
	struct settings *s = loads("[databases]\nd = host=h pool_size=7 query_wait_timeout=30\ne = host=h\n"
				   "[users]\nu = pool_size=3 pool_mode=transaction\nw = query_wait_timeout=0\n"
				   "[pgshunt]\nmax_user_connections = 11\n");
	const struct database_settings *d = database(s, "d"), *e = database(s, "e");
	struct user_settings u = settings_user(s, d, span_text("u")), w = settings_user(s, d, span_text("w")),
			     x = settings_user(s, d, span_text("x")), y = settings_user(s, e, span_text("x"));
	assert_int_equal(u.pool_size, 3);
	assert_int_equal(u.pool_mode, POOL_MODE_TRANSACTION);
	assert_int_equal(u.query_wait_timeout_us, 30 * SECOND);
	assert_int_equal(u.max_user_connections, 11);
	assert_int_equal(w.query_wait_timeout_us, 0); /* given, though it is nothing */
	assert_int_equal(w.pool_size, 7);
	assert_int_equal(x.pool_size, 7);
	assert_int_equal(x.pool_mode, POOL_MODE_SESSION);
	assert_int_equal(y.pool_size, 20);
	assert_int_equal(y.query_wait_timeout_us, 120 * SECOND);
	struct user_settings nowhere = settings_user(s, NULL, span_text("x"));
	assert_int_equal(nowhere.pool_size, 20);
	settings_unref(s);
	refuses(DB "[users]\nu = listen_port=1\nv = pool_size=x\n",
		"a.ini:4: user \"u\": listen_port does not belong here: put it into section [pgshunt]\n"
		"a.ini:5: user \"v\": pool_size = x: not a number in bounds: write a whole number from 0 to "
		"2147483647\n");
}

static void test_nodes(void **state)
{
	(void)state;
	struct settings *s = loads(DB "[nodes]\nw1:5432 = host=10.0.0.1 port=7000\nw2:5432 = host=10.0.0.2\n"
				      "::1:5433 = port=9\nw1:5432 = host=10.0.0.9\n");
	const char *host = "untouched";
	int port = -1;
	assert_true(settings_node(s, span_text("w1"), 5432, &host, &port));
	assert_string_equal(host, "10.0.0.9");
	assert_int_equal(port, 5432);
	assert_true(settings_node(s, span_text("w2"), 5432, &host, &port));
	assert_string_equal(host, "10.0.0.2");
	assert_int_equal(port, 5432);
	assert_true(settings_node(s, span_text("::1"), 5433, &host, &port));
	assert_string_equal(host, "::1");
	assert_int_equal(port, 9);
	host = "untouched";
	assert_false(settings_node(s, span_text("w1"), 5433, &host, &port));
	assert_string_equal(host, "untouched");
	settings_unref(s);
	refuses(DB "[nodes]\nw1 = host=x\nw1:0 = host=x\nw1:1 = host=x port=99999\n",
		"a.ini:4: \"w1\" is not a node: write name:port, as in the metadata\n"
		"a.ini:5: \"w1:0\" is not a node: write name:port, as in the metadata\n"
		"a.ini:6: \"w1:1\": not an address: write host=name port=number, the number from 1 to 65535\n");
}

static void test_lists(void **state)
{
	(void)state;
	struct settings *s = loads(DB "[pgshunt]\nadmin_users = a, b ,,c\nlisten_addr = *\n");
	assert_int_equal(s->admin_users.count, 3);
	assert_true(setting_list_has(&s->admin_users, span_text("b")));
	assert_false(setting_list_has(&s->admin_users, span_text("")));
	assert_false(setting_list_has(&s->admin_users, span_text("ab")));
	assert_string_equal(s->listen_addr.words[0], "*");
	settings_unref(s);
}

/* ---- reload */

static void test_reload_keeps_what_needs_a_start(void **state)
{
	(void)state;
	struct settings *old = loads(DB "[pgshunt]\nlisten_port = 7000\nlisten_addr = 127.0.0.1, ::1\nthreads = 3\n");
	struct buf errors;
	buf_init(&errors, 0);
	struct settings *new =
		settings_parse(span_text(DB "[pgshunt]\nlisten_port = 7001\nlisten_addr = *\nthreads = 3\n"
					    "max_client_conn = 7\n"),
			       "a.ini", old, &errors);
	assert_non_null(new);
	settings_unref(old); /* nothing of the old one is used */
	assert_int_equal(new->listen_port, 7000);
	assert_int_equal(new->listen_addr.count, 2);
	assert_string_equal(new->listen_addr.words[1], "::1");
	assert_int_equal(new->max_client_conn, 7);
	assert_int_equal(new->warning_count, 2);
	assert_true(warns(new, "a.ini: listen_port = 7001 takes effect at the next start: \"7000\" stays"));
	assert_true(warns(new, "a.ini: listen_addr = * takes effect at the next start: \"127.0.0.1,::1\" stays"));
	settings_unref(new);
	buf_done(&errors);
}

static void test_counting(void **state)
{
	(void)state;
	struct settings *s = loads(DB);
	assert_ptr_equal(settings_ref(s), s);
	settings_unref(s);
	assert_int_equal(s->listen_port, 6432); /* still there */
	settings_unref(s);
	settings_unref(NULL);
}

static void test_files(void **state)
{
	(void)state;
	char path[] = "/tmp/conf_settings.XXXXXX";
	static const char text[] = "[databases]\nd = host=h password=x\n";
	int fd = mkstemp(path);
	assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
	struct buf errors;
	buf_init(&errors, 0);
	struct settings *s = settings_load(path, NULL, &errors);
	assert_non_null(s);
	assert_string_equal(s->conffile, path);
	assert_int_equal(s->warning_count, 0);
	settings_unref(s);
	fchmod(fd, 0644);
	s = settings_load(path, NULL, &errors);
	assert_true(warns(s, "holds passwords and everybody may read it"));
	settings_unref(s);
	unlink(path);
	close(fd);
	assert_null(settings_load(path, NULL, &errors));
	buf_add_u8(&errors, 0);
	assert_non_null(strstr(buf_head(&errors), "cannot be read: No such file"));
	buf_done(&errors);
}

/* ---- what is shown and printed */

struct shown {
	unsigned count;
	const char *wanted;
	char value[80], standard[80];
	bool changeable;
	char all[32768];
};

static void note_view(void *arg, const struct setting_view *view)
{
	struct shown *shown = arg;
	shown->count++;
	size_t len = strlen(shown->all);
	snprintf(shown->all + len, sizeof shown->all - len, "%s=%s\n", view->name, view->value);
	if (strcmp(view->name, shown->wanted) != 0)
		return;
	snprintf(shown->value, sizeof shown->value, "%s", view->value);
	snprintf(shown->standard, sizeof shown->standard, "%s", view->default_value);
	shown->changeable = view->changeable;
}

static void test_show_config(void **state)
{
	(void)state;
	static const struct {
		const char *name, *value, *standard;
		bool changeable;
	} cases[] = {
		{ "listen_port", "6000", "6432", false },
		{ "server_idle_timeout", "90", "600", true },
		{ "server_lifetime", "0.25", "3600", true },
		{ "tcp_user_timeout", "1.5", "0", true },
		{ "map_refresh", "1500ms", "1s", true },
		{ "retry_buffer", "64kB", "256kB", true },
		{ "max_packet_size", "1073741824", "2147483647", true },
		{ "log_connections", "0", "1", true },
		{ "route", "off", "on", true },
		{ "pool_mode", "transaction", "session", true },
		{ "admin_users", "a,b", "", true },
		{ "unix_socket_mode", "0700", "0777", false },
		{ "map_password", "****", "", true },
		{ "syslog_facility", "daemon", "daemon", true },
	};
	struct settings *s =
		loads(DB "[pgshunt]\nlisten_port = 6000\nserver_idle_timeout = 1.5min\nserver_lifetime = 250ms\n"
			 "tcp_user_timeout = 1500us\nmap_refresh = 1.5\nretry_buffer = 65536\n"
			 "max_packet_size = 1GB\nlog_connections = no\nroute = 0\npool_mode = Transaction\n"
			 "admin_users = a , b\nunix_socket_mode = 700\nmap_password = hunter2\n");
	struct shown shown = { 0 };
	for (size_t i = 0; i < MEM_COUNT(cases); i++) {
		shown = (struct shown){ .wanted = cases[i].name };
		settings_each(s, note_view, &shown);
		assert_string_equal(shown.value, cases[i].value);
		assert_string_equal(shown.standard, cases[i].standard);
		assert_int_equal(shown.changeable, cases[i].changeable);
	}
	assert_null(strstr(shown.all, "hunter2"));
	settings_unref(s);
}

static void test_the_first_hundred_are_pgbouncers(void **state)
{
	(void)state;
	assert_string_equal(schema_rows[0].name, "logfile");
	assert_string_equal(schema_rows[29].name, "auth_type");
	assert_string_equal(schema_rows[99].name, "tcp_user_timeout");
	assert_string_equal(schema_rows[100].name, "threads");
}

static void test_defaults_are_good_values(void **state)
{
	(void)state;
	struct keep keep = { 0 };
	for (size_t i = 0; i < SCHEMA_ROW_COUNT; i++) {
		const struct schema_row *row = &schema_rows[i];
		struct setting_list field = { 0 }; /* the largest field */
		struct buf message;
		buf_init(&message, 0);
		/* pool_size has no default of its own. */
		if (strcmp(row->name, "pool_size") != 0)
			assert_int_not_equal(schema_read(row, span_text(row->default_text), &keep, &field, &message),
					     SCHEMA_REFUSE);
		buf_clear(&message);
		schema_print(row, &field, &message);
		buf_add_u8(&message, 0);
		if (strcmp(row->name, "pool_size") != 0)
			assert_string_equal(buf_head(&message), row->default_text);
		buf_done(&message);
		/* No row of a name twice in one scope. */
		for (size_t j = 0; j < i; j++)
			assert_false(strcmp(row->name, schema_rows[j].name) == 0 &&
				     (row->scopes & schema_rows[j].scopes));
	}
	keep_done(&keep);
}

static void assert_printed(const char *file, void (*print)(struct buf *out))
{
	const char *top = getenv("top_srcdir");
	char *path = mem_printf("%s/%s", top ? top : ".", file);
	FILE *in = fopen(path, "r");
	if (in == NULL)
		fail_msg("%s cannot be read", path);
	struct buf printed, found;
	buf_init(&printed, 0);
	buf_init(&found, 0);
	size_t n;
	while ((n = fread(buf_room(&found, 4096), 1, 4096, in)) > 0)
		buf_wrote(&found, n);
	fclose(in);
	print(&printed);
	if (!span_equal(buf_span(&printed), buf_span(&found)))
		fail_msg("%s is not what the table prints: make it anew with pgshunt --print-sample or --print-manual",
			 file);
	buf_done(&printed);
	buf_done(&found);
	mem_free(path);
}

static void test_printed_files_are_current(void **state)
{
	(void)state;
	assert_printed("etc/pgshunt.ini", settings_print_sample);
	assert_printed("doc/config.md", settings_print_manual);
}

/* The sample with its keys no longer commented out means what an empty file means. */
static void test_sample_can_be_used(void **state)
{
	(void)state;
	struct buf sample, errors;
	buf_init(&sample, 0);
	buf_init(&errors, 0);
	settings_print_sample(&sample);
	char *text = mem_strndup(buf_head(&sample), buf_held(&sample));
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (line[0] == ';' && line[1] != ';')
			line[0] = ' ';
	}
	struct settings *s = settings_parse(span_text(text), "sample", NULL, &errors);
	buf_add_u8(&errors, 0);
	if (s == NULL)
		fail_msg("%s", buf_head(&errors));
	assert_int_equal(s->database_count, 3);
	assert_int_equal(s->node_count, 1);
	/* server_tls_sslmode = prefer, as PgBouncer has it */
	assert_int_equal(s->warning_count, 1);
	settings_unref(s);
	mem_free(text);
	buf_done(&sample);
	buf_done(&errors);
}

static void test_minimal_file(void **state)
{
	(void)state;
	const char *top = getenv("top_srcdir");
	char *path = mem_printf("%s/etc/minimal.ini", top ? top : ".");
	struct buf errors;
	buf_init(&errors, 0);
	struct settings *s = settings_load(path, NULL, &errors);
	assert_non_null(s);
	assert_int_equal(s->warning_count, 0);
	assert_true(database(s, "postgres")->fallback);
	settings_unref(s);
	buf_done(&errors);
	mem_free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_pgbouncer_section_is_an_alias),
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_every_mistake_is_told),
		cmocka_unit_test(test_security_that_is_not_there_is_refused),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_databases),
		cmocka_unit_test(test_fallback_and_console),
		cmocka_unit_test(test_map_password_stays_with_its_user),
		cmocka_unit_test(test_connect_string_mistakes),
		cmocka_unit_test(test_users_come_first),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_reload_keeps_what_needs_a_start),
		cmocka_unit_test(test_counting),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_show_config),
		cmocka_unit_test(test_the_first_hundred_are_pgbouncers),
		cmocka_unit_test(test_defaults_are_good_values),
		cmocka_unit_test(test_printed_files_are_current),
		cmocka_unit_test(test_sample_can_be_used),
		cmocka_unit_test(test_minimal_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
