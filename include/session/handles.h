/* The prepared statements of one client: its handles for shared statements.
 *
 * A Parse lists its handle when it is read, before any server has seen it. If the
 * server never comes to it, since something ahead of it failed, handles_undo lists
 * the one that stood there before; when it was answered, handle_settle forgets that. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/table.h"
#include "pool/statement.h"
#include "route/router.h"

struct handle {
	struct table_item item;
	unsigned ref_count;
	bool listed; /* in the client's table */
	struct handle *replaced; /* of the same text, unlisted by this one; counted, NULL once settled */
	char *text; /* "" = unnamed */
	struct statement *statement; /* counted */
	struct script *script; /* kept; NULL until read */
	uint64_t read_version; /* of the client, when `statement` was found under its settings */
	uint64_t env_version; /* of the client, when `script` was read */
};

struct handles {
	struct table by_text;
};

void handles_init(struct handles *handles);
void handles_done(struct handles *handles);
struct handle *handles_find(const struct handles *handles, struct span text);
/* Lists a new name (one reference for the list, one for the caller); an older one of the same text is unlisted. */
struct handle *handles_add(struct handles *handles, struct span text, struct statement *statement);
/* Unlists it and lists what it replaced. */
void handles_undo(struct handles *handles, struct handle *handle);
/* Lists an unlisted one again, unless the text is taken. */
void handles_relist(struct handles *handles, struct handle *handle);
void handles_remove(struct handles *handles, struct handle *handle); /* unlists it; harmless if it is not listed */
void handles_remove_unnamed(struct handles *handles);
void handles_clear_named(struct handles *handles); /* DEALLOCATE ALL: the unnamed one stays */
void handles_clear(struct handles *handles);
size_t handles_count(const struct handles *handles);

/* Its Parse was carried out, or failed by itself: there is no way back. */
void handle_settle(struct handle *handle);
struct handle *handle_ref(struct handle *handle);
void handle_unref(struct handle *handle); /* NULL is fine */
