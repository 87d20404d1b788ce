/* A table by template and a list by use. A tally that was forgotten while a plan still counts
 * in it lives on, unseen, until the plan is gone. */
#include "route/tally.h"

#include "base/buf.h"
#include "base/mem.h"
#include "route/template.h"

static void forget(struct tallies *tallies, struct tally *tally);
static struct tally *tally_new(struct span template, uint64_t template_id);

void tallies_init(struct tallies *tallies, size_t max_bytes)
{
	*tallies = (struct tallies){ .max_bytes = max_bytes };
	table_init(&tallies->table);
	list_init(&tallies->use_order);
}

void tallies_done(struct tallies *tallies)
{
	LIST_EACH (item, &tallies->use_order)
		forget(tallies, LIST_ITEM(item, struct tally, in_use_order));
	table_done(&tallies->table);
}

struct tally *tallies_get(struct tallies *tallies, struct span template, uint64_t template_id)
{
	struct table_item *item = table_find_hashed(&tallies->table, template, template_id);
	struct tally *tally = item ? TABLE_ITEM(item, struct tally, in_table) : NULL;
	if (tally == NULL) {
		if (template.len > tallies->max_bytes / 16)
			return NULL;
		tally = tally_new(template, template_id);
		table_add_hashed(&tallies->table, &tally->in_table, tally->in_table.key, template_id);
		tallies->held_bytes += tally->held_bytes;
	}
	list_remove(&tally->in_use_order);
	list_prepend(&tallies->use_order, &tally->in_use_order);
	tally->refs++;
	while (tallies->held_bytes > tallies->max_bytes)
		forget(tallies, LIST_ITEM(list_last(&tallies->use_order), struct tally, in_use_order));
	return tally;
}

void tally_put(struct tally *tally)
{
	if (tally != NULL && --tally->refs == 0)
		mem_free(tally);
}

static void forget(struct tallies *tallies, struct tally *tally)
{
	table_remove(&tallies->table, &tally->in_table);
	list_remove(&tally->in_use_order);
	tallies->held_bytes -= tally->held_bytes;
	tally_put(tally);
}

static struct tally *tally_new(struct span template, uint64_t template_id)
{
	struct buf shown;
	buf_init(&shown, 0);
	template_show(template, &shown);
	size_t shown_len = buf_held(&shown);
	struct tally *tally = mem_zalloc(sizeof *tally + template.len + shown_len + 1);
	char *key = (char *)(tally + 1), *text = key + template.len;
	if (template.len != 0)
		memcpy(key, template.ptr, template.len);
	if (shown_len != 0)
		memcpy(text, buf_head(&shown), shown_len);
	buf_done(&shown);
	tally->in_table.key = span_of(key, template.len);
	tally->stats = (struct route_template_stats){ .template_id = template_id, .text = text, .node = -1 };
	tally->held_bytes = sizeof *tally + template.len + shown_len + 1;
	tally->refs = 1;
	list_init(&tally->in_use_order);
	return tally;
}
