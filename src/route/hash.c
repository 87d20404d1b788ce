/* PostgreSQL's hash functions. The bytes are hashed by its own hash_bytes family, from
 * libpgcommon; what stands around it in the server, folding a bigint or making all
 * zeros of a float one, is a line or two each and is here.
 *
 * libpg_query exports a hash_bytes() as well; it is the same function, and
 * whichever the linker takes, test/unit/route_vectors compares it with the server's. */
#include "route/hash.h"

#include <math.h>
#include <string.h>

/* common/hashfn.h needs the server's whole postgres.h, which only the analyser includes. */
extern uint32_t hash_bytes(const unsigned char *key, int len);
extern uint64_t hash_bytes_extended(const unsigned char *key, int len, uint64_t seed);
extern uint32_t hash_bytes_uint32(uint32_t key);
extern uint64_t hash_bytes_uint32_extended(uint32_t key, uint64_t seed);

static uint32_t fold(int64_t number);
static double canonical_float(double number);
static const unsigned char *octets(struct span bytes);

uint32_t hash32_bytes(struct span bytes)
{
	return hash_bytes(octets(bytes), (int)bytes.len);
}

uint32_t hash32_int4(uint32_t number)
{
	return hash_bytes_uint32(number);
}

uint32_t hash32_int8(int64_t number)
{
	return hash_bytes_uint32(fold(number));
}

uint32_t hash32_float8(double number)
{
	if (number == 0)
		return 0;
	number = canonical_float(number);
	return hash_bytes((const unsigned char *)&number, sizeof number);
}

uint64_t hash64_bytes(struct span bytes, uint64_t seed)
{
	return hash_bytes_extended(octets(bytes), (int)bytes.len, seed);
}

uint64_t hash64_int4(uint32_t number, uint64_t seed)
{
	return hash_bytes_uint32_extended(number, seed);
}

uint64_t hash64_int8(int64_t number, uint64_t seed)
{
	return hash_bytes_uint32_extended(fold(number), seed);
}

uint64_t hash64_float8(double number, uint64_t seed)
{
	if (number == 0)
		return seed;
	number = canonical_float(number);
	return hash_bytes_extended((const unsigned char *)&number, sizeof number, seed);
}

uint64_t hash64_combine(uint64_t a, uint64_t b)
{
	return a ^ (b + UINT64_C(0x49a0f4dd15e5a8e3) + (a << 54) + (a >> 7));
}

/* The high half is mixed in so that a number that fits 32 bits, of either sign, keeps its int4 hash. */
static uint32_t fold(int64_t number)
{
	uint32_t low = (uint32_t)number, high = (uint32_t)((uint64_t)number >> 32);
	return low ^ (number >= 0 ? high : ~high);
}

static double canonical_float(double number)
{
	return isnan(number) ? (double)NAN : number;
}

/* hash_bytes reads no byte of an empty key, but it is not given a null pointer. */
static const unsigned char *octets(struct span bytes)
{
	return (const unsigned char *)(bytes.len ? bytes.ptr : "");
}
