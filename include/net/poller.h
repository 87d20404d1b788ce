/* Watches a descriptor that a library owns (libpq's), so that its non-blocking
 * calls can be made when they will get on. */
#pragma once

#include <stdbool.h>

#include "net/loop.h"

struct poller;

/* Nothing is watched until poller_want. */
struct poller *poller_new(struct loop *loop, void (*on_ready)(void *owner), void *owner);
void poller_free(struct poller *poller); /* before the descriptor is closed. NULL is fine */
/* From now on calls on_ready once when `fd` can be read (or written), then watches
 * nothing until called again. The descriptor may differ from call to call. */
void poller_want(struct poller *poller, int fd, bool read, bool write);
void poller_stop(struct poller *poller);
