/* SHOW CLIENTS, SERVERS, SOCKETS and ACTIVE_SOCKETS: a row a connection, in PgBouncer's
 * columns; C-n and S-n are the names that the log uses. */
#include "admin/ask.h"
#include "admin/show.h"
#include "base/clock.h"

static void row_of_client(struct here *here, const struct client *client, bool socket);
static void row_of_server(struct here *here, const struct server *server, bool socket);

/* PgBouncer's words for what a server is doing. */
static const char *server_word(const struct server *server)
{
	return server->state < SERVER_IDLE         ? "new"
	       : server->state == SERVER_RESETTING ? "tested"
						   : server_state_text(server->state);
}

static bool is_active(const struct stream *stream)
{
	return stream && (stream_unread(stream) || stream_pending(stream));
}

static void on_client(void *arg, const struct client *client)
{
	row_of_client(arg, client, false);
}

static void on_server(void *arg, const struct server *server)
{
	row_of_server(arg, server, false);
}

static void on_client_socket(void *arg, const struct client *client)
{
	row_of_client(arg, client, true);
}

static void on_server_socket(void *arg, const struct server *server)
{
	row_of_server(arg, server, true);
}

static void on_active_client(void *arg, const struct client *client)
{
	if (client->server || client->state == CLIENT_CONSOLE || is_active(client->stream))
		row_of_client(arg, client, true);
}

static void on_active_server(void *arg, const struct server *server)
{
	if (server->state == SERVER_LENT || is_active(server->stream))
		row_of_server(arg, server, true);
}

static void clients_here(struct here *here)
{
	sessions_each_client(here->sessions, on_client, here);
}

static void servers_here(struct here *here)
{
	pools_each_server(here->sessions->pools, on_server, here);
}

static void sockets_here(struct here *here)
{
	sessions_each_client(here->sessions, on_client_socket, here);
	pools_each_server(here->sessions->pools, on_server_socket, here);
}

static void active_sockets_here(struct here *here)
{
	sessions_each_client(here->sessions, on_active_client, here);
	pools_each_server(here->sessions->pools, on_active_server, here);
}

static void all_rows(void *arg, struct gathered *gathered)
{
	struct ask *ask = arg;
	ask_columns(ask);
	buf_add_span(&ask->answer.out, buf_span(&gathered->rows));
	ask_complete(ask, "SHOW");
}

void show_clients(struct ask *ask)
{
	ask_gather(ask, 0, clients_here, all_rows);
}

void show_servers(struct ask *ask)
{
	ask_gather(ask, 0, servers_here, all_rows);
}

void show_sockets(struct ask *ask)
{
	ask_gather(ask, 0, sockets_here, all_rows);
}

void show_active_sockets(struct ask *ask)
{
	ask_gather(ask, 0, active_sockets_here, all_rows);
}

/* --- rows --- */

static void add_address(struct answer *a, const struct address *address)
{
	char host[ADDRESS_TEXT_BYTES];
	if (address == NULL) {
		answer_null(a);
		answer_null(a);
		return;
	}
	answer_text(a, address_host(address, host));
	answer_number(a, address_port(address));
}

/* What is held in memory of a connection's bytes: the last seven columns of SHOW SOCKETS. */
static void add_buffers(struct answer *a, const struct stream *stream, uint64_t passing)
{
	answer_number(a, 0);
	answer_number(a, 0);
	answer_number(a, (long long)passing);
	answer_number(a, 0);
	answer_number(a, stream ? (long long)stream_pending(stream) : 0);
	answer_number(a, stream ? (long long)stream_unread(stream) : 0);
	answer_number(a, stream ? (long long)stream_pending(stream) : 0);
}

static void row_of_client(struct here *here, const struct client *client, bool socket)
{
	struct answer *a = &here->rows;
	bool waiting = client->state == CLIENT_WAITING || client->state == CLIENT_WELCOME;
	int64_t wait_us = waiting ? clock_now_us() - client->since_us : 0;
	const char *application = guc_get(&client->wanted, "application_name");
	answer_row(a);
	answer_text(a, "C");
	answer_text(a, client->user_name);
	answer_text(a, client->database_name);
	answer_text(a, "none");
	answer_text(a, client_state_text(client->state));
	add_address(a, stream_peer(client->stream));
	add_address(a, stream_local(client->stream));
	answer_time(a, client->connected_us);
	answer_time(a, client->request_us);
	answer_number(a, wait_us / 1000000);
	answer_number(a, wait_us % 1000000);
	answer_number(a, 0);
	answer_printf(a, "C-%llu", (unsigned long long)client->serial);
	if (client->server)
		answer_printf(a, "S-%llu", (unsigned long long)client->server->id);
	else
		answer_text(a, "");
	answer_number(a, 0);
	answer_text(a, "");
	answer_text(a, application ? application : "");
	answer_number(a, (long long)handles_count(&client->handles));
	answer_number(a, (long long)client->serial);
	if (socket)
		add_buffers(a, client->stream, client->pass_left);
	else
		answer_text(a, client->pin_other ? client->pin_other : pin_text(client->pin));
	answer_row_end(a);
}

static void row_of_server(struct here *here, const struct server *server, bool socket)
{
	struct answer *a = &here->rows;
	char node[TARGET_NODE_BYTES];
	const char *application = guc_get(&server->applied, "application_name");
	const struct target *target = server->target;
	answer_row(a);
	answer_text(a, "S");
	answer_text(a, user_name(target->user));
	answer_text(a, target->database);
	answer_text(a, "none");
	answer_text(a, server_word(server));
	add_address(a, server->stream ? stream_peer(server->stream) : NULL);
	add_address(a, server->stream ? stream_local(server->stream) : NULL);
	answer_time(a, server->connected_us);
	answer_time(a, server->since_us);
	answer_number(a, 0);
	answer_number(a, 0);
	answer_number(a, server->close_needed);
	answer_printf(a, "S-%llu", (unsigned long long)server->id);
	if (server->state == SERVER_LENT)
		answer_printf(a, "C-%llu", (unsigned long long)server->last_holder);
	else
		answer_text(a, "");
	answer_number(a, server->backend_pid);
	answer_text(a, "");
	answer_text(a, application ? application : "");
	answer_number(a, (long long)prepared_count(&server->prepared));
	answer_number(a, (long long)server->id);
	if (socket)
		add_buffers(a, server->stream, 0);
	else
		answer_text(a, target_node_key(target->hosts.words[server->host_index % target->hosts.count],
					       target->port, node));
	answer_row_end(a);
}
