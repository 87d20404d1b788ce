/* A client's handles, counted because answers on their way refer to them. */
#include "session/handles.h"

#include "base/mem.h"

void handles_init(struct handles *handles)
{
	table_init(&handles->by_text);
}

void handles_done(struct handles *handles)
{
	handles_clear(handles);
	table_done(&handles->by_text);
}

struct handle *handles_find(const struct handles *handles, struct span text)
{
	struct table_item *found = table_find(&handles->by_text, text);
	return found ? TABLE_ITEM(found, struct handle, item) : NULL;
}

struct handle *handles_add(struct handles *handles, struct span text, struct statement *statement)
{
	struct handle *old = handles_find(handles, text), *handle = MEM_NEW(struct handle);
	if (old) {
		handle->replaced = handle_ref(old);
		handles_remove(handles, old);
	}
	handle->text = mem_strndup(text.ptr, text.len);
	handle->statement = statement_ref(statement);
	handle->ref_count = 2;
	handle->listed = true;
	table_add(&handles->by_text, &handle->item, span_of(handle->text, text.len));
	return handle;
}

void handles_undo(struct handles *handles, struct handle *handle)
{
	struct handle *replaced = handle->replaced;
	handle->replaced = NULL;
	if (handle->listed) {
		handles_remove(handles, handle);
		if (replaced)
			handles_relist(handles, replaced);
	}
	handle_unref(replaced);
}

void handle_settle(struct handle *handle)
{
	handle_unref(handle->replaced);
	handle->replaced = NULL;
}

void handles_relist(struct handles *handles, struct handle *handle)
{
	if (handle->listed || handles_find(handles, span_text(handle->text)))
		return;
	handle->listed = true;
	handle_ref(handle);
	table_add(&handles->by_text, &handle->item, span_text(handle->text));
}

void handles_remove(struct handles *handles, struct handle *handle)
{
	if (!handle->listed)
		return;
	handle->listed = false;
	table_remove(&handles->by_text, &handle->item);
	handle_unref(handle);
}

void handles_remove_unnamed(struct handles *handles)
{
	struct handle *unnamed = handles_find(handles, span_of("", 0));
	if (unnamed)
		handles_remove(handles, unnamed);
}

void handles_clear_named(struct handles *handles)
{
	TABLE_EACH (it, &handles->by_text)
		if (it->key.len)
			handles_remove(handles, TABLE_ITEM(it, struct handle, item));
}

void handles_clear(struct handles *handles)
{
	TABLE_EACH (it, &handles->by_text)
		handles_remove(handles, TABLE_ITEM(it, struct handle, item));
}

size_t handles_count(const struct handles *handles)
{
	return handles->by_text.count;
}

struct handle *handle_ref(struct handle *handle)
{
	handle->ref_count++;
	return handle;
}

void handle_unref(struct handle *handle)
{
	/* A loop: a client decides how long the chain is. */
	while (handle && --handle->ref_count == 0) {
		struct handle *replaced = handle->replaced;
		statement_unref(handle->statement);
		if (handle->script)
			router_drop(handle->script);
		mem_free(handle->text);
		mem_free(handle);
		handle = replaced;
	}
}
