/* The prepared statements of one client: its names for shared statements. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "base/table.h"
#include "pool/statement.h"
#include "route/router.h"

struct name {
	struct table_item item;
	unsigned ref_count;
	bool listed;                 /* in the client's table */
	char *text;                  /* "" = unnamed */
	struct statement *statement; /* counted */
	struct script *script;       /* kept; NULL until read */
	uint64_t env_version;        /* of the client, when `script` was read */
};

struct names {
	struct table by_text;
};

void names_init(struct names *names);
void names_done(struct names *names);
struct name *names_find(const struct names *names, struct span text);
/* Lists a new name (one reference for the list, one for the caller); an older one of the same text is unlisted. */
struct name *names_add(struct names *names, struct span text, struct statement *statement);
/* Lists an unlisted one again, unless the text is taken. */
void names_relist(struct names *names, struct name *name);
void names_remove(struct names *names, struct name *name); /* unlists it; harmless if it is not listed */
void names_clear(struct names *names);
size_t names_count(const struct names *names);

struct name *name_ref(struct name *name);
void name_unref(struct name *name); /* NULL is fine */
