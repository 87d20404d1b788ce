/* The table, and what is printed from it. */
#include "admin/commands.h"

#include <strings.h>

#include "admin/control.h"
#include "admin/explain.h"
#include "admin/show.h"
#include "base/mem.h"
#include "conf/counters.h"

enum { HELP_COLUMN = 38 };

/* Counters as columns: of SHOW STATS, STATS_TOTALS and STATS_AVERAGES. */
#define TOTAL_COLUMN(symbol, name, average, total, per, help) ", total_" name
#define AVERAGE_COLUMN(symbol, name, average, total, per, help) ", avg_" average
#define PLAIN_COLUMN(symbol, name, average, total, per, help) ", " total

#define SOCKET_COLUMNS                                                                                                 \
	"type, user, database, replication, state, addr, port, local_addr, local_port, connect_time, request_time, "   \
	"wait, wait_us, close_needed, ptr, link, remote_pid, tls, application_name, prepared_statements, id"
#define BUFFER_COLUMNS ", recv_pos, pkt_pos, pkt_remain, send_pos, send_remain, pkt_avail, send_avail"

/* clang-format off */
const struct command commands[] = {
	/* name, argument, usage, stats_users too, columns, help, function */
	{ "SHOW HELP", ARGUMENT_NONE, "", true, NULL,
	  "This text, as a notice.", show_help },
	{ "HELP", ARGUMENT_NONE, "", true, NULL,
	  "The same.", show_help },
	{ "SHOW POOLS", ARGUMENT_NONE, "", true,
	  "database, user, cl_active, cl_waiting, cl_active_cancel_req, cl_waiting_cancel_req, sv_active, "
	  "sv_active_cancel, sv_being_canceled, sv_idle, sv_used, sv_tested, sv_login, maxwait, maxwait_us, pool_mode, "
	  "load_balance_hosts",
	  "Clients and servers by database and user, all nodes together.", show_pools },
	{ "SHOW NODE_POOLS", ARGUMENT_NONE, "", true,
	  "database, user, node, role, cl_active, cl_waiting, sv_active, sv_active_cancel, sv_being_canceled, sv_idle, "
	  "sv_tested, sv_login, maxwait, maxwait_us, pool_mode, pool_size, node_connections, max_node_connections, "
	  "database_connections, max_db_connections, user_connections, max_user_connections",
	  "The same by node, with the bounds that hold there.", show_node_pools },
	{ "SHOW CLIENTS", ARGUMENT_NONE, "", true, SOCKET_COLUMNS ", pinned",
	  "Client connections; pinned: why one keeps its server.", show_clients },
	{ "SHOW SERVERS", ARGUMENT_NONE, "", true, SOCKET_COLUMNS ", node",
	  "Server connections.", show_servers },
	{ "SHOW SOCKETS", ARGUMENT_NONE, "", true, SOCKET_COLUMNS BUFFER_COLUMNS,
	  "Both, with what is held of their bytes.", show_sockets },
	{ "SHOW ACTIVE_SOCKETS", ARGUMENT_NONE, "", true, SOCKET_COLUMNS BUFFER_COLUMNS,
	  "Those of them that are at work.", show_active_sockets },
	{ "SHOW DATABASES", ARGUMENT_NONE, "", true,
	  "name, host, port, database, force_user, pool_size, min_pool_size, reserve_pool_size, server_lifetime, "
	  "pool_mode, load_balance_hosts, max_connections, current_connections, max_client_connections, "
	  "current_client_connections, paused, disabled, cluster, route",
	  "Databases of the configuration, and their use.", show_databases },
	{ "SHOW USERS", ARGUMENT_NONE, "", true,
	  "name, pool_size, reserve_pool_size, pool_mode, max_user_connections, current_connections, "
	  "max_user_client_connections, current_client_connections",
	  "Users that are, or were, connected.", show_users },
	{ "SHOW STATS", ARGUMENT_NONE, "", true,
	  "database" PGBOUNCER_COUNTER_ROWS(TOTAL_COLUMN) PGBOUNCER_COUNTER_ROWS(AVERAGE_COLUMN)
	  OWN_COUNTER_ROWS(TOTAL_COLUMN) OWN_COUNTER_ROWS(AVERAGE_COLUMN),
	  "Counters by database, and their averages over stats_period; times in microseconds.", show_stats },
	{ "SHOW STATS_TOTALS", ARGUMENT_NONE, "", true,
	  "database" PGBOUNCER_COUNTER_ROWS(PLAIN_COLUMN) OWN_COUNTER_ROWS(PLAIN_COLUMN),
	  "The counters alone.", show_stats_totals },
	{ "SHOW STATS_AVERAGES", ARGUMENT_NONE, "", true,
	  "database, server_assignment_count, xact_count, query_count, bytes_received, bytes_sent, xact_time, "
	  "query_time, wait_time, avg_client_parse_count, avg_server_parse_count, avg_bind_count, "
	  "avg_client_login_count" OWN_COUNTER_ROWS(AVERAGE_COLUMN),
	  "The averages alone.", show_stats_averages },
	{ "SHOW TOTALS", ARGUMENT_NONE, "", true, "name, value",
	  "Counters of all databases together.", show_totals },
	{ "SHOW LISTS", ARGUMENT_NONE, "", true, "list, items",
	  "How many there are of everything.", show_lists },
	{ "SHOW CONFIG", ARGUMENT_NONE, "", true, "key, value, default, changeable",
	  "The settings; changeable: by RELOAD.", show_config },
	{ "SHOW STATE", ARGUMENT_NONE, "", true, "key, value",
	  "Whether PAUSE holds.", show_state },
	{ "SHOW VERSION", ARGUMENT_NONE, "", true, "version",
	  "The version.", show_version },
	{ "SHOW MAP", ARGUMENT_NONE, "", true,
	  "database, kind, version, epoch, age_ms, relations, groups, nodes, source, state, self_test, error, current",
	  "The shard map of each database: what was read, when, and whether it holds.", show_map },
	{ "SHOW NODES", ARGUMENT_NONE, "", true,
	  "database, node, name, port, address, role, routable, state, why, connections, max_connections",
	  "The nodes of each cluster; address: where pgshunt connects.", show_nodes },
	{ "SHOW TABLES", ARGUMENT_NONE, "", true,
	  "database, schema, name, kind, key, group, shards, routable, why",
	  "Tables as the router sees them.", show_tables },
	{ "SHOW SHARDS", ARGUMENT_NONE, "", true,
	  "database, group, shard, bounds, node, address, name",
	  "Which node has which keys.", show_shards },
	{ "SHOW ROUTES", ARGUMENT_NONE, "", true,
	  "database, template, calls, routed, node, reason",
	  "Statements without their literals, most used first, at most 200; node and reason of the last one.",
	  show_routes },
	{ "SHOW REASONS", ARGUMENT_NONE, "", true, "reason, count, meaning, change",
	  "How many statements went where, and why; change: what would have them routed.", show_reasons },
	{ "EXPLAIN ROUTE", ARGUMENT_REST, "[ON database] statement", true,
	  "template, tables, key, shard, node, reason, change, database, meaning",
	  "Where a statement would go. It is not run.", explain_route },
	{ "PAUSE", ARGUMENT_OPTION, "[database]", false, NULL,
	  "Gives out no server any more, and waits until all of them are back and closed.", control_pause },
	{ "RESUME", ARGUMENT_OPTION, "[database]", false, NULL,
	  "Ends PAUSE.", control_resume },
	{ "RECONNECT", ARGUMENT_OPTION, "[database]", false, NULL,
	  "Closes every server as soon as it is given back.", control_reconnect },
	{ "WAIT_CLOSE", ARGUMENT_OPTION, "[database]", false, NULL,
	  "Waits until what RECONNECT has to close is closed.", control_wait_close },
	{ "KILL_CLIENT", ARGUMENT_NEEDED, "id", false, NULL,
	  "Ends a client's connection; id as in SHOW CLIENTS.", control_kill_client },
	{ "RELOAD", ARGUMENT_NONE, "", false, NULL,
	  "Reads the configuration and the auth_file again: all of it, or nothing if anything is wrong.", control_reload },
	{ "SHUTDOWN", ARGUMENT_OPTION, "[WAIT_FOR_SERVERS | WAIT_FOR_CLIENTS]", false, NULL,
	  "Ends at once, when transactions are over, or when clients have left.", control_shutdown },
	/* what drivers ask when they connect */
	{ "SHOW client_encoding", ARGUMENT_NONE, "", true, "client_encoding", "", show_fixed },
	{ "SHOW standard_conforming_strings", ARGUMENT_NONE, "", true, "standard_conforming_strings", "", show_fixed },
	{ "SHOW datestyle", ARGUMENT_NONE, "", true, "datestyle", "", show_fixed },
	{ "SHOW timezone", ARGUMENT_NONE, "", true, "timezone", "", show_fixed },
	{ "SHOW default_transaction_isolation", ARGUMENT_NONE, "", true, "default_transaction_isolation", "", show_fixed },
	{ "SET", ARGUMENT_REST, "name = value", true, NULL, "", set_fixed },
};
/* clang-format on */
const unsigned command_count = MEM_COUNT(commands);

/* Takes the name's words, if they stand there. */
static bool take_name(struct words *words, const char *name)
{
	struct span rest = span_text(name);
	while (rest.len) {
		struct span part = span_split(&rest, ' ');
		struct word word = words_next(words);
		if (word.kind != WORD_BARE || word.text.len != part.len ||
		    strncasecmp(word.text.ptr, part.ptr, part.len) != 0)
			return false;
	}
	return true;
}

const struct command *commands_find(struct words *words)
{
	const struct command *found = NULL;
	struct words behind = *words;
	for (unsigned i = 0; i < command_count; i++) {
		struct words rest = *words;
		if (take_name(&rest, commands[i].name) && (found == NULL || rest.rest.len < behind.rest.len)) {
			found = &commands[i];
			behind = rest;
		}
	}
	if (found)
		*words = behind;
	return found;
}

bool command_allowed(const struct command *command, bool admin)
{
	return admin || command->stats;
}

void commands_help(struct buf *out)
{
	for (unsigned i = 0; i < command_count; i++) {
		const struct command *command = &commands[i];
		int width = HELP_COLUMN - (int)strlen(command->name) - 1;
		if (command->help[0])
			buf_add_printf(out, "\n\t%s %-*s %s", command->name, width > 0 ? width : 0, command->usage,
				       command->help);
	}
}

void commands_manual(struct buf *out)
{
	for (unsigned i = 0; i < command_count; i++) {
		const struct command *command = &commands[i];
		if (command->help[0] == '\0')
			continue;
		buf_add_printf(out, "\n### %s%s%s%s\n\n%s\n", command->name, command->usage[0] ? " " : "",
			       command->usage, command->stats ? "" : " (admin_users only)", command->help);
		if (command->columns)
			buf_add_printf(out, "\nColumns: `%s`\n", command->columns);
	}
}
