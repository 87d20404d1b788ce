/* Snapshots: the entries of a file are collected first and applied section by
 * section afterwards, since [databases] may stand above the [pgshunt] whose values
 * it falls back to. Mistakes are collected to the end; a snapshot with one is freed. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "conf/connect.h"
#include "conf/ini.h"
#include "conf/schema.h"
#include "conf/settings.h"
#include "conf/store.h"

enum section { SECTION_MAIN, SECTION_DATABASES, SECTION_USERS, SECTION_NODES, SECTION_PEERS, SECTION_COUNT };

static const struct {
	const char *name;
	enum section section;
} sections[] = {
	{ "pgshunt", SECTION_MAIN }, { "databases", SECTION_DATABASES }, { "users", SECTION_USERS },
	{ "nodes", SECTION_NODES },  { "peers", SECTION_PEERS },         { "pgbouncer", SECTION_MAIN },
};

/* A line of the file, until all are read. */
struct entry {
	struct entry *next;
	struct span key, value;
	const char *file;
	unsigned line;
};

struct loading {
	struct settings *settings;
	struct keep *keep;
	struct buf *errors;
	struct entry *first[SECTION_COUNT], **end[SECTION_COUNT];
	size_t count[SECTION_COUNT];
	const char **warnings;
	size_t warning_count, warning_size;
	bool has_secret;
};

typedef void apply_entry(struct loading *l, const struct entry *entry);

static void begin(struct loading *l, struct buf *errors);
static struct settings *end(struct loading *l, const char *name, const struct settings *running, bool is_file);
static void on_section(void *arg, const struct ini_entry *head);
static void on_entry(void *arg, const struct ini_entry *ini);
static bool find_section(struct span name, enum section *section);
static void set_defaults(struct loading *l);
static void apply_each(struct loading *l, enum section section, apply_entry *apply);
static void apply_main(struct loading *l, const struct entry *entry);
static void apply_database(struct loading *l, const struct entry *entry);
static void apply_user(struct loading *l, const struct entry *entry);
static void apply_node(struct loading *l, const struct entry *entry);
static void apply_peer(struct loading *l, const struct entry *entry);
static void keep_start_values(struct loading *l, const char *name, const struct settings *running);
static void check_whole(struct loading *l, const char *name);
static void warn_of_readers(struct loading *l, const char *path);
static void warn(struct loading *l, const char *file, unsigned line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* ---- loading */

struct settings *settings_load(const char *path, const struct settings *running, struct buf *errors)
{
	struct loading l;
	begin(&l, errors);
	struct ini_reader reader = { .on_section = on_section, .on_entry = on_entry, .arg = &l };
	ini_read_file(path, &reader, errors);
	return end(&l, path, running, true);
}

struct settings *settings_parse(struct span text, const char *name, const struct settings *running, struct buf *errors)
{
	struct loading l;
	begin(&l, errors);
	struct ini_reader reader = { .on_section = on_section, .on_entry = on_entry, .arg = &l };
	ini_read_text(text, name, &reader, errors);
	return end(&l, name, running, false);
}

static void begin(struct loading *l, struct buf *errors)
{
	struct settings *settings = MEM_NEW(struct settings);
	settings->store = MEM_NEW(struct settings_store);
	atomic_init(&settings->ref_count, 1);
	*l = (struct loading){ .settings = settings, .keep = &settings->store->keep, .errors = errors };
	for (int i = 0; i < SECTION_COUNT; i++)
		l->end[i] = &l->first[i];
}

static struct settings *end(struct loading *l, const char *name, const struct settings *running, bool is_file)
{
	struct settings *settings = l->settings;
	set_defaults(l);
	apply_each(l, SECTION_MAIN, apply_main);
	settings->conffile = keep_text(l->keep, span_text(name));
	if (running)
		keep_start_values(l, name, running);
	settings->databases = keep_bytes(l->keep, l->count[SECTION_DATABASES] * sizeof *settings->databases);
	apply_each(l, SECTION_DATABASES, apply_database);
	apply_each(l, SECTION_USERS, apply_user);
	settings->nodes = keep_bytes(l->keep, l->count[SECTION_NODES] * sizeof *settings->nodes);
	apply_each(l, SECTION_NODES, apply_node);
	apply_each(l, SECTION_PEERS, apply_peer);
	check_whole(l, name);
	if (is_file)
		warn_of_readers(l, name);

	const char **warnings = keep_bytes(l->keep, l->warning_count * sizeof *warnings);
	if (l->warning_count)
		memcpy(warnings, l->warnings, l->warning_count * sizeof *warnings);
	settings->warnings = warnings;
	settings->warning_count = l->warning_count;
	mem_free(l->warnings);
	if (buf_held(l->errors) == 0)
		return settings;
	settings_unref(settings);
	return NULL;
}

static void on_section(void *arg, const struct ini_entry *head)
{
	struct loading *l = arg;
	enum section section;
	if (!find_section(head->section, &section))
		ini_complain(l->errors, head->file, head->line,
			     "unknown section [%.*s]: write [pgshunt], [databases], [users], [nodes] or [peers]",
			     (int)(head->section.len < 64 ? head->section.len : 64), head->section.ptr);
}

static void on_entry(void *arg, const struct ini_entry *ini)
{
	struct loading *l = arg;
	enum section section;
	if (!find_section(ini->section, &section))
		return; /* the section's own line was complained about */
	struct entry *entry = keep_bytes(l->keep, sizeof *entry);
	*entry = (struct entry){ .key = span_of(keep_text(l->keep, ini->key), ini->key.len),
				 .value = span_of(keep_text(l->keep, ini->value), ini->value.len),
				 .file = keep_text(l->keep, span_text(ini->file)),
				 .line = ini->line };
	*l->end[section] = entry;
	l->end[section] = &entry->next;
	l->count[section]++;
}

static bool find_section(struct span name, enum section *section)
{
	for (size_t i = 0; i < MEM_COUNT(sections); i++) {
		if (span_is_nocase(name, sections[i].name)) {
			*section = sections[i].section;
			return true;
		}
	}
	return false;
}

static void warn(struct loading *l, const char *file, unsigned line, const char *format, ...)
{
	char *text = NULL, *whole;
	va_list args;
	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return;
	whole = line ? mem_printf("%s:%u: %s", file, line, text) : mem_printf("%s: %s", file, text);
	if (l->warning_count == l->warning_size) {
		l->warning_size = l->warning_size ? l->warning_size * 2 : 16;
		l->warnings = mem_realloc(l->warnings, l->warning_size * sizeof *l->warnings);
	}
	l->warnings[l->warning_count++] = keep_text(l->keep, span_text(whole));
	mem_free(whole);
	mem_free(text);
}

static void set_defaults(struct loading *l)
{
	struct buf unused;
	buf_init(&unused, 0);
	for (size_t i = 0; i < SCHEMA_ROW_COUNT; i++) {
		const struct schema_row *row = &schema_rows[i];
		if (row->scopes & SCHEMA_GLOBAL)
			schema_read(row, span_text(row->default_text), l->keep, (char *)l->settings + row->global_at,
				    &unused);
	}
	buf_done(&unused);
}

static void apply_each(struct loading *l, enum section section, apply_entry *apply)
{
	for (const struct entry *entry = l->first[section]; entry; entry = entry->next)
		apply(l, entry);
}

/* ---- one value */

/* A value that is not the default and has no effect. */
static void warn_if_ignored(struct loading *l, const struct entry *entry, const char *subject,
			    const struct schema_row *row, struct span value, const void *field)
{
	union {
		int64_t number;
		struct setting_list list;
		const char *text;
	} standard = { 0 };
	struct buf unused;
	if (row->status == SCHEMA_WORKS)
		return;
	buf_init(&unused, 0);
	schema_read(row, span_text(row->default_text), l->keep, &standard, &unused);
	buf_done(&unused);
	if (!schema_equal(row, &standard, field))
		warn(l, entry->file, entry->line, "%s%s = %.*s is ignored: %s", subject, row->name,
		     (int)(value.len < 80 ? value.len : 80), value.ptr, row->why);
}

/* Reads one value into its field; `subject` ("database \"x\": ", or "") begins the messages. */
static void apply_value(struct loading *l, const struct entry *entry, const char *subject, const struct schema_row *row,
			struct span value, void *field)
{
	struct buf message;
	buf_init(&message, 0);
	enum schema_verdict verdict = schema_read(row, value, l->keep, field, &message);
	buf_add_u8(&message, 0);
	if (verdict == SCHEMA_REFUSE) {
		ini_complain(l->errors, entry->file, entry->line, "%s%s", subject, buf_head(&message));
	} else {
		if (verdict == SCHEMA_WARN)
			warn(l, entry->file, entry->line, "%s%s", subject, buf_head(&message));
		warn_if_ignored(l, entry, subject, row, value, field);
		l->has_secret |= row->kind == SCHEMA_SECRET && value.len;
	}
	buf_done(&message);
}

static void complain_of_key(struct loading *l, const struct entry *entry, const char *subject, enum schema_scope scope,
			    struct span key)
{
	static const struct {
		enum schema_scope scope;
		const char *place;
	} places[] = { { SCHEMA_GLOBAL, "section [pgshunt]" },
		       { SCHEMA_DATABASE, "a connect string in [databases]" },
		       { SCHEMA_USER, "section [users]" } };
	int len = (int)(key.len < 64 ? key.len : 64);
	for (size_t i = 0; i < MEM_COUNT(places); i++) {
		if (schema_find(places[i].scope, key)) {
			ini_complain(l->errors, entry->file, entry->line, "%s%.*s does not belong here: put it into %s",
				     subject, len, key.ptr, places[i].place);
			return;
		}
	}
	const char *nearest = schema_nearest(scope, key);
	if (nearest)
		ini_complain(l->errors, entry->file, entry->line, "%sunknown key \"%.*s\": did you mean %s?", subject,
			     len, key.ptr, nearest);
	else
		ini_complain(l->errors, entry->file, entry->line,
			     "%sunknown key \"%.*s\": doc/config.md lists the keys", subject, len, key.ptr);
}

static void apply_main(struct loading *l, const struct entry *entry)
{
	const struct schema_row *row = schema_find(SCHEMA_GLOBAL, entry->key);
	if (row)
		apply_value(l, entry, "", row, entry->value, (char *)l->settings + row->global_at);
	else
		complain_of_key(l, entry, "", SCHEMA_GLOBAL, entry->key);
}

/* ---- sections of connect strings */

static void add_named(struct loading *l, struct table *table, struct span name, void *record)
{
	struct named *named = keep_bytes(l->keep, sizeof *named);
	named->record = record;
	table_add(table, &named->item, name);
}

/* What the database has before its connect string is read. */
static void inherit(struct loading *l, struct database_settings *database)
{
	struct buf unused;
	buf_init(&unused, 0);
	for (size_t i = 0; i < SCHEMA_ROW_COUNT; i++) {
		const struct schema_row *row = &schema_rows[i];
		if (!(row->scopes & SCHEMA_DATABASE))
			continue;
		void *field = (char *)database + row->database_at;
		if (row->scopes & SCHEMA_GLOBAL)
			schema_copy(row, field, (char *)l->settings + row->global_at);
		else
			schema_read(row, span_text(row->default_text), l->keep, field, &unused);
	}
	database->pool_size = l->settings->default_pool_size;
	buf_done(&unused);
}

/* What hangs on several of its values. */
static void settle(struct loading *l, const struct entry *entry, const char *subject,
		   struct database_settings *database)
{
	const struct settings *settings = l->settings;
	/* A password belongs to the user that it was given for. */
	if (database->map_user != settings->map_user && database->map_password == settings->map_password)
		database->map_password = "";
	if (!*database->map_user)
		database->map_user = database->auth_user;
	database->hosts = database->host;
	if (database->host.count)
		return;
	if (!*settings->unix_socket_dir) {
		ini_complain(l->errors, entry->file, entry->line,
			     "%sno host, and unix_socket_dir is empty: add host=", subject);
		return;
	}
	const char **words = keep_bytes(l->keep, sizeof *words);
	words[0] = settings->unix_socket_dir;
	database->hosts = (struct setting_list){ words, 1 };
}

static void apply_database(struct loading *l, const struct entry *entry)
{
	if (settings_is_console(entry->key)) {
		ini_complain(l->errors, entry->file, entry->line,
			     "database \"%s\" is the console's own: use another name", entry->key.ptr);
		return;
	}
	struct settings *settings = l->settings;
	struct database_settings *database = settings_find(&settings->store->databases, entry->key);
	if (database == NULL) {
		database = &settings->databases[settings->database_count++];
		add_named(l, &settings->store->databases, entry->key, database);
	}
	*database = (struct database_settings){ .name = entry->key.ptr, .fallback = span_is(entry->key, "*") };
	inherit(l, database);

	char *subject = mem_printf("database \"%s\": ", entry->key.ptr);
	struct connect_cursor cursor;
	connect_init(&cursor, entry->value);
	while (connect_next(&cursor)) {
		const struct schema_row *row = schema_find(SCHEMA_DATABASE, cursor.key);
		if (row)
			apply_value(l, entry, subject, row, buf_span(&cursor.value),
				    (char *)database + row->database_at);
		else
			complain_of_key(l, entry, subject, SCHEMA_DATABASE, cursor.key);
	}
	if (cursor.wrong)
		ini_complain(l->errors, entry->file, entry->line, "%s%s", subject, cursor.wrong);
	connect_done(&cursor);
	settle(l, entry, subject, database);
	mem_free(subject);
}

static void apply_user(struct loading *l, const struct entry *entry)
{
	struct table *users = &l->settings->store->users;
	struct user_record *user = settings_find(users, entry->key);
	if (user == NULL) {
		user = keep_bytes(l->keep, sizeof *user);
		add_named(l, users, entry->key, user);
	}
	*user = (struct user_record){ 0 };

	char *subject = mem_printf("user \"%s\": ", entry->key.ptr);
	struct connect_cursor cursor;
	connect_init(&cursor, entry->value);
	while (connect_next(&cursor)) {
		const struct schema_row *row = schema_find(SCHEMA_USER, cursor.key);
		if (row) {
			apply_value(l, entry, subject, row, buf_span(&cursor.value), (char *)&user->own + row->user_at);
			user->given[row - schema_rows] = true;
		} else {
			complain_of_key(l, entry, subject, SCHEMA_USER, cursor.key);
		}
	}
	if (cursor.wrong)
		ini_complain(l->errors, entry->file, entry->line, "%s%s", subject, cursor.wrong);
	connect_done(&cursor);
	mem_free(subject);
}

/* host= and port= of a node or peer. Keys in `ignored` are let pass. */
static void read_address(struct loading *l, const struct entry *entry, const char *ignored, const char **host,
			 int *port)
{
	struct connect_cursor cursor;
	long long number;
	connect_init(&cursor, entry->value);
	while (connect_next(&cursor)) {
		struct span value = buf_span(&cursor.value);
		if (span_is(cursor.key, "host") && value.len) {
			*host = keep_text(l->keep, value);
		} else if (span_is(cursor.key, "port") && span_to_int(value, 1, 65535, &number)) {
			*port = (int)number;
		} else if (ignored == NULL || !span_is(cursor.key, ignored)) {
			cursor.wrong = "not an address: write host=name port=number, the number from 1 to 65535";
		}
	}
	if (cursor.wrong)
		ini_complain(l->errors, entry->file, entry->line, "\"%s\": %s", entry->key.ptr, cursor.wrong);
	connect_done(&cursor);
}

static void apply_node(struct loading *l, const struct entry *entry)
{
	struct settings *settings = l->settings;
	/* The last colon: the name may be an IPv6 address. */
	const char *colon = memrchr(entry->key.ptr, ':', entry->key.len);
	long long port = 0;
	if (colon == NULL || colon == entry->key.ptr || !span_to_int(span_text(colon + 1), 1, 65535, &port)) {
		ini_complain(l->errors, entry->file, entry->line,
			     "\"%s\" is not a node: write name:port, as in the metadata", entry->key.ptr);
		return;
	}
	struct node_address *node = &settings->nodes[settings->node_count++];
	node->name = keep_text(l->keep, span_of(entry->key.ptr, (size_t)(colon - entry->key.ptr)));
	node->port = (int)port;
	node->host = node->name;
	node->host_port = node->port;
	read_address(l, entry, NULL, &node->host, &node->host_port);
}

static void apply_peer(struct loading *l, const struct entry *entry)
{
	const char *host = NULL;
	int port = 6432;
	long long id;
	if (!span_to_int(entry->key, 1, 16383, &id))
		ini_complain(l->errors, entry->file, entry->line,
			     "\"%s\" is not a peer: write a number from 1 to 16383", entry->key.ptr);
	read_address(l, entry, "pool_size", &host, &port);
	if (host == NULL)
		ini_complain(l->errors, entry->file, entry->line, "peer %s has no host: add host=", entry->key.ptr);
	if (entry == l->first[SECTION_PEERS])
		warn(l, entry->file, entry->line, "[peers] is ignored: cancel requests are not handed to peers yet");
}

/* ---- the whole */

/* What changes only at start keeps the value that is in force. */
static void keep_start_values(struct loading *l, const char *name, const struct settings *running)
{
	struct buf old, new, unused;
	buf_init(&old, 0);
	buf_init(&new, 0);
	buf_init(&unused, 0);
	for (size_t i = 0; i < SCHEMA_ROW_COUNT; i++) {
		const struct schema_row *row = &schema_rows[i];
		void *field = (char *)l->settings + row->global_at;
		const void *in_force = (const char *)running + row->global_at;
		if (!(row->scopes & SCHEMA_GLOBAL) || row->at_reload || schema_equal(row, field, in_force))
			continue;
		buf_clear(&old);
		buf_clear(&new);
		schema_print(row, in_force, &old);
		schema_print(row, field, &new);
		warn(l, name, 0, "%s = %.*s takes effect at the next start: \"%.*s\" stays", row->name,
		     (int)buf_held(&new), buf_span(&new).ptr, (int)buf_held(&old), buf_span(&old).ptr);
		schema_read(row, buf_span(&old), l->keep, field, &unused);
	}
	buf_done(&old);
	buf_done(&new);
	buf_done(&unused);
}

static void check_whole(struct loading *l, const char *name)
{
	const struct settings *settings = l->settings;
	if (buf_held(l->errors))
		return;
	if (settings->listen_addr.count == 0 && !*settings->unix_socket_dir)
		ini_complain(l->errors, name, 0, "nothing to listen on: set listen_addr or unix_socket_dir");
	if (settings->database_count == 0)
		warn(l, name, 0, "[databases] is empty: only the console can be reached");
}

static void warn_of_readers(struct loading *l, const char *path)
{
	struct stat st;
	if (l->has_secret && stat(path, &st) == 0 && (st.st_mode & S_IROTH))
		warn(l, path, 0, "holds passwords and everybody may read it: chmod o-r");
}
