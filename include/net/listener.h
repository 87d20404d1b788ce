/* Listening sockets. One loop listens; whoever is told of a connection decides
 * which loop gets it. */
#pragma once

#include <stdbool.h>

#include "net/address.h"
#include "net/loop.h"

struct listener;

/* on_accept owns the descriptor (non-blocking, close-on-exec). Several connections
 * are taken per wake-up. Unix sockets: a stale file is replaced, `mode` set.
 * NULL with *why (static or strerror's) on failure. */
struct listener *listener_new(struct loop *loop, const struct address *at, int backlog, int mode,
			      void (*on_accept)(void *owner, int fd), void *owner, const char **why);
void listener_free(struct listener *listener); /* closes; a Unix socket's file is removed. NULL is fine */
const struct address *listener_address(const struct listener *listener);
