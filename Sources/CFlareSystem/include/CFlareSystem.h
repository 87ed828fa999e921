#ifndef CFLARE_SYSTEM_H
#define CFLARE_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

#include "CFlareSystemCertificate.h"
#include "CFlareSystemChecksum.h"
#include "CFlareSystemKafka.h"
#include "CFlareSystemSignature.h"
#include "CFlareSystemSnappy.h"
#include "CFlareSystemDecompress.h"
#include "CFlareSystemWebSocket.h"

/// CRC32C (Castagnoli, as in RFC 3720 appendix B.4) of `length` bytes, continuing from `crc` (0 to begin).
/// Uses the SSE4.2 instruction where the processor has it.
uint32_t flare_crc32c(uint32_t crc, const void *_Nullable bytes, size_t length);

/// SHA-256 of a whole buffer; writes 32 bytes.
void flare_sha256(const void *_Nullable bytes, size_t length, uint8_t *_Nonnull digest32);

/// Largest size that compressing `length` bytes can need.
size_t flare_gzip_bound(size_t length);
size_t flare_zstd_bound(size_t length);

/// Compresses a whole buffer as one gzip member or one zstd frame.
/// Returns the bytes written, or 0 when `capacity` is too small or the library failed.
size_t flare_gzip_compress(
    const void *_Nullable source, size_t length, void *_Nonnull destination, size_t capacity, int level);
size_t flare_zstd_compress(
    const void *_Nullable source, size_t length, void *_Nonnull destination, size_t capacity, int level);

/// fdatasync(2).
int flare_fdatasync(int descriptor);

/// Begins to write a range of a file out (sync_file_range(2)); hardly waits for the disk, and takes none of its errors
/// from a later fdatasync(2).
int flare_begin_sync(int descriptor, int64_t position, int64_t count);

#endif
