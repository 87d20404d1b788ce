/* What the console needs of the process. */
#pragma once

#include "session/sessions.h"

/* SHUTDOWN, SHUTDOWN WAIT_FOR_SERVERS, SHUTDOWN WAIT_FOR_CLIENTS */
enum console_shutdown { SHUTDOWN_NOW, SHUTDOWN_WAIT_FOR_SERVERS, SHUTDOWN_WAIT_FOR_CLIENTS };

struct console_setup {
	struct sessions_shared *shared; /* its loops are there; sessions may follow, before any loop runs */
	const char *version;
	void *owner;
	/* Both are called on loop 0. reload: NULL if fine, else why not, to be freed with mem_free;
	 * all loops have been sent the new settings when it returns. */
	char *(*reload)(void *owner);
	void (*shutdown)(void *owner, enum console_shutdown how);
};
