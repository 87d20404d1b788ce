/* The sessions of one loop: accepting clients, their time, their end. */
#pragma once

#include "session/client.h"
#include "session/tenant.h"

struct sessions *sessions_new(struct sessions_shared *shared, unsigned index, const struct settings *settings,
			      struct users *users, struct dns *dns, struct pools *pools,
			      const struct console_hooks *console);
void sessions_free(struct sessions *sessions); /* closes all clients */

/* From any thread: a new connection for this loop; takes the descriptor. */
void sessions_accept(struct sessions *sessions, int fd);
/* On its own loop: settings and users after a reload. Clients keep their tenant until their next transaction. */
void sessions_configure(struct sessions *sessions, const struct settings *settings, struct users *users);
/* On its own loop: the end is near. `idle_too`: clients without a transaction are told so and closed; else
 * all go on until they leave by themselves. */
void sessions_stop(struct sessions *sessions, bool idle_too);
unsigned sessions_client_count(const struct sessions *sessions);

/* --- for the console; each on its own loop --- */
void sessions_each_client(struct sessions *sessions, void (*on_client)(void *arg, const struct client *client),
			  void *arg);
void sessions_each_database(struct sessions *sessions, void (*on_database)(void *arg, const struct database *database),
			    void *arg);
struct client *sessions_client(struct sessions *sessions, uint32_t id); /* NULL if it has gone */
