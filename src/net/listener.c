/* Listening sockets over libevent. */
#include "net/listener.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

enum { ACCEPT_BURST = 64, FULL_PAUSE_US = 100 * 1000 };

struct listener {
	struct loop *loop;
	int fd;
	struct event event;
	struct timer *pause; /* out of descriptors: try again a little later */
	struct address at;
	void (*on_accept)(void *owner, int fd);
	void *owner;
};

static void on_connection(evutil_socket_t fd, short what, void *arg);
static void on_pause_over(void *arg);

/* A socket file that nobody listens on is left over from a crash. */
static bool remove_stale(const struct address *at)
{
	if (!address_is_local(at) || at->local.sun_path[0] == '\0')
		return true;
	struct stat st;
	if (lstat(at->local.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
		return true; /* bind says what is wrong with anything else */
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return false;
	bool used = connect(probe, &at->any, at->len) == 0 || errno != ECONNREFUSED;
	close(probe);
	if (!used)
		unlink(at->local.sun_path);
	return !used;
}

struct listener *listener_new(struct loop *loop, const struct address *at, int backlog, int mode,
			      void (*on_accept)(void *owner, int fd), void *owner, const char **why)
{
	if (!remove_stale(at)) {
		*why = "another process is listening on it";
		return NULL;
	}
	int on = 1, fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		*why = strerror(errno);
		return NULL;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (at->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(fd, &at->any, at->len) != 0 ||
	    (address_is_local(at) && at->local.sun_path[0] && chmod(at->local.sun_path, (mode_t)mode) != 0) ||
	    listen(fd, backlog) != 0) {
		*why = strerror(errno);
		close(fd);
		return NULL;
	}
	struct listener *l = MEM_NEW(struct listener);
	*l = (struct listener){ .loop = loop, .fd = fd, .at = *at, .on_accept = on_accept, .owner = owner };
	l->pause = timer_new(loop, on_pause_over, l);
	event_assign(&l->event, loop_base(loop), fd, EV_READ | EV_PERSIST, on_connection, l);
	event_add(&l->event, NULL);
	return l;
}

void listener_free(struct listener *l)
{
	if (l == NULL)
		return;
	event_del(&l->event);
	timer_free(l->pause);
	close(l->fd);
	if (address_is_local(&l->at) && l->at.local.sun_path[0])
		unlink(l->at.local.sun_path);
	mem_free(l);
}

const struct address *listener_address(const struct listener *l)
{
	return &l->at;
}

static void on_pause_over(void *arg)
{
	struct listener *l = arg;
	event_add(&l->event, NULL);
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;
	struct loop *loop = l->loop;
	(void)what;
	loop_enter(loop);
	for (int i = 0; i < ACCEPT_BURST; i++) {
		int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (client >= 0) {
			l->on_accept(l->owner, client);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			log_error("cannot accept a connection: %s; trying again", strerror(errno));
			event_del(&l->event);
			timer_start(l->pause, FULL_PAUSE_US);
		}
		break;
	}
	loop_leave(loop);
}
