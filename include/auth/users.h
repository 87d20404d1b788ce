/* The auth_file: users and their secrets, in PgBouncer's format (its manual,
 * "Authentication file format").
 *
 *    ; a comment
 *    "name" "secret" anything else on the line is ignored
 *    "with ""quotes""" "md5d41d8cd98f00b204e9800998ecf8427e"
 *    "scram" "SCRAM-SHA-256$4096:salt$StoredKey:ServerKey"
 *    "nobody" ""
 *
 * A double quote inside a field is written twice. Blank lines and lines whose first
 * byte other than a blank is `;` or `#` are skipped. Of two lines with one name the last counts,
 * as in PgBouncer. One bad line refuses the whole file, so that a slip of the editor
 * never leaves half of the users outside.
 *
 * A snapshot is immutable, counted and shared by all loops. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/user.h"
#include "base/span.h"

struct users;

/* Reads the text of an auth_file; `file` names it in reasons. A user whose line did
 * not change is taken over from `previous` (NULL: none) with what was derived and
 * learned for him. NULL on a bad line, and *reason says `file:line: what is wrong; what
 * would be right`, without a word of the line itself; the caller frees it with mem_free. */
struct users *users_parse(struct span text, const char *file, uint32_t scram_iterations, const struct users *previous,
			  char **reason);
/* The same of a file; not readable is a reason, too. */
struct users *users_load(const char *path, uint32_t scram_iterations, const struct users *previous, char **reason);

struct users *users_ref(struct users *users);
void users_unref(struct users *users); /* NULL is fine */

/* NULL if there is none. The user lives as long as the snapshot: user_ref one that is kept. `users` may be NULL. */
struct user *users_find(const struct users *users, struct span name);
size_t users_count(const struct users *users);

/* True if most users with a secret have a SCRAM verifier (or there are none at all):
 * auth_type md5 then asks an unknown user for SCRAM, so that he looks like the others. */
bool users_mostly_scram(const struct users *users);
/* The iterations of most SCRAM verifiers, for the mock exchanges of unknown users; `otherwise` if there are none. */
uint32_t users_scram_iterations(const struct users *users, uint32_t otherwise);
