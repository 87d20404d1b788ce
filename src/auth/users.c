/* The auth_file: lines of two quoted fields, and a table of users by name. */
#include "auth/users.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/table.h"

enum { USERS_FILE_MOST = 256 * 1024 * 1024, USERS_READ_BYTES = 64 * 1024 };

struct entry {
	struct table_item item; /* key: the user's name */
	struct user *user;
};

struct users {
	atomic_int references;
	struct table entries;
	bool mostly_scram;
	uint32_t scram_iterations; /* what most verifiers have; 0 = there is none */
};

static const char *read_line(struct users *users, struct span line, uint32_t scram_iterations,
			     const struct users *previous);
static const char *read_field(struct span *line, struct buf *field);
static void add(struct users *users, struct user *user);
static void take_census(struct users *users);
static char *read_file(const char *path, struct buf *text);
static void wipe(struct buf *b);

struct users *users_parse(struct span text, const char *file, uint32_t scram_iterations, const struct users *previous,
			  char **reason)
{
	struct users *users = MEM_NEW(struct users);
	atomic_init(&users->references, 1);
	table_init(&users->entries);
	for (unsigned number = 1; text.len; number++) {
		struct span line = span_trim(span_split(&text, '\n'));
		const char *wrong = NULL;
		if (line.len && line.ptr[0] != ';' && line.ptr[0] != '#')
			wrong = read_line(users, line, scram_iterations, previous);
		if (wrong) {
			*reason = mem_printf("%s:%u: %s", file, number, wrong);
			users_unref(users);
			return NULL;
		}
	}
	take_census(users);
	return users;
}

struct users *users_load(const char *path, uint32_t scram_iterations, const struct users *previous, char **reason)
{
	struct users *users = NULL;
	struct buf text;
	buf_init(&text, USERS_FILE_MOST);
	*reason = read_file(path, &text);
	if (*reason == NULL)
		users = users_parse(buf_span(&text), path, scram_iterations, previous, reason);
	wipe(&text);
	return users;
}

struct users *users_ref(struct users *users)
{
	atomic_fetch_add_explicit(&users->references, 1, memory_order_relaxed);
	return users;
}

void users_unref(struct users *users)
{
	if (users == NULL || atomic_fetch_sub_explicit(&users->references, 1, memory_order_acq_rel) != 1)
		return;
	TABLE_EACH (it, &users->entries) {
		struct entry *entry = TABLE_ITEM(it, struct entry, item);
		user_unref(entry->user);
		mem_free(entry);
	}
	table_done(&users->entries);
	mem_free(users);
}

struct user *users_find(const struct users *users, struct span name)
{
	struct table_item *item = users ? table_find(&users->entries, name) : NULL;
	return item ? TABLE_ITEM(item, struct entry, item)->user : NULL;
}

size_t users_count(const struct users *users)
{
	return users->entries.count;
}

bool users_mostly_scram(const struct users *users)
{
	return users == NULL || users->mostly_scram;
}

uint32_t users_scram_iterations(const struct users *users, uint32_t otherwise)
{
	return users && users->scram_iterations ? users->scram_iterations : otherwise;
}

/* Two fields between double quotes; what follows them is ignored. NULL, or what is wrong. */
static const char *read_line(struct users *users, struct span line, uint32_t scram_iterations,
			     const struct users *previous)
{
	struct buf name, secret;
	struct user *user = NULL;
	buf_init(&name, 0);
	buf_init(&secret, 0);
	/* A field is never longer than its line: room for all of it, so that no copy of a secret is left behind. */
	buf_room(&name, line.len);
	buf_room(&secret, line.len);
	const char *wrong = read_field(&line, &name);
	if (wrong == NULL)
		wrong = read_field(&line, &secret);
	if (wrong == NULL) {
		user = users_find(previous, buf_span(&name));
		if (user && user_is(user, buf_span(&name), buf_span(&secret), scram_iterations))
			user_ref(user);
		else
			user = user_new(buf_span(&name), buf_span(&secret), scram_iterations, &wrong);
	}
	if (wrong == NULL)
		add(users, user);
	wipe(&name);
	wipe(&secret);
	return wrong;
}

/* Takes one quoted field and the blanks behind it from the front of *line. */
static const char *read_field(struct span *line, struct buf *field)
{
	if (line->len == 0 || line->ptr[0] != '"')
		return "no double quote where a field should begin; a line is \"name\" \"secret\"";
	const char *at = line->ptr + 1, *end = line->ptr + line->len;
	for (;;) {
		const char *quote = at < end ? memchr(at, '"', (size_t)(end - at)) : NULL;
		if (quote == NULL)
			return "a field has no closing double quote; a line is \"name\" \"secret\"";
		bool doubled = quote + 1 < end && quote[1] == '"';
		buf_add(field, at, (size_t)(quote - at) + doubled);
		at = quote + 1 + doubled;
		if (!doubled)
			break;
	}
	if (at < end && *at != ' ' && *at != '\t')
		return "no blank after a closing double quote; a double quote inside a field is written twice";
	*line = span_trim(span_of(at, (size_t)(end - at)));
	return NULL;
}

/* Takes the reference over. Of two users with one name the last stays. */
static void add(struct users *users, struct user *user)
{
	struct span name = span_text(user_name(user));
	struct table_item *item = table_find(&users->entries, name);
	if (item) {
		struct entry *entry = TABLE_ITEM(item, struct entry, item);
		item->key = name; /* the old user's name goes with him */
		user_unref(entry->user);
		entry->user = user;
	} else {
		struct entry *entry = MEM_NEW(struct entry);
		entry->user = user;
		table_add(&users->entries, &entry->item, name);
	}
}

/* What most users are like. The iterations are found by the majority vote of Boyer and Moore. */
static void take_census(struct users *users)
{
	size_t with_secret = 0, with_scram = 0, votes = 0;
	TABLE_EACH (it, &users->entries) {
		struct user *user = TABLE_ITEM(it, struct entry, item)->user;
		with_secret += user_secret_kind(user) != USER_SECRET_NONE;
		if (user_secret_kind(user) != USER_SECRET_SCRAM)
			continue;
		with_scram++;
		uint32_t iterations = user_scram_secret(user)->salting.iterations;
		if (votes == 0)
			users->scram_iterations = iterations;
		if (iterations == users->scram_iterations)
			votes++;
		else
			votes--;
	}
	users->mostly_scram = with_secret == 0 || with_scram * 2 > with_secret;
}

/* NULL, or the reason, which the caller frees. */
static char *read_file(const char *path, struct buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t len = fd < 0 ? -1 : 0;
	while (fd >= 0) {
		char *at = buf_room(text, USERS_READ_BYTES);
		if (at == NULL)
			break;
		len = read(fd, at, USERS_READ_BYTES);
		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			break;
		buf_wrote(text, (size_t)len);
	}
	int error = errno;
	if (fd >= 0)
		close(fd);
	if (len < 0)
		return mem_printf("%s: cannot be read: %s", path, strerror(error));
	if (buf_failed(text))
		return mem_printf("%s: too large for an auth_file: more than 256 MB", path);
	return NULL;
}

static void wipe(struct buf *b)
{
	if (b->bytes)
		mem_wipe(b->bytes, b->size);
	buf_done(b);
}
