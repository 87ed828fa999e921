#ifndef CFLARE_SYSTEM_SIGNATURE_H
#define CFLARE_SYSTEM_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What signatures of requests are made of: SHA-256 over bytes as they pass, and HMAC over it.

/// A running SHA-256 that can be used again: `flare_signature_digest_finish` begins it anew.
typedef struct flare_signature_digest flare_signature_digest;

/// Returns NULL without memory. Free it with `flare_signature_digest_free`.
flare_signature_digest *_Nullable flare_signature_digest_begin(void);
void flare_signature_digest_update(
    flare_signature_digest *_Nonnull state, const void *_Nullable bytes, size_t length);
/// Writes 32 bytes.
void flare_signature_digest_finish(flare_signature_digest *_Nonnull state, uint8_t *_Nonnull digest32);
void flare_signature_digest_free(flare_signature_digest *_Nonnull state);

/// HMAC-SHA-256 of a whole buffer; writes 32 bytes.
void flare_hmac_sha256(
    const void *_Nullable key, size_t keyLength, const void *_Nullable bytes, size_t length,
    uint8_t *_Nonnull digest32);

/// Whether two buffers hold the same bytes, in a time that tells nothing of where they differ.
bool flare_is_equal_in_constant_time(const void *_Nullable left, const void *_Nullable right, size_t length);

#endif
