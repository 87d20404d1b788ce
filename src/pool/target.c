/* Targets: one allocation for the struct and one for all its strings. */
#include "pool/target.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/mem.h"

const char *target_node_key(const char *host, int port, char *text)
{
	snprintf(text, TARGET_NODE_BYTES, "%s:%d", host, port);
	return text;
}

static struct span make_key(const struct target_setup *setup)
{
	struct buf key;
	uint64_t generation = user_generation(setup->user);
	buf_init(&key, 0);
	buf_add_span(&key, setup->database);
	buf_add_u8(&key, 0);
	buf_add_span(&key, setup->dbname);
	buf_add_u8(&key, 0);
	buf_add_text(&key, user_name(setup->user));
	buf_add_u8(&key, 0);
	buf_add(&key, &generation, sizeof generation);
	for (size_t i = 0; i < setup->hosts->count; i++)
		buf_add_printf(&key, "%s,", setup->hosts->words[i]);
	buf_add_printf(&key, ":%d %d %d", setup->port, (int)setup->pool_mode, setup->coordinator);
	char *copy = mem_strndup(buf_head(&key), buf_held(&key));
	struct span result = span_of(copy, buf_held(&key));
	buf_done(&key);
	return result;
}

static struct setting_list copy_hosts(const struct setting_list *hosts)
{
	const char **words = mem_array(hosts->count, sizeof *words);
	for (size_t i = 0; i < hosts->count; i++)
		words[i] = mem_strdup(hosts->words[i]);
	return (struct setting_list){ words, hosts->count };
}

struct target *target_new(struct ledger *ledger, const struct target_setup *setup)
{
	struct target *t = MEM_NEW(struct target);
	char node[TARGET_NODE_BYTES];
	t->ref_count = 1;
	t->key = make_key(setup);
	t->database = mem_strndup(setup->database.ptr, setup->database.len);
	t->dbname = mem_strndup(setup->dbname.ptr, setup->dbname.len);
	t->user = user_ref(setup->user);
	t->hosts = copy_hosts(setup->hosts);
	t->port = setup->port;
	t->coordinator = setup->coordinator;
	t->pool_mode = setup->pool_mode;
	t->pool_size = setup->pool_size;
	t->accounts[ACCOUNT_NODE] =
		ledger_account(ledger, ACCOUNT_NODE, span_text(target_node_key(t->hosts.words[0], t->port, node)));
	t->accounts[ACCOUNT_DATABASE] = ledger_account(ledger, ACCOUNT_DATABASE, setup->database);
	t->accounts[ACCOUNT_USER] = ledger_account(ledger, ACCOUNT_USER, span_text(user_name(t->user)));
	t->accounts[ACCOUNT_POOL] = ledger_account(ledger, ACCOUNT_POOL, t->key);
	account_set_limit(t->accounts[ACCOUNT_POOL], setup->pool_size);
	account_set_limit(t->accounts[ACCOUNT_DATABASE], setup->max_db_connections);
	account_set_limit(t->accounts[ACCOUNT_USER], setup->max_user_connections);
	if (setup->max_node_connections)
		account_set_limit(t->accounts[ACCOUNT_NODE], setup->max_node_connections);
	return t;
}

struct target *target_ref(struct target *t)
{
	atomic_fetch_add_explicit(&t->ref_count, 1, memory_order_relaxed);
	return t;
}

void target_unref(struct target *t)
{
	if (t == NULL || atomic_fetch_sub_explicit(&t->ref_count, 1, memory_order_acq_rel) != 1)
		return;
	mem_free((void *)(uintptr_t)t->key.ptr);
	mem_free(t->database);
	mem_free(t->dbname);
	user_unref(t->user);
	for (size_t i = 0; i < t->hosts.count; i++)
		mem_free((void *)(uintptr_t)t->hosts.words[i]);
	mem_free((void *)(uintptr_t)t->hosts.words);
	mem_free(t);
}
