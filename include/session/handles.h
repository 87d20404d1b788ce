/* The prepared statements of one client: its handles for shared statements. */
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
	bool listed;                 /* in the client's table */
	char *text;                  /* "" = unnamed */
	struct statement *statement; /* counted */
	struct script *script;       /* kept; NULL until read */
	uint64_t env_version;        /* of the client, when `script` was read */
};

struct handles {
	struct table by_text;
};

void handles_init(struct handles *handles);
void handles_done(struct handles *handles);
struct handle *handles_find(const struct handles *handles, struct span text);
/* Lists a new name (one reference for the list, one for the caller); an older one of the same text is unlisted. */
struct handle *handles_add(struct handles *handles, struct span text, struct statement *statement);
/* Lists an unlisted one again, unless the text is taken. */
void handles_relist(struct handles *handles, struct handle *handle);
void handles_remove(struct handles *handles, struct handle *handle); /* unlists it; harmless if it is not listed */
void handles_clear(struct handles *handles);
size_t handles_count(const struct handles *handles);

struct handle *handle_ref(struct handle *handle);
void handle_unref(struct handle *handle); /* NULL is fine */
