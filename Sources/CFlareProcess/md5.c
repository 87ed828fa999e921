#include "CFlareProcess.h"

#include <string.h>

// MD5 of RFC 1321. Not for secrets: the etag of an object is the MD5 of its bytes, and that is what is compared here.

static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

#define ROTATE(x, n) ((x) << (n) | (x) >> (32 - (n)))
// Each round waits for x, the result of the one before, and that chain alone takes the time. So all that does not need
// x is summed up first, which the compiler would do in an order of its own: it may not look behind SETTLED.
#define SETTLED(sum) __asm__("" : "+r"(sum))
#define ROUND(f, a, b, c, d, k, s, i) \
    a += word[k] + sines[i]; \
    SETTLED(a); \
    f(a, b, c, d) \
    a = b + ROTATE(a, s);
#define F(sum, x, y, z) sum += (z) ^ ((x) & ((y) ^ (z)));
// The two halves share no bits, so that a sum is as good as an or, and only one of them needs x.
#define G(sum, x, y, z) \
    sum += ~(z) & (y); \
    SETTLED(sum); \
    sum += (z) & (x);
#define H(sum, x, y, z) \
    { \
        uint32_t rest = (y) ^ (z); \
        SETTLED(rest); \
        sum += rest ^ (x); \
    }
#define I(sum, x, y, z) sum += (y) ^ ((x) | ~(z));
#define FOUR(f, k0, k1, k2, k3, s0, s1, s2, s3, i) \
    ROUND(f, a, b, c, d, k0, s0, i) \
    ROUND(f, d, a, b, c, k1, s1, i + 1) \
    ROUND(f, c, d, a, b, k2, s2, i + 2) \
    ROUND(f, b, c, d, a, k3, s3, i + 3)

static uint32_t little_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void blocks(flare_etag *state, const uint8_t *bytes, size_t count) {
    uint32_t a = state->words[0], b = state->words[1], c = state->words[2], d = state->words[3];
    for (; count > 0; count--, bytes += 64) {
        uint32_t word[16], a0 = a, b0 = b, c0 = c, d0 = d;
        for (int i = 0; i < 16; i++) word[i] = little_endian(bytes + 4 * i);
        FOUR(F, 0, 1, 2, 3, 7, 12, 17, 22, 0)
        FOUR(F, 4, 5, 6, 7, 7, 12, 17, 22, 4)
        FOUR(F, 8, 9, 10, 11, 7, 12, 17, 22, 8)
        FOUR(F, 12, 13, 14, 15, 7, 12, 17, 22, 12)
        FOUR(G, 1, 6, 11, 0, 5, 9, 14, 20, 16)
        FOUR(G, 5, 10, 15, 4, 5, 9, 14, 20, 20)
        FOUR(G, 9, 14, 3, 8, 5, 9, 14, 20, 24)
        FOUR(G, 13, 2, 7, 12, 5, 9, 14, 20, 28)
        FOUR(H, 5, 8, 11, 14, 4, 11, 16, 23, 32)
        FOUR(H, 1, 4, 7, 10, 4, 11, 16, 23, 36)
        FOUR(H, 13, 0, 3, 6, 4, 11, 16, 23, 40)
        FOUR(H, 9, 12, 15, 2, 4, 11, 16, 23, 44)
        FOUR(I, 0, 7, 14, 5, 6, 10, 15, 21, 48)
        FOUR(I, 12, 3, 10, 1, 6, 10, 15, 21, 52)
        FOUR(I, 8, 15, 6, 13, 6, 10, 15, 21, 56)
        FOUR(I, 4, 11, 2, 9, 6, 10, 15, 21, 60)
        a += a0, b += b0, c += c0, d += d0;
    }
    state->words[0] = a, state->words[1] = b, state->words[2] = c, state->words[3] = d;
}

void flare_etag_begin(flare_etag *state) {
    *state = (flare_etag){{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}, 0, {0}};
}

void flare_etag_update(flare_etag *state, const void *data, size_t size) {
    const uint8_t *bytes = data;
    size_t held = state->size % 64;
    state->size += size;
    if (held > 0) {
        size_t taken = size < 64 - held ? size : 64 - held;
        memcpy(state->pending + held, bytes, taken);
        bytes += taken, size -= taken;
        if (held + taken < 64) return;
        blocks(state, state->pending, 1);
    }
    blocks(state, bytes, size / 64);
    if (size % 64 > 0) memcpy(state->pending, bytes + (size - size % 64), size % 64);
}

void flare_etag_end(const flare_etag *state, uint8_t *digest) {
    flare_etag last = *state;
    uint8_t padding[72] = {0x80};
    size_t held = last.size % 64, count = held < 56 ? 56 - held : 120 - held;
    uint64_t bits = last.size * 8;
    for (int i = 0; i < 8; i++) padding[count + i] = (uint8_t)(bits >> (8 * i));
    flare_etag_update(&last, padding, count + 8);
    for (int i = 0; i < 16; i++) digest[i] = (uint8_t)(last.words[i / 4] >> (8 * (i % 4)));
}
