/* The process. Loop 0 runs on the main thread: it listens, and answers signals and the
 * console's control commands; the others only serve.
 *
 *    signals ─► a thread that waits for them ─ mail ─► loop 0 ─► reload, stop
 */
#include "main/process.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/console.h"
#include "auth/users.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/cluster.h"
#include "net/dns.h"
#include "net/listener.h"
#include "net/loop.h"
#include "pool/pool.h"
#include "session/sessions.h"

enum { STACK_BYTES = 8 * 1024 * 1024, LISTENERS_AT_MOST = 64, STOP_POLL_US = 50 * 1000 };

enum stopping { RUNNING, WAIT_FOR_CLIENTS, WAIT_FOR_SERVERS, AT_ONCE };

/* Everything of one loop. */
struct station {
	struct process *process;
	unsigned index;
	struct loop *loop;
	struct dns *dns;
	struct pools *pools;
	struct sessions *sessions;
	pthread_t thread;
};

struct process {
	const char *path;
	const struct settings *settings;
	struct users *users;
	pthread_mutex_t users_lock; /* watchers of any loop ask for their login's password */
	unsigned loop_count;
	struct station *stations;
	struct loop **loops;
	struct pools **pools;
	struct dns **dns;
	struct sessions_shared shared;
	struct console *console;
	struct listener *listeners[LISTENERS_AT_MOST];
	unsigned listener_count;
	enum stopping stopping;
	struct timer *stop_timer;
	pthread_t signal_thread;
};

struct signal_mail {
	struct mail mail;
	struct process *process;
	int number;
};

struct configure_mail {
	struct mail mail;
	struct station *station;
	const struct settings *settings;
	struct users *users;
};

struct stop_mail {
	struct mail mail;
	struct station *station;
};

static const char *start_stations(struct process *p);
static bool start_listening(struct process *p);
static void stop_stations(struct process *p);
static void close_listeners(struct process *p);
static void on_accept(void *owner, int fd);
static void post_signal(struct process *p, int number);
static void *signal_main(void *arg);
static void *station_main(void *arg);
static char *reload(struct process *p);
static void stop(struct process *p, enum stopping how);
static void on_stop_timer(void *arg);
static void on_wake(struct loop *loop);
static char *password_of(void *arg, struct span user);
static char *console_reload(void *arg);
static void console_shutdown(void *arg, enum console_shutdown how);

/* The ledger's callback knows only the loop. Written once, before any loop runs. */
static struct process *the_process;

char *process_check_users(const struct settings *settings)
{
	char *reason = NULL;
	if (settings->auth_file[0] == '\0')
		return NULL;
	struct users *users = users_load(settings->auth_file, (uint32_t)settings->scram_iterations, NULL, &reason);
	users_unref(users);
	return reason;
}

static void block_signals(void)
{
	sigset_t set;
	sigfillset(&set);
	/* Faults must stay what they are. */
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP };
	for (size_t i = 0; i < MEM_COUNT(faults); i++)
		sigdelset(&set, faults[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int process_run(const char *path, struct settings *settings)
{
	struct process *p = MEM_NEW(struct process);
	char *reason = NULL;
	the_process = p;
	pthread_mutex_init(&p->users_lock, NULL);
	p->path = path;
	p->settings = settings;
	if (settings->auth_file[0])
		p->users = users_load(settings->auth_file, (uint32_t)settings->scram_iterations, NULL, &reason);
	if (reason) {
		log_fatal("%s", reason);
		mem_free(reason);
		return 1;
	}
	block_signals();
	const char *why = start_stations(p);
	if (why)
		log_fatal("%s", why);
	bool fine = why == NULL && start_listening(p);
	if (fine) {
		pthread_create(&p->signal_thread, NULL, signal_main, p);
		log_info("process up: pgshunt " PACKAGE_VERSION ", %u event loops", p->loop_count);
		loop_run(p->loops[0]);
		pthread_cancel(p->signal_thread);
		pthread_join(p->signal_thread, NULL);
	}
	close_listeners(p);
	stop_stations(p);
	settings_unref(p->settings);
	users_unref(p->users);
	pthread_mutex_destroy(&p->users_lock);
	mem_free(p);
	log_info("process down");
	return fine ? 0 : 1;
}

/* --- stations --- */

static const char *start_stations(struct process *p)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = p->settings->threads ? (unsigned)p->settings->threads : cpus > 0 ? (unsigned)cpus : 1;
	p->loop_count = count < MAX_LOOPS ? count : MAX_LOOPS;
	p->stations = mem_array(p->loop_count, sizeof *p->stations);
	p->loops = mem_array(p->loop_count, sizeof *p->loops);
	p->pools = mem_array(p->loop_count, sizeof *p->pools);
	p->dns = mem_array(p->loop_count, sizeof *p->dns);
	p->shared.sessions = mem_array(p->loop_count, sizeof *p->shared.sessions);
	p->shared.loops = p->loops;
	p->shared.loop_count = p->loop_count;
	const char *why = NULL;
	for (unsigned i = 0; i < p->loop_count; i++) {
		struct station *s = &p->stations[i];
		*s = (struct station){ .process = p, .index = i };
		s->loop = p->loops[i] = loop_new(i);
		if (s->loop == NULL)
			return "cannot make an event loop";
		s->dns = p->dns[i] =
			dns_new(s->loop, p->settings->dns_max_ttl_us, p->settings->dns_nxdomain_ttl_us, &why);
		if (s->dns == NULL)
			return why;
	}
	p->shared.ledger = ledger_new(p->loops, p->loop_count, on_wake);
	p->shared.welcomes = welcomes_new();
	p->shared.clusters = clusters_new(p->shared.ledger, p->dns);
	clusters_set_passwords(p->shared.clusters, password_of, p);
	struct console_setup setup = { .shared = &p->shared,
				       .version = PACKAGE_VERSION,
				       .owner = p,
				       .reload = console_reload,
				       .shutdown = console_shutdown };
	p->console = console_new(&setup);
	for (unsigned i = 0; i < p->loop_count; i++) {
		struct station *s = &p->stations[i];
		s->pools = p->pools[i] = pools_new(s->loop, s->dns, p->shared.ledger, p->settings, p->pools);
		s->sessions = p->shared.sessions[i] =
			sessions_new(&p->shared, i, p->settings, p->users, s->dns, s->pools, console_hooks(p->console));
	}
	p->stop_timer = timer_new(p->loops[0], on_stop_timer, p);
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	/* The parser recurses: its depth is bounded for a stack of this size. */
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	for (unsigned i = 1; i < p->loop_count; i++)
		pthread_create(&p->stations[i].thread, &attr, station_main, &p->stations[i]);
	pthread_attr_destroy(&attr);
	return NULL;
}

static void *station_main(void *arg)
{
	struct station *s = arg;
	loop_run(s->loop);
	return NULL;
}

static void stop_stations(struct process *p)
{
	for (unsigned i = 1; i < p->loop_count && p->stations[i].thread; i++) {
		loop_stop(p->loops[i]);
		pthread_join(p->stations[i].thread, NULL);
	}
	if (p->console == NULL)
		return;
	console_free(p->console);
	for (unsigned i = 0; i < p->loop_count; i++) {
		loop_enter(p->loops[i]);
		sessions_free(p->stations[i].sessions);
		pools_free(p->stations[i].pools);
		loop_leave(p->loops[i]);
	}
	clusters_free(p->shared.clusters);
	welcomes_free(p->shared.welcomes);
	timer_free(p->stop_timer);
	for (unsigned i = 0; i < p->loop_count; i++) {
		dns_free(p->dns[i]);
		loop_free(p->loops[i]);
	}
	ledger_free(p->shared.ledger);
	mem_free(p->stations);
	mem_free(p->loops);
	mem_free(p->pools);
	mem_free(p->dns);
	mem_free(p->shared.sessions);
}

/* Of a login that reads shard maps; only a plain secret serves libpq. */
static char *password_of(void *arg, struct span user)
{
	struct process *p = arg;
	pthread_mutex_lock(&p->users_lock);
	const struct user *known = users_find(p->users, user);
	char *password = known && user_secret_kind(known) == USER_SECRET_PLAIN ? mem_strdup(user_secret(known)) : NULL;
	pthread_mutex_unlock(&p->users_lock);
	return password;
}

static void on_wake(struct loop *loop)
{
	pools_wake(the_process->pools[loop_index(loop)]);
}

/* --- listening --- */

static bool listen_on(struct process *p, const struct address *at, const char *name, bool must)
{
	const char *why = "too many addresses";
	struct listener *l = NULL;
	if (p->listener_count < LISTENERS_AT_MOST)
		l = listener_new(p->loops[0], at, p->settings->listen_backlog, (int)p->settings->unix_socket_mode,
				 on_accept, p, &why);
	if (l == NULL) {
		if (must)
			log_fatal("cannot listen on %s:%d: %s", name, p->settings->listen_port, why);
		return false;
	}
	p->listeners[p->listener_count++] = l;
	log_info("listening on %s:%d", name, p->settings->listen_port);
	return true;
}

static bool listen_name(struct process *p, const char *name)
{
	struct address at;
	int port = p->settings->listen_port;
	if (strcmp(name, "*") == 0) {
		bool v4 = address_from_numeric(&at, "0.0.0.0", port) && listen_on(p, &at, "0.0.0.0", true);
		if (address_from_numeric(&at, "::", port))
			listen_on(p, &at, "::", false);
		return v4;
	}
	/* A name of this machine; anything else belongs into the ini as an address. */
	if (strcmp(name, "localhost") == 0) {
		bool v4 = address_from_numeric(&at, "127.0.0.1", port) && listen_on(p, &at, "127.0.0.1", true);
		if (address_from_numeric(&at, "::1", port))
			listen_on(p, &at, "::1", false);
		return v4;
	}
	if (!address_from_numeric(&at, name, port)) {
		log_fatal("listen_addr: \"%s\" is not an address: give a numeric address, localhost or *", name);
		return false;
	}
	return listen_on(p, &at, name, true);
}

static bool start_listening(struct process *p)
{
	const struct settings *settings = p->settings;
	struct address at;
	for (size_t i = 0; i < settings->listen_addr.count; i++)
		if (!listen_name(p, settings->listen_addr.words[i]))
			return false;
	if (settings->unix_socket_dir[0]) {
		if (!address_from_folder(&at, settings->unix_socket_dir, settings->listen_port)) {
			log_fatal("unix_socket_dir: the path is too long");
			return false;
		}
		if (!listen_on(p, &at, settings->unix_socket_dir, true))
			return false;
	}
	if (p->listener_count == 0)
		log_fatal("nothing to listen on: set listen_addr or unix_socket_dir");
	return p->listener_count > 0;
}

static void close_listeners(struct process *p)
{
	for (unsigned i = 0; i < p->listener_count; i++)
		listener_free(p->listeners[i]);
	p->listener_count = 0;
}

/* To the loop with the fewest clients. */
static void on_accept(void *owner, int fd)
{
	struct process *p = owner;
	unsigned emptiest = 0;
	for (unsigned i = 1; i < p->loop_count; i++)
		if (atomic_load(&p->shared.loop_clients[i]) < atomic_load(&p->shared.loop_clients[emptiest]))
			emptiest = i;
	sessions_accept(p->shared.sessions[emptiest], fd);
}

/* --- signals --- */

static void on_signal_mail(struct mail *mail, struct loop *loop)
{
	struct signal_mail *signal = MEM_CONTAINER(mail, struct signal_mail, mail);
	struct process *p = signal->process;
	char *why;
	(void)loop;
	switch (signal->number) {
	case SIGHUP:
		why = reload(p);
		if (why)
			log_error("RELOAD failed: %s", why);
		mem_free(why);
		break;
	case SIGTERM:
		stop(p, p->stopping ? AT_ONCE : WAIT_FOR_CLIENTS);
		break;
	case SIGINT:
		stop(p, p->stopping ? AT_ONCE : WAIT_FOR_SERVERS);
		break;
	case SIGQUIT:
		stop(p, AT_ONCE);
		break;
	case SIGUSR1:
		console_pause(p->console, true);
		break;
	case SIGUSR2:
		console_pause(p->console, false);
		break;
	default:
		break;
	}
	mem_free(signal);
}

static void post_signal(struct process *p, int number)
{
	struct signal_mail *signal = MEM_NEW(struct signal_mail);
	signal->process = p;
	signal->number = number;
	signal->mail.on_mail = on_signal_mail;
	loop_post(p->loops[0], &signal->mail);
}

static void *signal_main(void *arg)
{
	struct process *p = arg;
	static const int numbers[] = { SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2 };
	sigset_t set;
	int number;
	sigemptyset(&set);
	for (size_t i = 0; i < MEM_COUNT(numbers); i++)
		sigaddset(&set, numbers[i]);
	while (sigwait(&set, &number) == 0)
		post_signal(p, number);
	return NULL;
}

/* --- reload --- */

static void on_configure_mail(struct mail *mail, struct loop *loop)
{
	struct configure_mail *configure = MEM_CONTAINER(mail, struct configure_mail, mail);
	(void)loop;
	pools_configure(configure->station->pools, configure->settings);
	sessions_configure(configure->station->sessions, configure->settings, configure->users);
	settings_unref(configure->settings);
	users_unref(configure->users);
	mem_free(configure);
}

/* All of it or nothing. The reason why nothing, to be freed; NULL if fine. On loop 0. */
static char *reload(struct process *p)
{
	struct buf errors;
	char *why = NULL;
	buf_init(&errors, 0);
	struct settings *settings = settings_load(p->path, p->settings, &errors);
	if (settings == NULL) {
		why = mem_strndup(buf_head(&errors), buf_held(&errors));
		buf_done(&errors);
		return why;
	}
	buf_done(&errors);
	struct users *users = NULL;
	if (settings->auth_file[0])
		users = users_load(settings->auth_file, (uint32_t)settings->scram_iterations, p->users, &why);
	if (why) {
		settings_unref(settings);
		return why;
	}
	for (size_t i = 0; i < settings->warning_count; i++)
		log_warning("%s", settings->warnings[i]);
	const char *log_why = log_reopen(settings->logfile);
	if (log_why)
		log_error("cannot reopen the log file: %s", log_why);
	log_set_verbose(settings->verbose);
	for (unsigned i = 0; i < p->loop_count; i++) {
		struct configure_mail *configure = MEM_NEW(struct configure_mail);
		configure->station = &p->stations[i];
		configure->settings = settings_ref(settings);
		configure->users = users ? users_ref(users) : NULL;
		configure->mail.on_mail = on_configure_mail;
		loop_post(p->loops[i], &configure->mail);
	}
	settings_unref(p->settings);
	p->settings = settings;
	pthread_mutex_lock(&p->users_lock);
	users_unref(p->users);
	p->users = users;
	pthread_mutex_unlock(&p->users_lock);
	clusters_configure(p->shared.clusters, settings);
	log_info("RELOAD: %s was read", p->path);
	return NULL;
}

/* --- what the console asks for, on loop 0 --- */

static char *console_reload(void *arg)
{
	return reload(arg);
}

static void console_shutdown(void *arg, enum console_shutdown how)
{
	static const enum stopping ways[] = { [SHUTDOWN_NOW] = AT_ONCE,
					      [SHUTDOWN_WAIT_FOR_SERVERS] = WAIT_FOR_SERVERS,
					      [SHUTDOWN_WAIT_FOR_CLIENTS] = WAIT_FOR_CLIENTS };
	stop(arg, ways[how]);
}

/* --- the end --- */

static void on_stop_mail(struct mail *mail, struct loop *loop)
{
	struct stop_mail *s = MEM_CONTAINER(mail, struct stop_mail, mail);
	(void)loop;
	sessions_stop(s->station->sessions, true);
	mem_free(s);
}

static void on_stop_timer(void *arg)
{
	struct process *p = arg;
	if (p->stopping == AT_ONCE || atomic_load(&p->shared.client_count) == 0) {
		loop_stop(p->loops[0]);
		return;
	}
	for (unsigned i = 0; p->stopping == WAIT_FOR_SERVERS && i < p->loop_count; i++) {
		struct stop_mail *s = MEM_NEW(struct stop_mail);
		s->station = &p->stations[i];
		s->mail.on_mail = on_stop_mail;
		loop_post(p->loops[i], &s->mail);
	}
	timer_start(p->stop_timer, STOP_POLL_US);
}

static void stop(struct process *p, enum stopping how)
{
	static const char *const texts[] = { "", "waiting for clients to leave", "waiting for transactions to end",
					     "now" };
	log_info("stopping: %s", texts[how]);
	p->stopping = how;
	atomic_store(&p->shared.stopping, true);
	close_listeners(p);
	on_stop_timer(p);
}
