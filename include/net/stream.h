/* A stream: one connected socket, with bytes on their way in and out.
 *
 *    recv ─► scratch (shared by the loop) ─► on_bytes ─► consumed
 *                        └─ what was not consumed waits in `in`, and is shown again
 *    stream_out ─► `out` ─► one send at the end of the callback ─► kernel
 *
 * A buffer belongs to a stream only while it has bytes in it. TLS will sit
 * between the socket and these buffers, and change nothing above. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"
#include "net/address.h"
#include "net/loop.h"

struct stream;

/* What happened; called on the stream's loop, inside a callback. The owner may
 * close the stream in any of them. */
struct stream_events {
	void (*on_connected)(void *owner);
	/* Looks at what has come and returns how much of it is done with. The rest is
	 * shown again, with more behind it, or on stream_wake. */
	size_t (*on_bytes)(void *owner, struct span bytes);
	/* What was to be sent has fallen under the low-water mark after having been above the high one. */
	void (*on_drained)(void *owner);
	/* The peer closed or the socket failed; the owner must stream_free it. `why` is static. */
	void (*on_closed)(void *owner, const char *why);
};

enum { STREAM_HIGH_BYTES = 128 * 1024, STREAM_LOW_BYTES = 32 * 1024 };

/* Takes over a connected, non-blocking descriptor. */
struct stream *stream_new(struct loop *loop, int fd, const struct stream_events *events, void *owner);
/* Starts to connect; on_connected or on_closed follows, never before this returns. */
struct stream *stream_connect(struct loop *loop, const struct address *to, const struct stream_events *events,
			      void *owner, const char **why);
/* Closes at once; what was not sent is lost. No callback comes any more. NULL is fine. */
void stream_free(struct stream *s);
/* Hands the stream over to the loop: sends what is still to be sent, waits a moment
 * for the peer to close, closes. No callback comes any more. */
void stream_finish(struct stream *s);
/* The same, and a callback once the socket is closed; possibly before this returns. */
void stream_finish_then(struct stream *s, void (*on_finished)(void *arg), void *arg);

/* Another owner from now on. */
void stream_own(struct stream *s, const struct stream_events *events, void *owner);

/* Where to append what is to be sent; it leaves at the end of the callback. */
struct buf *stream_out(struct stream *s);
/* As appending to stream_out; large runs go to the kernel without a copy where possible. */
void stream_forward(struct stream *s, struct span bytes);
size_t stream_pending(const struct stream *s); /* bytes not sent yet */
bool stream_above_high(struct stream *s); /* and asks for on_drained if so */

/* How much may wait unconsumed before reading stops by itself. */
void stream_limit_in(struct stream *s, size_t bytes);
size_t stream_unread(const struct stream *s); /* bytes shown but not consumed */

/* Stops and goes on reading; stream_wake also shows unconsumed bytes again. */
void stream_pause(struct stream *s);
void stream_wake(struct stream *s);

/* Takes the stream off its loop, to be sent by mail; nothing may be unread or unsent. */
bool stream_can_move(const struct stream *s);
void stream_detach(struct stream *s);
void stream_attach(struct stream *s, struct loop *loop);

const struct address *stream_peer(const struct stream *s);
const struct address *stream_local(const struct stream *s);
int stream_fd(const struct stream *s);
void stream_keepalive(struct stream *s, bool on, int idle_s, int interval_s, int count, int user_timeout_ms);
