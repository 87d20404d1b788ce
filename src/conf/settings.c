/* Snapshots in use: counting, looking up, showing. load.c makes them. */
#include "conf/settings.h"

#include "base/mem.h"
#include "conf/store.h"

struct settings *settings_ref(const struct settings *settings)
{
	/* The count is the one thing that changes in a shared snapshot. */
	struct settings *counted = (struct settings *)settings;
	atomic_fetch_add_explicit(&counted->ref_count, 1, memory_order_relaxed);
	return counted;
}

void settings_unref(const struct settings *settings)
{
	struct settings *counted = (struct settings *)settings;
	if (counted == NULL || atomic_fetch_sub_explicit(&counted->ref_count, 1, memory_order_acq_rel) != 1)
		return;
	table_done(&counted->store->databases);
	table_done(&counted->store->users);
	keep_done(&counted->store->keep);
	mem_free(counted->store);
	mem_free(counted);
}

bool settings_is_console(struct span database)
{
	return span_is(database, "pgshunt") || span_is(database, "pgbouncer");
}

const struct database_settings *settings_database(const struct settings *settings, struct span name)
{
	if (settings_is_console(name))
		return NULL;
	const struct database_settings *database = settings_find(&settings->store->databases, name);
	return database ? database : settings_find(&settings->store->databases, span_text("*"));
}

struct user_settings settings_user(const struct settings *settings, const struct database_settings *database,
				   struct span user)
{
	struct user_settings result = { .pool_size = settings->default_pool_size };
	const struct user_record *record = settings_find(&settings->store->users, user);
	for (size_t i = 0; i < SCHEMA_ROW_COUNT; i++) {
		const struct schema_row *row = &schema_rows[i];
		if (!(row->scopes & SCHEMA_USER))
			continue;
		void *field = (char *)&result + row->user_at;
		if (record && record->given[i])
			schema_copy(row, field, (const char *)&record->own + row->user_at);
		else if (database && (row->scopes & SCHEMA_DATABASE))
			schema_copy(row, field, (const char *)database + row->database_at);
		else if (row->scopes & SCHEMA_GLOBAL)
			schema_copy(row, field, (const char *)settings + row->global_at);
	}
	return result;
}

bool settings_node(const struct settings *settings, struct span name, int port, const char **host, int *host_port)
{
	/* From the end: the last entry of a node wins. */
	for (size_t i = settings->node_count; i-- > 0;) {
		const struct node_address *node = &settings->nodes[i];
		if (node->port == port && span_is(name, node->name)) {
			*host = node->host;
			*host_port = node->host_port;
			return true;
		}
	}
	return false;
}

bool setting_list_has(const struct setting_list *list, struct span word)
{
	for (size_t i = 0; i < list->count; i++)
		if (span_is(word, list->words[i]))
			return true;
	return false;
}

void settings_each(const struct settings *settings, void (*on_setting)(void *arg, const struct setting_view *view),
		   void *arg)
{
	struct buf value;
	buf_init(&value, 0);
	for (size_t i = 0; i < SCHEMA_ROW_COUNT; i++) {
		const struct schema_row *row = &schema_rows[i];
		if (!(row->scopes & SCHEMA_GLOBAL))
			continue;
		buf_clear(&value);
		schema_print(row, (const char *)settings + row->global_at, &value);
		buf_add_u8(&value, 0);
		struct setting_view view = { .name = row->name,
					     .value = buf_head(&value),
					     .default_value = row->default_text,
					     .help = row->help,
					     .changeable = row->at_reload };
		on_setting(arg, &view);
	}
	buf_done(&value);
}

void *settings_find(const struct table *table, struct span name)
{
	struct table_item *item = table_find(table, name);
	return item ? TABLE_ITEM(item, struct named, item)->record : NULL;
}
