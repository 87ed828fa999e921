#ifndef CFLARE_SYSTEM_SNAPPY_H
#define CFLARE_SYSTEM_SNAPPY_H

#include <stdbool.h>
#include <stddef.h>

/// Raw snappy blocks, without any framing.

/// Largest size that compressing `length` bytes can need.
size_t flare_snappy_bound(size_t length);

/// Returns the bytes written, or 0 when `capacity` is too small.
size_t flare_snappy_compress(
    const void *_Nullable source, size_t length, void *_Nonnull destination, size_t capacity);

/// The length that a block says it has uncompressed; false when its beginning is damaged. Not to be trusted: bound it.
bool flare_snappy_uncompressed_length(const void *_Nullable source, size_t length, size_t *_Nonnull result);

/// Writes the length that the block says; false when the block is damaged or `capacity` is too small.
bool flare_snappy_uncompress(
    const void *_Nullable source, size_t length, void *_Nonnull destination, size_t capacity);

#endif
