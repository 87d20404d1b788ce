/* One-shot watches of foreign descriptors. */
#include "net/poller.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/mem.h"

struct poller {
	struct loop *loop;
	struct event event;
	bool assigned;
	void (*on_ready)(void *owner);
	void *owner;
};

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct poller *poller = arg;
	struct loop *loop = poller->loop;
	(void)fd;
	(void)what;
	loop_enter(loop);
	poller->on_ready(poller->owner);
	loop_leave(loop);
}

struct poller *poller_new(struct loop *loop, void (*on_ready)(void *owner), void *owner)
{
	struct poller *poller = MEM_NEW(struct poller);
	*poller = (struct poller){ .loop = loop, .on_ready = on_ready, .owner = owner };
	return poller;
}

void poller_free(struct poller *poller)
{
	if (poller) {
		poller_stop(poller);
		mem_free(poller);
	}
}

void poller_stop(struct poller *poller)
{
	if (poller->assigned)
		event_del(&poller->event);
	poller->assigned = false;
}

void poller_want(struct poller *poller, int fd, bool read, bool write)
{
	poller_stop(poller);
	short what = (short)((read ? EV_READ : 0) | (write ? EV_WRITE : 0));
	event_assign(&poller->event, loop_base(poller->loop), fd, what, on_event, poller);
	event_add(&poller->event, NULL);
	poller->assigned = true;
}
