/* Look-ups through c-ares, whose sockets and timeouts are driven by the loop. */
#include "net/dns.h"

#include <ares.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <string.h>

#include "base/list.h"
#include "base/mem.h"
#include "base/table.h"

enum { MAX_ADDRESSES = 16, POLL_US = 250 * 1000 };

struct watch { /* one of c-ares' sockets */
	struct list item;
	struct dns *dns;
	int fd;
	struct event event;
};

struct ask { /* somebody who waits for a name */
	struct list item;
	dns_answer *on_answer;
	void *owner;
	uint64_t token;
};

struct name {
	struct table_item item;
	struct dns *dns;
	char *host;
	bool asking;
	int64_t good_until_us;
	struct list asks;
	unsigned count;
	const char *why;
	struct address addresses[MAX_ADDRESSES];
};

struct dns {
	struct loop *loop;
	ares_channel channel;
	struct list watches;
	struct table names;
	struct timer *poll;
	int64_t max_ttl_us, failure_ttl_us;
	bool closing;
};

static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable);
static void on_poll(void *arg);
static void on_result(void *arg, int status, int timeouts, struct ares_addrinfo *result);

struct dns *dns_new(struct loop *loop, int64_t max_ttl_us, int64_t failure_ttl_us, const char **why)
{
	static const char lookups[] = "fb"; /* files, then DNS */
	struct dns *dns = MEM_NEW(struct dns);
	*dns = (struct dns){ .loop = loop, .max_ttl_us = max_ttl_us, .failure_ttl_us = failure_ttl_us };
	list_init(&dns->watches);
	table_init(&dns->names);
	struct ares_options options = { .sock_state_cb = on_socket_state,
					.sock_state_cb_data = dns,
					.lookups = (char *)(uintptr_t)lookups,
					.timeout = 2000,
					.tries = 2 };
	int status = ares_library_init(ARES_LIB_INIT_ALL);
	if (status == ARES_SUCCESS)
		status = ares_init_options(&dns->channel, &options,
					   ARES_OPT_SOCK_STATE_CB | ARES_OPT_LOOKUPS | ARES_OPT_TIMEOUTMS |
						   ARES_OPT_TRIES);
	if (status != ARES_SUCCESS) {
		*why = ares_strerror(status);
		mem_free(dns);
		return NULL;
	}
	dns->poll = timer_new(loop, on_poll, dns);
	return dns;
}

void dns_free(struct dns *dns)
{
	if (dns == NULL)
		return;
	dns->closing = true;
	ares_destroy(dns->channel);
	TABLE_EACH (it, &dns->names) {
		struct name *name = TABLE_ITEM(it, struct name, item);
		LIST_EACH (a, &name->asks)
			mem_free(LIST_ITEM(a, struct ask, item));
		mem_free(name->host);
		mem_free(name);
	}
	table_done(&dns->names);
	timer_free(dns->poll);
	ares_library_cleanup();
	mem_free(dns);
}

static struct name *name_of(struct dns *dns, const char *host)
{
	struct table_item *found = table_find(&dns->names, span_text(host));
	if (found)
		return TABLE_ITEM(found, struct name, item);
	struct name *name = MEM_NEW(struct name);
	name->dns = dns;
	name->host = mem_strdup(host);
	list_init(&name->asks);
	table_add(&dns->names, &name->item, span_text(name->host));
	return name;
}

void dns_lookup(struct dns *dns, const char *host, dns_answer *on_answer, void *owner, uint64_t token)
{
	struct address numeric;
	if (address_from_numeric(&numeric, host, 0)) {
		on_answer(owner, token, &numeric, 1, NULL);
		return;
	}
	struct name *name = name_of(dns, host);
	if (!name->asking && loop_now_us(dns->loop) < name->good_until_us) {
		on_answer(owner, token, name->addresses, name->count, name->why);
		return;
	}
	struct ask *ask = MEM_NEW(struct ask);
	*ask = (struct ask){ .on_answer = on_answer, .owner = owner, .token = token };
	list_init(&ask->item);
	list_append(&name->asks, &ask->item);
	if (name->asking)
		return;
	name->asking = true;
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	ares_getaddrinfo(dns->channel, name->host, NULL, &hints, on_result, name);
	if (name->asking)
		timer_start(dns->poll, POLL_US);
}

void dns_forget(struct dns *dns, const void *owner)
{
	TABLE_EACH (it, &dns->names) {
		struct name *name = TABLE_ITEM(it, struct name, item);
		LIST_EACH (a, &name->asks) {
			struct ask *ask = LIST_ITEM(a, struct ask, item);
			if (ask->owner == owner) {
				list_remove(&ask->item);
				mem_free(ask);
			}
		}
	}
}

static void keep_addresses(struct name *name, const struct ares_addrinfo *result, int64_t *ttl_us)
{
	name->count = 0;
	for (const struct ares_addrinfo_node *node = result->nodes; node && name->count < MAX_ADDRESSES;
	     node = node->ai_next) {
		struct address *a = &name->addresses[name->count];
		if (node->ai_addrlen > sizeof(struct sockaddr_un))
			continue;
		memset(a, 0, sizeof *a);
		memcpy(&a->any, node->ai_addr, node->ai_addrlen);
		a->len = node->ai_addrlen;
		name->count++;
		if (node->ai_ttl > 0 && node->ai_ttl * (int64_t)1000000 < *ttl_us)
			*ttl_us = node->ai_ttl * (int64_t)1000000;
	}
}

static void on_result(void *arg, int status, int timeouts, struct ares_addrinfo *result)
{
	struct name *name = arg;
	struct dns *dns = name->dns;
	(void)timeouts;
	if (dns->closing) {
		if (result)
			ares_freeaddrinfo(result);
		return;
	}
	int64_t ttl_us = status == ARES_SUCCESS ? dns->max_ttl_us : dns->failure_ttl_us;
	name->asking = false;
	name->count = 0;
	name->why = status == ARES_SUCCESS ? NULL : ares_strerror(status);
	if (result) {
		keep_addresses(name, result, &ttl_us);
		ares_freeaddrinfo(result);
	}
	if (name->count == 0 && name->why == NULL)
		name->why = "the name has no address";
	name->good_until_us = loop_now_us(dns->loop) + ttl_us;
	while (!list_empty(&name->asks)) {
		struct ask *ask = LIST_ITEM(list_first(&name->asks), struct ask, item);
		list_remove(&ask->item);
		ask->on_answer(ask->owner, ask->token, name->addresses, name->count, name->why);
		mem_free(ask);
	}
}

/* c-ares looks at its timeouts only when told to. */
static void on_poll(void *arg)
{
	struct dns *dns = arg;
	ares_process_fd(dns->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	if (!list_empty(&dns->watches))
		timer_start(dns->poll, POLL_US);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;
	struct dns *dns = watch->dns;
	loop_enter(dns->loop);
	/* The watch may be gone after this. */
	ares_process_fd(dns->channel, what & EV_READ ? fd : ARES_SOCKET_BAD, what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	loop_leave(dns->loop);
}

static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct dns *dns = arg;
	struct watch *watch = NULL;
	LIST_EACH (it, &dns->watches)
		if (LIST_ITEM(it, struct watch, item)->fd == fd)
			watch = LIST_ITEM(it, struct watch, item);
	if (watch) {
		event_del(&watch->event);
	} else if (readable || writable) {
		watch = MEM_NEW(struct watch);
		watch->dns = dns;
		watch->fd = fd;
		list_init(&watch->item);
		list_append(&dns->watches, &watch->item);
	} else {
		return;
	}
	if (!readable && !writable) {
		list_remove(&watch->item);
		mem_free(watch);
		return;
	}
	short what = (short)(EV_PERSIST | (readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
	event_assign(&watch->event, loop_base(dns->loop), fd, what, on_socket, watch);
	event_add(&watch->event, NULL);
	timer_start(dns->poll, POLL_US);
}
