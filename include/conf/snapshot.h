/* A snapshot of the settings as plain structs, made from the rows of conf/rows.h. How
 * one is read, counted and asked: conf/settings.h.
 *
 * Everything reachable from a snapshot lives as long as the snapshot. Strings are never
 * NULL; "" means not set. */
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

/* The word of an enum's value: pool_mode_text(POOL_MODE_SESSION) is "session". One for each enum. */
#define SETTING_ENUM_TEXT(tag, WORDS) const char *tag##_text(enum tag value);
SETTING_ENUMS(SETTING_ENUM_TEXT)
#undef SETTING_ENUM_TEXT
