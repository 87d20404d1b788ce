/* Streams over non-blocking sockets and libevent. */
#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum stream_state { STREAM_CONNECTING, STREAM_OPEN, STREAM_FAILED, STREAM_FINISHING, STREAM_DEAD };

enum {
	READ_AHEAD_BYTES = 16 * 1024, /* room asked for when bytes are waiting already */
	DEFAULT_IN_BYTES = 64 * 1024,
	FORWARD_DIRECT_BYTES = 8 * 1024, /* from here on a send of its own is cheaper than a copy */
	FINISH_US = 2 * 1000 * 1000,
};

struct stream {
	struct loop *loop; /* NULL while detached */
	enum stream_state state;
	int fd;
	bool paused, overfull, writing, above_high, delivering, again;
	struct event read_event, write_event;
	struct late sending; /* put off while there is something to send */
	struct buf in, out;
	size_t in_limit;
	const struct stream_events *events;
	void *owner;
	struct timer *finish_timer;
	void (*on_finished)(void *arg);
	void *finish_arg;
	struct address peer, local;
};

static void on_readable(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_send(struct late *late);
static void deliver(struct stream *s);
static void fail(struct stream *s, const char *why);

static void assign_events(struct stream *s)
{
	event_assign(&s->read_event, loop_base(s->loop), s->fd, EV_READ | EV_PERSIST, on_readable, s);
	event_assign(&s->write_event, loop_base(s->loop), s->fd, EV_WRITE, on_writable, s);
}

static struct stream *create(struct loop *loop, int fd, const struct stream_events *events, void *owner)
{
	struct stream *s = MEM_NEW(struct stream);
	s->loop = loop;
	s->fd = fd;
	s->events = events;
	s->owner = owner;
	s->in_limit = DEFAULT_IN_BYTES;
	late_init(&s->sending, on_send);
	assign_events(s);
	return s;
}

static void learn_addresses(struct stream *s)
{
	s->local.len = s->peer.len = sizeof(struct sockaddr_un);
	if (getsockname(s->fd, &s->local.any, &s->local.len) != 0)
		s->local.any.sa_family = AF_UNSPEC;
	if (s->peer.any.sa_family == AF_UNSPEC && getpeername(s->fd, &s->peer.any, &s->peer.len) != 0)
		s->peer.any.sa_family = s->local.any.sa_family;
	int on = 1;
	if (!address_is_local(&s->local))
		setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct stream *stream_new(struct loop *loop, int fd, const struct stream_events *events, void *owner)
{
	struct stream *s = create(loop, fd, events, owner);
	s->state = STREAM_OPEN;
	learn_addresses(s);
	event_add(&s->read_event, NULL);
	return s;
}

struct stream *stream_connect(struct loop *loop, const struct address *to, const struct stream_events *events,
			      void *owner, const char **why)
{
	int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		*why = strerror(errno);
		return NULL;
	}
	/* EAGAIN: a Unix socket whose backlog is full; there is nothing to wait for. */
	if (connect(fd, &to->any, to->len) != 0 && errno != EINPROGRESS) {
		*why = strerror(errno);
		close(fd);
		return NULL;
	}
	struct stream *s = create(loop, fd, events, owner);
	s->state = STREAM_CONNECTING;
	s->peer = *to;
	s->writing = true;
	event_add(&s->write_event, NULL);
	return s;
}

static void release(void *arg)
{
	struct stream *s = arg;
	timer_free(s->finish_timer);
	buf_done(&s->in);
	buf_done(&s->out);
	mem_free(s);
}

void stream_free(struct stream *s)
{
	if (s == NULL || s->state == STREAM_DEAD)
		return;
	s->state = STREAM_DEAD;
	late_forget(&s->sending);
	if (s->loop) {
		event_del(&s->read_event);
		event_del(&s->write_event);
	}
	close(s->fd);
	s->fd = -1;
	if (s->on_finished)
		s->on_finished(s->finish_arg);
	if (s->loop)
		loop_defer(s->loop, release, s);
	else
		release(s);
}

static void on_finish_timeout(void *arg)
{
	stream_free(arg);
}

/* Everything is sent: say so, and let the peer read it before the close. */
static void finish_sent(struct stream *s)
{
	shutdown(s->fd, SHUT_WR);
}

void stream_finish(struct stream *s)
{
	stream_finish_then(s, NULL, NULL);
}

void stream_finish_then(struct stream *s, void (*on_finished)(void *arg), void *arg)
{
	s->on_finished = on_finished;
	s->finish_arg = arg;
	if (s->state != STREAM_OPEN) {
		stream_free(s);
		return;
	}
	s->state = STREAM_FINISHING;
	s->events = NULL;
	s->owner = NULL;
	buf_done(&s->in);
	s->finish_timer = timer_new(s->loop, on_finish_timeout, s);
	timer_start(s->finish_timer, FINISH_US);
	if (s->paused || s->overfull)
		event_add(&s->read_event, NULL);
	s->paused = s->overfull = false;
	if (buf_held(&s->out) == 0)
		finish_sent(s);
}

void stream_own(struct stream *s, const struct stream_events *events, void *owner)
{
	s->events = events;
	s->owner = owner;
}

struct buf *stream_out(struct stream *s)
{
	if (!s->writing && s->loop && s->state != STREAM_DEAD)
		loop_put_off(s->loop, &s->sending);
	return &s->out;
}

/* Sends what it can; false if the stream failed. */
static bool send_some(struct stream *s, struct span *bytes)
{
	while (bytes->len) {
		ssize_t n = send(s->fd, bytes->ptr, bytes->len, MSG_NOSIGNAL);
		if (n < 0) {
			if (errno == EINTR)
				continue;
			return errno == EAGAIN;
		}
		*bytes = span_of(bytes->ptr + n, bytes->len - (size_t)n);
	}
	return true;
}

void stream_forward(struct stream *s, struct span bytes)
{
	if (bytes.len >= FORWARD_DIRECT_BYTES && buf_held(&s->out) == 0 && s->state == STREAM_OPEN && !s->writing) {
		/* A failure here shows again, and is told, when the rest is sent. */
		if (!send_some(s, &bytes) && bytes.len == 0)
			return;
	}
	if (bytes.len)
		buf_add_span(stream_out(s), bytes);
}

static void flush(struct stream *s)
{
	if (s->state == STREAM_CONNECTING || s->state == STREAM_FAILED || s->state == STREAM_DEAD || s->writing)
		return;
	if (buf_failed(&s->out)) {
		fail(s, "out of memory");
		return;
	}
	struct span bytes = buf_span(&s->out);
	size_t before = bytes.len;
	if (!send_some(s, &bytes)) {
		fail(s, errno == EPIPE || errno == ECONNRESET ? "unexpected eof" : strerror(errno));
		return;
	}
	buf_take(&s->out, before - bytes.len);
	if (bytes.len) {
		s->writing = true;
		event_add(&s->write_event, NULL);
	} else if (s->out.size) {
		buf_done(&s->out);
	}
	if (s->above_high && bytes.len <= STREAM_LOW_BYTES) {
		s->above_high = false;
		if (s->events && s->events->on_drained)
			s->events->on_drained(s->owner);
	}
	if (s->state == STREAM_FINISHING && bytes.len == 0)
		finish_sent(s);
}

static void on_send(struct late *late)
{
	flush(MEM_CONTAINER(late, struct stream, sending));
}

size_t stream_pending(const struct stream *s)
{
	return buf_held(&s->out);
}

bool stream_above_high(struct stream *s)
{
	if (buf_held(&s->out) > STREAM_HIGH_BYTES)
		s->above_high = true;
	return s->above_high;
}

void stream_limit_in(struct stream *s, size_t bytes)
{
	s->in_limit = bytes;
}

size_t stream_unread(const struct stream *s)
{
	return buf_held(&s->in);
}

static void update_reading(struct stream *s, bool was_stopped)
{
	bool stopped = s->paused || s->overfull;
	if (stopped == was_stopped || s->state != STREAM_OPEN || s->loop == NULL)
		return;
	if (stopped)
		event_del(&s->read_event);
	else
		event_add(&s->read_event, NULL);
}

void stream_pause(struct stream *s)
{
	bool was_stopped = s->paused || s->overfull;
	s->paused = true;
	update_reading(s, was_stopped);
}

void stream_wake(struct stream *s)
{
	bool was_stopped = s->paused || s->overfull;
	s->paused = false;
	update_reading(s, was_stopped);
	if (s->delivering)
		s->again = true;
	else if (buf_held(&s->in))
		deliver(s);
}

/* Shows the waiting bytes until nothing more is consumed. */
static void deliver(struct stream *s)
{
	s->delivering = true;
	do {
		s->again = false;
		if (s->state != STREAM_OPEN || s->paused || buf_held(&s->in) == 0)
			break;
		size_t consumed = s->events->on_bytes(s->owner, buf_span(&s->in));
		if (s->state != STREAM_OPEN)
			break;
		buf_take(&s->in, consumed);
	} while (s->again);
	s->delivering = false;
	if (s->state != STREAM_OPEN)
		return;
	if (buf_held(&s->in) == 0 && s->in.size)
		buf_done(&s->in);
	bool was_stopped = s->paused || s->overfull;
	s->overfull = buf_held(&s->in) >= s->in_limit;
	update_reading(s, was_stopped);
}

static void fail(struct stream *s, const char *why)
{
	if (s->state == STREAM_FINISHING) {
		stream_free(s);
		return;
	}
	if (s->state == STREAM_DEAD || s->state == STREAM_FAILED)
		return;
	s->state = STREAM_FAILED;
	event_del(&s->read_event);
	event_del(&s->write_event);
	s->events->on_closed(s->owner, why);
}

/* True if the descriptor gave bytes; a stream that ended has been dealt with. */
static ssize_t receive(struct stream *s, char *to, size_t size)
{
	ssize_t n;
	do
		n = recv(s->fd, to, size, 0);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		fail(s, "unexpected eof");
	else if (n < 0 && errno != EAGAIN)
		fail(s, strerror(errno));
	return n;
}

static void read_first(struct stream *s)
{
	unsigned long size;
	char *scratch = loop_scratch(s->loop, &size);
	ssize_t n = receive(s, scratch, size);
	if (n <= 0 || s->state != STREAM_OPEN)
		return;
	s->delivering = true;
	s->again = false;
	size_t consumed = s->events->on_bytes(s->owner, span_of(scratch, (size_t)n));
	s->delivering = false;
	if (s->state != STREAM_OPEN)
		return;
	if (consumed < (size_t)n) {
		buf_add(&s->in, scratch + consumed, (size_t)n - consumed);
		if (buf_failed(&s->in)) {
			fail(s, "out of memory");
			return;
		}
		bool was_stopped = s->paused || s->overfull;
		s->overfull = buf_held(&s->in) >= s->in_limit;
		update_reading(s, was_stopped);
		if (s->again)
			deliver(s);
	}
}

static void read_more(struct stream *s)
{
	char *room = buf_room(&s->in, READ_AHEAD_BYTES);
	if (room == NULL) {
		fail(s, "out of memory");
		return;
	}
	ssize_t n = receive(s, room, s->in.size - s->in.end);
	if (n <= 0 || s->state != STREAM_OPEN)
		return;
	buf_wrote(&s->in, (size_t)n);
	deliver(s);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	struct loop *loop = s->loop;
	(void)what;
	loop_enter(loop);
	if (s->state == STREAM_FINISHING) {
		unsigned long size;
		char *scratch = loop_scratch(loop, &size);
		ssize_t n = recv(fd, scratch, size, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			stream_free(s);
	} else if (s->state == STREAM_OPEN) {
		if (buf_held(&s->in) == 0)
			read_first(s);
		else
			read_more(s);
	}
	loop_leave(loop);
}

static void finish_connect(struct stream *s)
{
	int error = 0;
	socklen_t len = sizeof error;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error) {
		fail(s, strerror(error));
		return;
	}
	s->state = STREAM_OPEN;
	learn_addresses(s);
	event_add(&s->read_event, NULL);
	if (buf_held(&s->out))
		stream_out(s); /* written ahead: it leaves now */
	if (s->events->on_connected)
		s->events->on_connected(s->owner);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	struct loop *loop = s->loop;
	(void)fd;
	(void)what;
	loop_enter(loop);
	s->writing = false;
	if (s->state == STREAM_CONNECTING)
		finish_connect(s);
	else
		flush(s);
	loop_leave(loop);
}

bool stream_can_move(const struct stream *s)
{
	return s->state == STREAM_OPEN && buf_held(&s->in) == 0 && buf_held(&s->out) == 0 && !s->delivering;
}

void stream_detach(struct stream *s)
{
	assert(stream_can_move(s));
	late_forget(&s->sending);
	event_del(&s->read_event);
	event_del(&s->write_event);
	s->paused = s->overfull = s->writing = false;
	s->loop = NULL;
}

void stream_attach(struct stream *s, struct loop *loop)
{
	s->loop = loop;
	assign_events(s);
	event_add(&s->read_event, NULL);
}

const struct address *stream_peer(const struct stream *s)
{
	return &s->peer;
}

const struct address *stream_local(const struct stream *s)
{
	return &s->local;
}

int stream_fd(const struct stream *s)
{
	return s->fd;
}

void stream_keepalive(struct stream *s, bool on, int idle_s, int interval_s, int count, int user_timeout_ms)
{
	if (address_is_local(&s->peer))
		return;
	int value = on;
	setsockopt(s->fd, SOL_SOCKET, SO_KEEPALIVE, &value, sizeof value);
	const struct {
		int option, value;
	} options[] = { { TCP_KEEPIDLE, idle_s },
			{ TCP_KEEPINTVL, interval_s },
			{ TCP_KEEPCNT, count },
			{ TCP_USER_TIMEOUT, user_timeout_ms } };
	for (size_t i = 0; i < MEM_COUNT(options); i++)
		if (options[i].value > 0)
			setsockopt(s->fd, IPPROTO_TCP, options[i].option, &options[i].value, sizeof(int));
}
