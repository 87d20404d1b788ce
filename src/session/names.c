/* A client's names, counted because answers on their way refer to them. */
#include "session/names.h"

#include "base/mem.h"

void names_init(struct names *names)
{
	table_init(&names->by_text);
}

void names_done(struct names *names)
{
	names_clear(names);
	table_done(&names->by_text);
}

struct name *names_find(const struct names *names, struct span text)
{
	struct table_item *found = table_find(&names->by_text, text);
	return found ? TABLE_ITEM(found, struct name, item) : NULL;
}

struct name *names_add(struct names *names, struct span text, struct statement *statement)
{
	struct name *old = names_find(names, text);
	if (old)
		names_remove(names, old);
	struct name *name = MEM_NEW(struct name);
	name->text = mem_strndup(text.ptr, text.len);
	name->statement = statement_ref(statement);
	name->ref_count = 2;
	name->listed = true;
	table_add(&names->by_text, &name->item, span_of(name->text, text.len));
	return name;
}

void names_relist(struct names *names, struct name *name)
{
	if (name->listed || names_find(names, span_text(name->text)))
		return;
	name->listed = true;
	name_ref(name);
	table_add(&names->by_text, &name->item, span_text(name->text));
}

void names_remove(struct names *names, struct name *name)
{
	if (!name->listed)
		return;
	name->listed = false;
	table_remove(&names->by_text, &name->item);
	name_unref(name);
}

void names_clear(struct names *names)
{
	TABLE_EACH(it, &names->by_text)
		names_remove(names, TABLE_ITEM(it, struct name, item));
}

size_t names_count(const struct names *names)
{
	return names->by_text.count;
}

struct name *name_ref(struct name *name)
{
	name->ref_count++;
	return name;
}

void name_unref(struct name *name)
{
	if (name == NULL || --name->ref_count)
		return;
	statement_unref(name->statement);
	if (name->script)
		router_drop(name->script);
	mem_free(name->text);
	mem_free(name);
}
