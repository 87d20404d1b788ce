/* The self-test of a map: sampled values of every key type in use are hashed here and by
 * the server, and must come out alike.
 *
 *    map ─► cases (a type, a group, a partitioned table) ─► a statement each ─► rows ─► verdict
 *
 * Which types there are, and where ranges end, decides what is asked; a map that
 * asks the same as one that has passed need not be tested again: selftest_signature. */
#pragma once

#include <stdbool.h>

#include "cluster/conn.h"
#include "route/map.h"

struct selftest;

/* A test of that map, which is held until selftest_free. `can_hash`, `can_place`: the server
 * has worker_hash() and get_shard_id_for_distribution_column(). */
struct selftest *selftest_new(struct map *map, bool can_hash, bool can_place);
void selftest_free(struct selftest *test); /* NULL is fine */

/* Tests with equal texts have equal verdicts, as long as the server is the same. */
const char *selftest_signature(const struct selftest *test);

/* The statement of the next case; NULL if all have been answered. Good until its answer. */
const struct statement *selftest_next(struct selftest *test);
/* Its answer: rows, or why there are none. */
void selftest_answer(struct selftest *test, const PGresult *rows, const char *why);

/* All has been asked, and nothing differed. */
bool selftest_passed(const struct selftest *test);
/* "ok (N values)", or what differed. */
const char *selftest_summary(const struct selftest *test);
/* Why a relation must not be routed after this test; NULL if it may. `test` is a struct selftest. */
const char *selftest_refuse(const void *test, const struct map_relation *relation);
