#ifndef CFLARE_SYSTEM_CHECKSUM_H
#define CFLARE_SYSTEM_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/// CRC64/NVME (NVM Express, "64b CRC") of `length` bytes, continuing from `crc` (0 to begin).
uint64_t flare_crc64nvme(uint64_t crc, const void *_Nullable bytes, size_t length);

/// The checksum of some bytes followed by `length` others, from the checksums of both.
uint32_t flare_crc32_combine(uint32_t first, uint32_t second, uint64_t length);
uint32_t flare_crc32c_combine(uint32_t first, uint32_t second, uint64_t length);
uint64_t flare_crc64nvme_combine(uint64_t first, uint64_t second, uint64_t length);

/// SHA-1 (20 bytes) or SHA-256 (32 bytes), incremental. `flare_sha_finish` writes the digest and frees the state.
typedef struct flare_sha flare_sha;
flare_sha *_Nullable flare_sha1_begin(void);
flare_sha *_Nullable flare_sha256_begin(void);
void flare_sha_update(flare_sha *_Nonnull state, const void *_Nullable bytes, size_t length);
void flare_sha_finish(flare_sha *_Nonnull state, uint8_t *_Nonnull digest);
void flare_sha_discard(flare_sha *_Nonnull state);

#endif
