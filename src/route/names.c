/* search_path is split as SplitIdentifierString() (src/backend/utils/adt/varlena.c) does, and searched as
 * RelnameGetRelid() (src/backend/catalog/namespace.c) does: temporary tables first, then pg_catalog
 * unless it is listed, then the path. Temporary tables need no look: a session that
 * has any keeps its server and is not routed. */
#include "route/names.h"

#include "base/mem.h"

static bool next_element(struct span *rest, struct arena *arena, struct span *element, bool *quoted);
static void add_schema(struct names *names, struct span schema);
static bool is_catalog_name(struct span name);

void names_init(struct names *names, struct arena *arena, const struct map *map, struct span role,
		const char *search_path)
{
	*names = (struct names){ .map = map };
	if (search_path == NULL || map == NULL)
		return;
	struct span rest = span_trim(span_text(search_path));
	names->path_known = true;
	names->schemas = ARENA_ARRAY(arena, rest.len / 2 + 2, struct span);
	while (names->path_known && rest.len != 0) {
		struct span element;
		bool quoted;
		if (!next_element(&rest, arena, &element, &quoted)) {
			names->path_known = false;
		} else if (span_is(element, "$user")) {
			/* Copied: the caller's string may be gone when a plan is read again. */
			add_schema(names, span_of(arena_text(arena, role), role.len));
		} else if (span_is(element, "pg_catalog")) {
			names->catalog_listed = true;
		} else if (span_is(element, "information_schema")) {
			names->path_known = false; /* what is in there is not in the map */
		} else {
			add_schema(names, element);
		}
	}
}

const struct map_relation *names_relation(const struct names *names, const struct tree *node, enum reason *why)
{
	struct span name = span_text(tree_own_name(node));
	const char *schema = tree_schema(node);
	const struct map_relation *found = NULL;
	*why = REASON_NAME_UNKNOWN;
	if (node->mark & RELATION_DATABASE)
		return NULL;
	if (is_catalog_name(schema ? span_text(schema) : name)) {
		*why = REASON_LOCAL_TABLE;
		return NULL;
	}
	if (schema != NULL)
		return map_find_relation(names->map, span_text(schema), name);
	if (!names->path_known) {
		*why = REASON_SEARCH_PATH;
		return NULL;
	}
	if (map_find_relation(names->map, span_text("pg_catalog"), name) != NULL) {
		*why = REASON_LOCAL_TABLE;
		return NULL;
	}
	for (size_t i = 0; i < names->schema_count; i++) {
		const struct map_relation *here = map_find_relation(names->map, names->schemas[i], name);
		if (here != NULL && found != NULL)
			return NULL;
		if (here != NULL)
			found = here;
	}
	return found;
}

bool names_hides_type(const struct names *names, const char *type)
{
	if (names->path_known && !names->catalog_listed)
		return false;
	for (size_t i = 0; i < names->schema_count; i++)
		if (map_find_relation(names->map, names->schemas[i], span_text(type)) != NULL)
			return true;
	return !names->path_known;
}

/* One element of the list, folded unless it is quoted; *rest moves behind its comma. */
static bool next_element(struct span *rest, struct arena *arena, struct span *element, bool *quoted)
{
	char *text = arena_take(arena, rest->len + 1);
	size_t len = 0, at = 0;
	*quoted = rest->ptr[0] == '"';
	if (*quoted) {
		for (at = 1; at < rest->len; at++) {
			if (rest->ptr[at] == '"' && (at + 1 == rest->len || rest->ptr[at + 1] != '"'))
				break;
			at += rest->ptr[at] == '"'; /* "" stands for one */
			text[len++] = rest->ptr[at];
		}
		if (at++ >= rest->len)
			return false;
	} else {
		for (; at < rest->len && rest->ptr[at] != ',' && strchr(" \t\n\r\f\v", rest->ptr[at]) == NULL; at++) {
			char c = rest->ptr[at];
			if ((unsigned char)c >= 0x80) /* folded by the server's locale, perhaps */
				return false;
			text[len++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		}
	}
	*rest = span_trim(span_of(rest->ptr + at, rest->len - at));
	if (len == 0 && !*quoted)
		return false;
	*element = span_of(text, len);
	if (rest->len == 0)
		return true;
	if (rest->ptr[0] != ',')
		return false;
	*rest = span_trim(span_of(rest->ptr + 1, rest->len - 1));
	return rest->len != 0; /* nothing behind the last comma */
}

static void add_schema(struct names *names, struct span schema)
{
	if (!map_has_schema(names->map, schema))
		return;
	for (size_t i = 0; i < names->schema_count; i++)
		if (span_equal(names->schemas[i], schema))
			return;
	names->schemas[names->schema_count++] = schema;
}

/* Names that PostgreSQL and Citus keep for themselves, as relations or as schemas: what is behind them
 * is each node's own. */
static bool is_catalog_name(struct span name)
{
	static const char *const prefixes[] = { "pg_", "citus_" };
	for (size_t i = 0; i < MEM_COUNT(prefixes); i++) {
		size_t len = strlen(prefixes[i]);
		if (name.len >= len && memcmp(name.ptr, prefixes[i], len) == 0)
			return true;
	}
	return span_is(name, "information_schema") || span_is(name, "citus");
}
