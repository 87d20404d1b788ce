/* Users: one secret, and the keys that came of it. */
#include "auth/user.h"

#include <pthread.h>
#include <stdatomic.h>

#include "auth/md5.h"
#include "base/mem.h"

/* Saltings towards servers that are remembered: one where all nodes have the same
 * verifier (Citus copies it), one a node where each made its own. */
enum { USER_SERVER_SALTINGS = 16 };

struct user {
	atomic_int references;
	enum user_secret_kind kind;
	uint32_t scram_iterations;
	char *name, *secret; /* the secret's whole text, of every kind */
	uint64_t generation;
	struct scram_secret verifier; /* kind scram */
	_Atomic(struct scram_keys *) keys; /* plain: derived; scram: learned; NULL until then */

	pthread_mutex_t lock; /* of what follows; held for a copy, never for a derivation */
	struct scram_keys *server_keys; /* an array, NULL until one is derived: most users never need it */
	unsigned server_keys_used, server_keys_next;
};

static const char *check(struct span name, struct span secret);
static enum user_secret_kind kind_of(struct span secret);
static uint64_t generation_of(struct span name, struct span secret);
static const struct scram_keys *publish(struct user *user, const struct scram_keys *keys);
static bool recall(struct user *user, const struct scram_salting *salting, struct scram_keys *keys);
static void remember(struct user *user, const struct scram_keys *keys);

struct user *user_new(struct span name, struct span secret, uint32_t scram_iterations, const char **reason)
{
	struct scram_secret verifier = { 0 };
	*reason = check(name, secret);
	if (*reason == NULL && kind_of(secret) == USER_SECRET_SCRAM && !scram_secret_parse(secret, &verifier))
		*reason =
			"the secret begins as a SCRAM verifier but is none; "
			"it is SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, as in pg_authid.rolpassword";
	if (*reason)
		return NULL;
	struct user *user = MEM_NEW(struct user);
	atomic_init(&user->references, 1);
	atomic_init(&user->keys, NULL);
	pthread_mutex_init(&user->lock, NULL);
	user->kind = kind_of(secret);
	user->scram_iterations = scram_iterations;
	user->name = mem_strndup(name.ptr, name.len);
	user->secret = mem_strndup(secret.ptr, secret.len);
	user->generation = generation_of(name, secret);
	user->verifier = verifier;
	mem_wipe(&verifier, sizeof verifier);
	return user;
}

struct user *user_ref(struct user *user)
{
	atomic_fetch_add_explicit(&user->references, 1, memory_order_relaxed);
	return user;
}

void user_unref(struct user *user)
{
	if (user == NULL || atomic_fetch_sub_explicit(&user->references, 1, memory_order_acq_rel) != 1)
		return;
	struct scram_keys *keys = atomic_load(&user->keys);
	if (keys)
		mem_wipe(keys, sizeof *keys);
	mem_free(keys);
	if (user->server_keys)
		mem_wipe(user->server_keys, USER_SERVER_SALTINGS * sizeof *user->server_keys);
	mem_free(user->server_keys);
	mem_free_secret(user->secret);
	mem_free(user->name);
	pthread_mutex_destroy(&user->lock);
	mem_wipe(user, sizeof *user);
	mem_free(user);
}

const char *user_name(const struct user *user)
{
	return user->name;
}

enum user_secret_kind user_secret_kind(const struct user *user)
{
	return user->kind;
}

const char *user_secret(const struct user *user)
{
	return user->kind == USER_SECRET_PLAIN || user->kind == USER_SECRET_MD5 ? user->secret : "";
}

uint64_t user_generation(const struct user *user)
{
	return user->generation;
}

bool user_is(const struct user *user, struct span name, struct span secret, uint32_t scram_iterations)
{
	return user->scram_iterations == scram_iterations && span_is(name, user->name) &&
	       secret.len == strlen(user->secret) && digest_equal(secret.ptr, user->secret, secret.len);
}

const struct scram_secret *user_scram_secret(struct user *user)
{
	if (user->kind == USER_SECRET_SCRAM)
		return &user->verifier;
	if (user->kind != USER_SECRET_PLAIN)
		return NULL;
	const struct scram_keys *known = atomic_load_explicit(&user->keys, memory_order_acquire);
	if (known == NULL) {
		struct scram_salting salting;
		struct scram_keys keys;
		scram_salting_of_user(&salting, span_text(user->name), user->scram_iterations);
		scram_derive(user->secret, &salting, &keys);
		known = publish(user, &keys);
		mem_wipe(&keys, sizeof keys);
	}
	return &known->secret;
}

void user_learn_keys(struct user *user, const struct scram_keys *keys)
{
	if (user->kind == USER_SECRET_SCRAM && atomic_load_explicit(&user->keys, memory_order_acquire) == NULL)
		publish(user, keys);
}

const char *user_keys_for_server(struct user *user, const struct scram_salting *salting, struct scram_keys *keys)
{
	if (user->kind == USER_SECRET_NONE)
		return "the server asks for a password, and this user has none here";
	if (user->kind == USER_SECRET_MD5)
		return "the server asks for SCRAM, and only the MD5 hash of this user's password is known";
	if (user->kind == USER_SECRET_SCRAM) {
		const struct scram_keys *learned = atomic_load_explicit(&user->keys, memory_order_acquire);
		if (!scram_salting_equal(salting, &user->verifier.salting))
			return "the server's SCRAM verifier of this user is not the one known here: keys can be passed "
			       "through only where salt and iterations are the same on every node";
		if (learned == NULL)
			return "only a SCRAM verifier of this user is known, and no client has logged in with SCRAM "
			       "yet";
		*keys = *learned;
		return NULL;
	}
	if (salting->iterations > SCRAM_ITERATIONS_DERIVE)
		return "the server asks for more than 1000000 SCRAM iterations";
	if (!recall(user, salting, keys)) {
		scram_derive(user->secret, salting, keys);
		remember(user, keys);
	}
	return NULL;
}

static const char *check(struct span name, struct span secret)
{
	if (name.len == 0)
		return "the user name is empty";
	if (name.len > USER_NAME_MOST)
		return "the user name is too long; at most 127 bytes";
	if (secret.len > USER_SECRET_MOST)
		return "the secret is too long; at most 65535 bytes";
	if (memchr(name.ptr, '\0', name.len) || (secret.len && memchr(secret.ptr, '\0', secret.len)))
		return "there is a zero byte in it; none is allowed in names and secrets";
	return NULL;
}

static enum user_secret_kind kind_of(struct span secret)
{
	if (secret.len == 0)
		return USER_SECRET_NONE;
	if (md5_is_secret(secret))
		return USER_SECRET_MD5;
	return scram_is_secret(secret) ? USER_SECRET_SCRAM : USER_SECRET_PLAIN;
}

static uint64_t generation_of(struct span name, struct span secret)
{
	uint8_t mac[DIGEST_BYTES];
	uint64_t generation;
	digest_keyed("generation", name, secret, mac);
	memcpy(&generation, mac, sizeof generation);
	return generation;
}

/* The first to come stays: readers may hold pointers into it. */
static const struct scram_keys *publish(struct user *user, const struct scram_keys *keys)
{
	struct scram_keys *ours = mem_alloc(sizeof *ours), *theirs = NULL;
	*ours = *keys;
	if (atomic_compare_exchange_strong_explicit(&user->keys, &theirs, ours, memory_order_acq_rel,
						    memory_order_acquire))
		return ours;
	mem_wipe(ours, sizeof *ours);
	mem_free(ours);
	return theirs;
}

static bool recall(struct user *user, const struct scram_salting *salting, struct scram_keys *keys)
{
	bool found = false;
	pthread_mutex_lock(&user->lock);
	for (unsigned i = 0; i < user->server_keys_used && !found; i++) {
		found = scram_salting_equal(&user->server_keys[i].secret.salting, salting);
		if (found)
			*keys = user->server_keys[i];
	}
	pthread_mutex_unlock(&user->lock);
	return found;
}

static void remember(struct user *user, const struct scram_keys *keys)
{
	pthread_mutex_lock(&user->lock);
	if (user->server_keys == NULL)
		user->server_keys = mem_array(USER_SERVER_SALTINGS, sizeof *user->server_keys);
	user->server_keys[user->server_keys_next] = *keys;
	user->server_keys_next = (user->server_keys_next + 1) % USER_SERVER_SALTINGS;
	if (user->server_keys_used < USER_SERVER_SALTINGS)
		user->server_keys_used++;
	pthread_mutex_unlock(&user->lock);
}
