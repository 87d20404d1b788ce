/* Name look-ups that never block a loop: c-ares over libevent, with a cache. One a loop. */
#pragma once

#include <stdint.h>

#include "net/address.h"
#include "net/loop.h"

struct dns;

struct dns *dns_new(struct loop *loop, int64_t max_ttl_us, int64_t failure_ttl_us, const char **why);
void dns_free(struct dns *dns); /* looks-up under way are forgotten. NULL is fine */

/* The answer to dns_lookup(token): `count` addresses (without a port) or, with none,
 * the reason. May come before dns_lookup returns (numeric, cached). */
typedef void dns_answer(void *owner, uint64_t token, const struct address *addresses, unsigned count, const char *why);
void dns_lookup(struct dns *dns, const char *host, dns_answer *on_answer, void *owner, uint64_t token);

/* The owner is going away: none of its look-ups is answered any more. */
void dns_forget(struct dns *dns, const void *owner);
