/* The console: what is answered on the database `pgshunt` (alias `pgbouncer`).
 *
 *    query ─► words ─► THE command table ─► its function ─► answer ─► client
 *                                              └─ gather: loop 0 ─► every loop ─► back
 *
 * Whatever changes or asks something of all loops is sent out by loop 0, so that all
 * loops meet such commands in one and the same order. */
#pragma once

#include <stdbool.h>

#include "admin/setup.h"
#include "session/sessions.h"

struct console;

/* `setup` is copied. Before any loop runs. */
struct console *console_new(const struct console_setup *setup);
/* When no loop runs any more, before sessions and loops are freed. */
void console_free(struct console *console);
/* For sessions_new; live as long as the console. */
const struct console_hooks *console_hooks(const struct console *console);

/* PAUSE (which does not wait here) or RESUME for everything; on any loop. For signals. */
void console_pause(struct console *console, bool paused);
