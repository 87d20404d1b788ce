/* What every kind of cluster has: names, columns, and settings of sessions. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "cluster/reading.h"
#include "cluster/text.h"

static void fill_relations(const PGresult *rows, struct map_builder *b);
static void fill_columns(const PGresult *rows, struct map_builder *b);
static void fill_names(PGresult *const *results, struct map_builder *b);
static void fill_settings(PGresult *const *results, struct map_builder *b);
static enum map_default default_of(const PGresult *rows, int row);

void catalog_fill(const struct reading *reading, struct map_builder *b)
{
	PGresult *const *results = reading->results;
	for (int row = 0; row < rows_of(results[QUERY_SCHEMAS]); row++)
		map_builder_schema(b, cell(results[QUERY_SCHEMAS], row, 0));
	fill_relations(results[QUERY_RELATIONS], b);
	fill_columns(results[QUERY_COLUMNS], b);
	fill_names(results, b);
	fill_settings(results, b);
	if (rows_of(results[QUERY_NONSTANDARD]))
		map_builder_nonstandard_catalog(b);
	/* What a node has besides could mean something else there: nobody's name is then PostgreSQL's own. */
	for (size_t i = 1; i < reading->node_count; i++)
		if (reading->nodes[i].results)
			fill_names(reading->nodes[i].results, b);
}

static void fill_relations(const PGresult *rows, struct map_builder *b)
{
	for (int row = 0; row < rows_of(rows); row++) {
		char relkind = cell(rows, row, RELATION_KIND)[0];
		enum map_relation_kind kind = relkind == 'v'   ? MAP_RELATION_VIEW
					      : relkind == 'S' ? MAP_RELATION_SEQUENCE
					      : relkind == 'f' ? MAP_RELATION_FOREIGN
							       : MAP_RELATION_LOCAL;
		struct map_relation *relation =
			map_builder_relation(b, cell_oid(rows, row, RELATION_OID), cell(rows, row, RELATION_SCHEMA),
					     cell(rows, row, RELATION_NAME), kind);
		relation->same_on = (uint64_t)1 << MAP_NODE_COORDINATOR;
	}
}

/* All numbers are there, those of dropped columns too: column n of a relation is its element n - 1. */
static void fill_columns(const PGresult *rows, struct map_builder *b)
{
	struct map_relation *relation = NULL;
	for (int row = 0; row < rows_of(rows); row++) {
		uint32_t oid = cell_oid(rows, row, COLUMN_RELATION);
		if (relation == NULL || relation->oid != oid)
			relation = map_builder_find(b, oid);
		if (relation == NULL || (long long)relation->column_count + 1 != cell_number(rows, row, COLUMN_NUMBER))
			continue; /* it came into being after the snapshot of the relations */
		struct map_column column = {
			.name = PQgetvalue(rows, row, COLUMN_NAME),
			.type = cell_oid(rows, row, COLUMN_TYPE),
			.typmod = (int32_t)cell_number(rows, row, COLUMN_TYPMOD),
			.collation = cell_oid(rows, row, COLUMN_COLLATION),
			.collation_deterministic = cell_bool(rows, row, COLUMN_DETERMINISTIC),
			.has_default = default_of(rows, row),
			.dropped_or_system = cell_bool(rows, row, COLUMN_DROPPED),
		};
		map_builder_column(b, relation, &column);
	}
}

static enum map_default default_of(const PGresult *rows, int row)
{
	if (cell(rows, row, COLUMN_GENERATED)[0])
		return MAP_DEFAULT_GENERATED;
	if (cell(rows, row, COLUMN_IDENTITY)[0])
		return MAP_DEFAULT_SEQUENCE;
	if (!cell_is_null(rows, row, COLUMN_DEFAULT))
		return text_default(cell(rows, row, COLUMN_DEFAULT), cell_bool(rows, row, COLUMN_DEFAULT_CALLS_SAFE));
	return cell_bool(rows, row, COLUMN_TYPE_HAS_DEFAULT) ? MAP_DEFAULT_OTHER : MAP_DEFAULT_NONE;
}

static void fill_names(PGresult *const *results, struct map_builder *b)
{
	const PGresult *operators = results[QUERY_OPERATORS];
	for (int row = 0; row < rows_of(results[QUERY_FUNCTIONS]); row++)
		map_builder_user_function(b, cell(results[QUERY_FUNCTIONS], row, 0));
	for (int row = 0; row < rows_of(results[QUERY_TYPES]); row++)
		map_builder_user_type(b, cell(results[QUERY_TYPES], row, 0));
	for (int row = 0; row < rows_of(operators); row++)
		map_builder_user_operator(b, cell(operators, row, OPERATOR_NAME),
					  cell_oid(operators, row, OPERATOR_LEFT),
					  cell_oid(operators, row, OPERATOR_RIGHT));
}

/* The configuration's own values come last, as what holds for all roles everywhere. If the login that reads has a
 * setting of its own, the configuration's cannot be seen: then search_path is given as empty, so that
 * no unqualified name is found. */
static void fill_settings(PGresult *const *results, struct map_builder *b)
{
	static const char *const from_role[] = { "user", "database", "database user", "client", "override" };
	const PGresult *roles = results[QUERY_ROLE_SETTINGS], *settings = results[QUERY_SETTINGS];
	for (int row = 0; row < rows_of(roles); row++) {
		const char *text = cell(roles, row, ROLE_SETTING_TEXT);
		int len = text_setting_name(text);
		if (len < 0)
			continue;
		char *name = mem_strndup(text, (size_t)len);
		bool for_all = cell_is_null(roles, row, ROLE_SETTING_ROLE);
		struct map_setting setting = { .role = for_all ? NULL : PQgetvalue(roles, row, ROLE_SETTING_ROLE),
					       .for_database = cell_bool(roles, row, ROLE_SETTING_FOR_DATABASE),
					       .name = name,
					       .value = PQgetvalue(roles, row, ROLE_SETTING_TEXT) + len + 1 };
		map_builder_setting(b, &setting);
		mem_free(name);
	}
	for (int row = 0; row < rows_of(settings); row++) {
		char empty[] = "";
		struct map_setting setting = { .name = PQgetvalue(settings, row, SETTING_NAME),
					       .value = PQgetvalue(settings, row, SETTING_VALUE) };
		bool masked = false;
		for (size_t i = 0; i < MEM_COUNT(from_role); i++)
			masked |= strcmp(cell(settings, row, SETTING_SOURCE), from_role[i]) == 0;
		if (strcmp(setting.name, "server_encoding") == 0)
			map_builder_encoding(b, setting.value);
		else if (strcmp(setting.name, "search_path") == 0 && masked)
			setting.value = empty;
		else if (masked)
			continue;
		map_builder_setting(b, &setting);
	}
}

/* --- nodes --- */

/* Settings that the server reports are put right by whoever lends the session out; these are not. */
static bool decides_meaning(const char *setting)
{
	static const char *const names[] = { "client_encoding", "DateStyle", "IntervalStyle", "TimeZone" };
	for (size_t i = 0; i < MEM_COUNT(names); i++)
		if (strcmp(names[i], setting) == 0)
			return false;
	return true;
}

static bool same_settings(const PGresult *ours, const PGresult *theirs)
{
	if (rows_of(ours) != rows_of(theirs))
		return false;
	for (int row = 0; row < rows_of(ours); row++) {
		if (strcmp(cell(ours, row, SETTING_NAME), cell(theirs, row, SETTING_NAME)) != 0)
			return false;
		if (strcmp(cell(ours, row, SETTING_VALUE), cell(theirs, row, SETTING_VALUE)) != 0 &&
		    decides_meaning(cell(ours, row, SETTING_NAME)))
			return false;
	}
	return true;
}

static bool same_rows(const PGresult *ours, const PGresult *theirs)
{
	if (rows_of(ours) != rows_of(theirs))
		return false;
	for (int row = 0; row < rows_of(ours); row++)
		for (int column = 0; column < PQnfields(ours); column++)
			if (strcmp(cell(ours, row, column), cell(theirs, row, column)) != 0)
				return false;
	return true;
}

const char *catalog_compare(const struct reading *reading, const struct reading_node *node)
{
	PGresult *const *theirs = node->results;
	if (strcmp(cell(reading->results[QUERY_LOOK], 0, LOOK_LOCALE), cell(theirs[QUERY_LOOK], 0, LOOK_LOCALE)) != 0)
		return "its database has another encoding or locale than the coordinator's";
	if (!same_settings(reading->results[QUERY_SETTINGS], theirs[QUERY_SETTINGS]))
		return "its configuration gives sessions another search_path, or another setting that decides what "
		       "statements mean, than the coordinator's";
	if (!same_rows(reading->results[QUERY_ROLE_SETTINGS], theirs[QUERY_ROLE_SETTINGS]))
		return "its roles or database have other settings (ALTER ROLE or DATABASE … SET) than the "
		       "coordinator's";
	if (rows_of(theirs[QUERY_NONSTANDARD]))
		return "somebody has added objects to pg_catalog there";
	return NULL;
}
