/* What a snapshot owns: its memory, and its records by name. Between load.c, which
 * fills it, and settings.c. */
#pragma once

#include "base/table.h"
#include "conf/keep.h"
#include "conf/schema.h"
#include "conf/snapshot.h"

/* What is known of one user: which of the fields were given. */
struct user_record {
	struct user_settings own;
	bool given[SCHEMA_ROW_COUNT];
};

/* A record under its name. */
struct named {
	struct table_item item;
	void *record;
};

struct settings_store {
	struct keep keep;
	struct table databases; /* struct named -> struct database_settings */
	struct table users; /* struct named -> struct user_record */
};

/* The record of that name, NULL if there is none. */
void *settings_find(const struct table *table, struct span name);
