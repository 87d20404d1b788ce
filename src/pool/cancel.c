/* Cancels on their way to servers. */
#include "pool/cancel.h"

#include "base/log.h"
#include "base/mem.h"
#include "pool/pool.h"
#include "wire/proto.h"

enum { RETRY_US = 20 * 1000, WHOLE_US = 10 * 1000 * 1000 };

struct cancel {
	struct list item; /* in server->cancels; unlinked when the server is gone */
	struct server *server;
	struct loop *loop;
	struct account *node; /* NULL while it has no room there */
	struct target *target;
	struct stream *stream;
	struct timer *timer;
	struct address to;
	struct buf packet;
	int64_t give_up_us;
};

static void try_connect(void *arg);
static void on_connected(void *owner);
static size_t on_bytes(void *owner, struct span bytes);
static void on_closed(void *owner, const char *why);

static const struct stream_events stream_events = { on_connected, on_bytes, NULL, on_closed };

void cancel_send(struct server *server, int64_t timeout_us)
{
	struct cancel *c = MEM_NEW(struct cancel);
	c->server = server;
	c->loop = server->loop;
	c->target = target_ref(server->target);
	c->to = *server_address(server);
	c->give_up_us = timeout_us ? loop_now_us(c->loop) + timeout_us : INT64_MAX;
	list_init(&c->item);
	list_append(&server->cancels, &c->item);
	buf_init(&c->packet, 0);
	size_t token = wire_begin(&c->packet, '\0');
	buf_add_u32(&c->packet, WIRE_CANCEL_CODE);
	buf_add_u32(&c->packet, server->backend_pid);
	buf_add(&c->packet, server->cancel_key, server->cancel_key_bytes);
	wire_end(&c->packet, token);
	c->timer = timer_new(c->loop, try_connect, c);
	try_connect(c);
}

static void release(void *arg)
{
	struct cancel *c = arg;
	timer_free(c->timer);
	mem_free(c);
}

static void finish(struct cancel *c)
{
	stream_free(c->stream);
	c->stream = NULL;
	timer_stop(c->timer);
	if (c->node)
		account_give(c->node);
	c->node = NULL;
	buf_done(&c->packet);
	target_unref(c->target);
	bool told = list_linked(&c->item);
	list_remove(&c->item);
	loop_defer(c->loop, release, c);
	if (told)
		pool_cancel_done(c->server);
}

static void try_connect(void *arg)
{
	struct cancel *c = arg;
	const char *why;
	if (c->stream) {
		log_debug("a cancel request took too long");
		finish(c);
		return;
	}
	if (!account_try(c->target->accounts[ACCOUNT_NODE], 0)) {
		if (loop_now_us(c->loop) < c->give_up_us && list_linked(&c->item))
			timer_start(c->timer, RETRY_US);
		else
			finish(c);
		return;
	}
	c->node = c->target->accounts[ACCOUNT_NODE];
	c->stream = stream_connect(c->loop, &c->to, &stream_events, c, &why);
	if (c->stream == NULL)
		finish(c);
	else
		timer_start(c->timer, WHOLE_US);
}

static void on_connected(void *owner)
{
	struct cancel *c = owner;
	buf_add_span(stream_out(c->stream), buf_span(&c->packet));
}

static size_t on_bytes(void *owner, struct span bytes)
{
	(void)owner;
	return bytes.len; /* nothing is to be expected */
}

static void on_closed(void *owner, const char *why)
{
	(void)why;
	finish(owner);
}
