/* THE command table: a row is all that there is of a command: its name, what follows the
 * name, who may, the columns of its rows, and a line of help. SHOW HELP and
 * doc/admin.md are made from it. */
#pragma once

#include <stdbool.h>

#include "admin/words.h"
#include "base/buf.h"

struct ask;

enum command_argument {
	ARGUMENT_NONE,
	ARGUMENT_OPTION, /* one word, or none */
	ARGUMENT_NEEDED, /* one word */
	ARGUMENT_REST, /* the function reads it from ask->words */
};

struct command {
	const char *name; /* words of capitals */
	enum command_argument argument;
	const char *usage; /* what follows the name, for people; "" if nothing */
	bool stats; /* stats_users may, too */
	const char *columns; /* joined by ", "; NULL if it has no rows */
	const char *help;
	void (*run)(struct ask *ask);
};

extern const struct command commands[];
extern const unsigned command_count;

/* The command whose name stands first (the longest that fits), whatever its case; takes the name. */
const struct command *commands_find(struct words *words);
bool command_allowed(const struct command *command, bool admin);
/* What SHOW HELP prints: a line for each command. */
void commands_help(struct buf *out);
/* The part of doc/admin.md that lists the commands. */
void commands_manual(struct buf *out);
