/* What a reading says of itself: for EXPLAIN ROUTE and SHOW ROUTES. */
#include "base/buf.h"
#include "route/decide.h"
#include "route/router.h"

static void explain_value(const struct reading *reading, const struct source *source, const struct map_column *column,
			  const struct route_param *params, unsigned param_count, struct buf *out);

void route_explain_template(const struct script *script, struct buf *out)
{
	template_show(reading_of(script)->plan->template, out);
}

void route_explain_tables(const struct script *script, size_t part, struct buf *out)
{
	const struct recipe *recipe = script->parts[part].recipe;
	for (size_t i = 0; recipe != NULL && i < recipe->relation_count; i++)
		buf_add_printf(out, "%s%s.%s", i ? ", " : "", recipe->relations[i]->schema, recipe->relations[i]->name);
}

void route_explain_key(const struct script *script, size_t part, const struct route_param *params, unsigned param_count,
		       struct buf *out)
{
	const struct recipe *recipe = script->parts[part].recipe;
	const struct tie *tie = recipe != NULL && recipe->kind == RECIPE_TIED ? recipe->ties : NULL;
	for (unsigned k = 0; tie != NULL && k < tie->relation->key_count; k++) {
		const struct map_column *column = &tie->relation->columns[tie->relation->key_columns[k]];
		buf_add_printf(out, "%s%s = ", k ? " AND " : "", column->name);
		explain_value(reading_of(script), tie->keys[k], column, params, param_count, out);
	}
}

/* As it stands in the text, or as it was bound; a binary parameter by its number or its characters. */
static void explain_value(const struct reading *reading, const struct source *source, const struct map_column *column,
			  const struct route_param *params, unsigned param_count, struct buf *out)
{
	struct key_value value;
	char room[DECIDE_TEXT_BYTES];
	bool bound = source->kind == SOURCE_PARAM && source->index < param_count;
	if (source->kind == SOURCE_SLOT) {
		const struct slot *slot = &reading->slots[source->index];
		buf_add_text(out, source->negative ? "-" : "");
		buf_add(out, reading->text.ptr + slot->start, slot->end - slot->start);
	} else if (source->kind == SOURCE_TRUE || source->kind == SOURCE_FALSE) {
		buf_add_text(out, source->kind == SOURCE_TRUE ? "true" : "false");
	} else if (source->kind == SOURCE_NULL || (bound && params[source->index].null)) {
		buf_add_text(out, "NULL");
	} else if (source->kind == SOURCE_UNCERTAIN) {
		buf_add_text(out, "an expression");
	} else if (!bound) {
		buf_add_printf(out, "$%u", source->index + 1);
	} else if (!params[source->index].binary) {
		buf_add_span(out, params[source->index].bytes);
	} else if (decide_value(reading, source, column, -1, params, param_count, &value, room) != REASON_KEY) {
		buf_add_printf(out, "$%u", source->index + 1);
	} else if (key_bytes(&value).len == 0) {
		buf_add_printf(out, "%lld", (long long)value.number);
	} else if (value.type == TYPE_UUID || value.type == TYPE_BYTEA) {
		for (size_t i = 0; i < key_bytes(&value).len; i++)
			buf_add_printf(out, "%02x", (unsigned char)key_bytes(&value).ptr[i]);
	} else {
		buf_add_span(out, key_bytes(&value));
	}
}
