#ifndef CFLARE_SYSTEM_KAFKA_H
#define CFLARE_SYSTEM_KAFKA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// CRC32 (IEEE 802.3, as in zlib) of `length` bytes, continuing from `crc` (0 to begin).
uint32_t flare_crc32(uint32_t crc, const void *_Nullable bytes, size_t length);

/// What became of a decompression.
typedef enum {
    FLARE_DECOMPRESSED = 0,
    /// The bytes are not what the codec writes, or are cut off.
    FLARE_DECOMPRESS_CORRUPT = 1,
    /// More than the limit would come out.
    FLARE_DECOMPRESS_TOO_LARGE = 2,
    FLARE_DECOMPRESS_NO_MEMORY = 3,
} flare_decompress_result;

/// Bytes on the C heap; free them with `flare_bytes_free`, also after a failure.
typedef struct {
    uint8_t *_Nullable bytes;
    size_t length;
    size_t capacity;
} flare_bytes;

void flare_bytes_free(flare_bytes *_Nonnull bytes);

/// Decompress a whole buffer, at most `limit` bytes, into `output`, which is empty before.
/// One gzip member or several; raw snappy or the blocks of xerial's snappy-java; LZ4 frames; zstd frames.
flare_decompress_result flare_decompress_gzip(
    const void *_Nullable source, size_t length, size_t limit, flare_bytes *_Nonnull output);
flare_decompress_result flare_decompress_snappy(
    const void *_Nullable source, size_t length, size_t limit, flare_bytes *_Nonnull output);
/// `ignores_header_checksum`: the header checksum is not looked at. Clients of brokers before 0.10 wrote a wrong one
/// (KAFKA-3160).
flare_decompress_result flare_decompress_lz4(
    const void *_Nullable source, size_t length, size_t limit, bool ignores_header_checksum,
    flare_bytes *_Nonnull output);
flare_decompress_result flare_decompress_zstd(
    const void *_Nullable source, size_t length, size_t limit, flare_bytes *_Nonnull output);

#endif
