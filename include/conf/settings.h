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

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "conf/rows.h"

#define SETTING_WORD_SYMBOL(symbol, word, verdict, why) symbol,
#define SETTING_ENUM(tag, WORDS) enum tag { WORDS(SETTING_WORD_SYMBOL) };
SETTING_ENUMS(SETTING_ENUM)
#undef SETTING_ENUM
#undef SETTING_WORD_SYMBOL

struct setting_list {
	const char *const *words; /* trimmed, in the order given; "" and blanks between commas are dropped */
	size_t count;
};

/* Fields by kind, and by the scopes of a row. */
#define SETTING_FIELD_BOOL(name, of) bool name;
#define SETTING_FIELD_INT(name, of) int name;
#define SETTING_FIELD_OCTAL(name, of) unsigned name;
#define SETTING_FIELD_BYTES(name, of) int64_t name##_bytes;
#define SETTING_FIELD_TIME(name, of) int64_t name##_us;
#define SETTING_FIELD_TIME_MS(name, of) int64_t name##_us;
#define SETTING_FIELD_STRING(name, of) const char *name;
#define SETTING_FIELD_SECRET(name, of) const char *name;
#define SETTING_FIELD_LIST(name, of) struct setting_list name;
#define SETTING_FIELD_ENUM(name, of) enum of name;

#define SETTING_IF_GLOBAL_G(field) field
#define SETTING_IF_GLOBAL_GD(field) field
#define SETTING_IF_GLOBAL_GU(field) field
#define SETTING_IF_GLOBAL_GDU(field) field
#define SETTING_IF_GLOBAL_D(field)
#define SETTING_IF_GLOBAL_DU(field)
#define SETTING_IF_DATABASE_G(field)
#define SETTING_IF_DATABASE_GD(field) field
#define SETTING_IF_DATABASE_GU(field)
#define SETTING_IF_DATABASE_GDU(field) field
#define SETTING_IF_DATABASE_D(field) field
#define SETTING_IF_DATABASE_DU(field) field
#define SETTING_IF_USER_G(field)
#define SETTING_IF_USER_GD(field)
#define SETTING_IF_USER_GU(field) field
#define SETTING_IF_USER_GDU(field) field
#define SETTING_IF_USER_D(field)
#define SETTING_IF_USER_DU(field) field

#define SETTING_GLOBAL_FIELD(kind, name, def, scope, when, status, of, help)                                           \
	SETTING_IF_GLOBAL_##scope(SETTING_FIELD_##kind(name, of))
#define SETTING_DATABASE_FIELD(kind, name, def, scope, when, status, of, help)                                         \
	SETTING_IF_DATABASE_##scope(SETTING_FIELD_##kind(name, of))
#define SETTING_USER_FIELD(kind, name, def, scope, when, status, of, help)                                             \
	SETTING_IF_USER_##scope(SETTING_FIELD_##kind(name, of))

/* One entry of [databases]: its own values, and the global ones for what it does
 * not give (pool_size: default_pool_size; map_user: auth_user). */
struct database_settings {
	const char *name; /* as clients say it; "*" for the fallback */
	bool fallback; /* the entry "*": dbname "" then means the name that the client asked for */
	/* Where its servers are: `host`, or unix_socket_dir where no host is given. At
	 * least one. A word that begins with / or @ is the folder of a Unix socket. */
	struct setting_list hosts;
	SETTING_ROWS(SETTING_DATABASE_FIELD)
	DATABASE_ROWS(SETTING_DATABASE_FIELD)
};

/* What may be set for one user: pool_mode, pool_size, reserve_pool_size,
 * max_user_connections, max_user_client_connections and the timeouts. */
struct user_settings {
	SETTING_ROWS(SETTING_USER_FIELD)
	DATABASE_ROWS(SETTING_USER_FIELD)
};

/* One entry of [nodes]: where a node of the metadata is reached from here. */
struct node_address {
	const char *name; /* as in the cluster's metadata */
	int port;
	const char *host; /* as pgshunt should connect; / or @: folder of a Unix socket */
	int host_port;
};

struct settings_store; /* what a snapshot owns; src/conf/store.h */

struct settings {
	SETTING_ROWS(SETTING_GLOBAL_FIELD)

	struct database_settings *databases; /* in the order of the file, the fallback among them */
	size_t database_count;
	struct node_address *nodes;
	size_t node_count;
	/* Things to log after a load that succeeded, one line each: "file:line: …". */
	const char *const *warnings;
	size_t warning_count;

	struct settings_store *store;
	_Atomic unsigned ref_count;
};

#undef SETTING_GLOBAL_FIELD
#undef SETTING_DATABASE_FIELD
#undef SETTING_USER_FIELD

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

/* The word of an enum's value: pool_mode_text(POOL_MODE_SESSION) is "session". One for each enum. */
#define SETTING_ENUM_TEXT(tag, WORDS) const char *tag##_text(enum tag value);
SETTING_ENUMS(SETTING_ENUM_TEXT)
#undef SETTING_ENUM_TEXT

/* etc/pgshunt.ini and doc/config.md, made from the table. */
void settings_print_sample(struct buf *out);
void settings_print_manual(struct buf *out);
