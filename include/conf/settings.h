/* The settings: an immutable, counted snapshot of one configuration file, read
 * whole or not at all. Fields are plain, for speed, and made from the rows of
 * conf/rows.h: that file is the list of them.
 *
 *    pgshunt.ini ──ini_read──► entries ──rows──► struct settings ── refs by loops, pools, clients
 *                                                  ├─ databases[] (own values or the global ones)
 *                                                  ├─ users[]     (own values only)
 *                                                  └─ nodes[]     (name:port -> address)
 *
 * Everything reachable from a snapshot lives as long as the snapshot: hold it
 * with settings_ref. Strings are never NULL; "" means not set. */
#pragma once

#include "base/buf.h"
#include "base/span.h"
#include "conf/snapshot.h"

/* Reads a file with all that it includes. Returns a snapshot with one reference, which
 * the caller may still change (command line options) before it shows it to others; or
 * NULL with one line "file:line: what, what would be right" for each mistake (the first
 * twenty) in `errors` (empty before), nothing applied. `running` is the snapshot in use on a reload, NULL
 * at start: settings that change only at start keep its values, and a warning says so. */
struct settings *settings_load(const char *path, const struct settings *running, struct buf *errors);
/* The same from text; `name` stands for the file in messages. Includes are refused. */
struct settings *settings_parse(struct span text, const char *name, const struct settings *running, struct buf *errors);

/* Counted from any thread. The last unref frees, and wipes secrets. NULL is fine for unref. */
struct settings *settings_ref(const struct settings *settings);
void settings_unref(const struct settings *settings);

/* The console's database: "pgshunt", or its alias "pgbouncer". */
bool settings_is_console(struct span database);

/* The entry of that name, else the fallback "*", else NULL. NULL for the console. */
const struct database_settings *settings_database(const struct settings *settings, struct span name);

/* What holds for a user in a database: the user's own value, else the database's where
 * it may have one, else the global one. `database` may be NULL. */
struct user_settings settings_user(const struct settings *settings, const struct database_settings *database,
				   struct span user);

/* The address for a node of the metadata: from [nodes], else false and the two untouched. */
bool settings_node(const struct settings *settings, struct span name, int port, const char **host, int *host_port);

bool setting_list_has(const struct setting_list *list, struct span word);

/* The settings of [pgshunt] in the order of the table, as SHOW CONFIG shows them.
 * Secrets are ****. The strings live for the call. */
struct setting_view {
	const char *name, *value, *default_value, *help;
	bool changeable; /* on reload */
};
void settings_each(const struct settings *settings, void (*on_setting)(void *arg, const struct setting_view *view),
		   void *arg);

/* etc/pgshunt.ini and doc/config.md, made from the table. */
void settings_print_sample(struct buf *out);
void settings_print_manual(struct buf *out);
