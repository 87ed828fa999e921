#include "CFlareSystem.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

// All polynomials are reflected: the lowest bit stands for the highest power.
#define CRC32_POLYNOMIAL 0xEDB88320u
#define CRC32C_POLYNOMIAL 0x82F63B78u
#define CRC64NVME_POLYNOMIAL 0x9A6C9329AC4BC9B5u

static uint64_t table[8][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void fill_table(void) {
    for (uint64_t i = 0; i < 256; i++) {
        uint64_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (CRC64NVME_POLYNOMIAL & (0u - (crc & 1)));
        table[0][i] = crc;
    }
    for (int i = 0; i < 256; i++)
        for (int slice = 1; slice < 8; slice++)
            table[slice][i] = (table[slice - 1][i] >> 8) ^ table[0][table[slice - 1][i] & 0xFF];
}

uint64_t flare_crc64nvme(uint64_t crc, const void *start, size_t length) {
    const uint8_t *bytes = start;
    pthread_once(&table_once, fill_table);
    crc = ~crc;
    while (length >= 8) {
        for (int i = 0; i < 8; i++) crc ^= (uint64_t)bytes[i] << (8 * i);
        crc = table[7][crc & 0xFF] ^ table[6][(crc >> 8) & 0xFF] ^ table[5][(crc >> 16) & 0xFF]
            ^ table[4][(crc >> 24) & 0xFF] ^ table[3][(crc >> 32) & 0xFF] ^ table[2][(crc >> 40) & 0xFF]
            ^ table[1][(crc >> 48) & 0xFF] ^ table[0][crc >> 56];
        bytes += 8;
        length -= 8;
    }
    while (length--) crc = (crc >> 8) ^ table[0][(crc ^ *bytes++) & 0xFF];
    return ~crc;
}

/// The product of two polynomials modulo a third, of which `top` is the bit of x^0.
static uint64_t multiply(uint64_t a, uint64_t b, uint64_t polynomial, uint64_t top) {
    uint64_t product = 0;
    for (uint64_t bit = top; bit; bit >>= 1) {
        if (a & bit) product ^= b;
        b = b & 1 ? (b >> 1) ^ polynomial : b >> 1;
    }
    return product;
}

/// Moves `first` before `length` bytes, which multiplies it by x^(8 * length), and adds `second`.
static uint64_t combine(uint64_t first, uint64_t second, uint64_t length, uint64_t polynomial, uint64_t top) {
    uint64_t power = top >> 8;
    for (; length; length >>= 1) {
        if (length & 1) first = multiply(first, power, polynomial, top);
        power = multiply(power, power, polynomial, top);
    }
    return first ^ second;
}

uint32_t flare_crc32_combine(uint32_t first, uint32_t second, uint64_t length) {
    return (uint32_t)combine(first, second, length, CRC32_POLYNOMIAL, 1u << 31);
}

uint32_t flare_crc32c_combine(uint32_t first, uint32_t second, uint64_t length) {
    return (uint32_t)combine(first, second, length, CRC32C_POLYNOMIAL, 1u << 31);
}

uint64_t flare_crc64nvme_combine(uint64_t first, uint64_t second, uint64_t length) {
    return combine(first, second, length, CRC64NVME_POLYNOMIAL, (uint64_t)1 << 63);
}

static flare_sha *begin(const EVP_MD *kind) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context) return NULL;
    if (EVP_DigestInit_ex(context, kind, NULL) != 1) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return (flare_sha *)context;
}

flare_sha *flare_sha1_begin(void) {
    return begin(EVP_sha1());
}

flare_sha *flare_sha256_begin(void) {
    return begin(EVP_sha256());
}

void flare_sha_update(flare_sha *state, const void *bytes, size_t length) {
    EVP_DigestUpdate((EVP_MD_CTX *)state, bytes, length);
}

void flare_sha_finish(flare_sha *state, uint8_t *digest) {
    EVP_DigestFinal_ex((EVP_MD_CTX *)state, digest, NULL);
    EVP_MD_CTX_free((EVP_MD_CTX *)state);
}

void flare_sha_discard(flare_sha *state) {
    EVP_MD_CTX_free((EVP_MD_CTX *)state);
}
