/* The hash functions that PostgreSQL places rows by, over values in the form of
 * route/key.h. A *citus* hash is the 32-bit function of a type's default hash
 * operator class (support function 1), which worker_hash() calls; a *native* hash is the
 * 64-bit one (support function 2), which PARTITION BY HASH calls. */
#pragma once

#include <stdint.h>

#include "base/span.h"

/* hash_bytes(), hash_bytes_uint32() (src/common/hashfn.c): text, bytea, uuid, …; int2, int4, date, … */
uint32_t hash32_bytes(struct span bytes);
uint32_t hash32_int4(uint32_t number);
/* hashint8() (src/backend/access/hash/hashfunc.c): equal to int4's where the number fits one. Also time and timestamp. */
uint32_t hash32_int8(int64_t number);
/* hashfloat8(), which float4 uses too: zero and minus zero are alike, and so are all NaNs. */
uint32_t hash32_float8(double number);

/* Their ...extended twins. */
uint64_t hash64_bytes(struct span bytes, uint64_t seed);
uint64_t hash64_int4(uint32_t number, uint64_t seed);
uint64_t hash64_int8(int64_t number, uint64_t seed);
uint64_t hash64_float8(double number, uint64_t seed);

/* hash_combine64() (src/include/common/hashfn.h) */
uint64_t hash64_combine(uint64_t a, uint64_t b);
