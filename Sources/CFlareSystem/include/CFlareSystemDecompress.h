#ifndef CFLARE_SYSTEM_DECOMPRESS_H
#define CFLARE_SYSTEM_DECOMPRESS_H

#include <stddef.h>
#include <stdint.h>

/// Decompression of one body, piece by piece, never more than the caller has room for.
///
/// gzip may have several members and zstd several frames, one after the other; deflate is one stream, in zlib's
/// wrapping or raw, told apart by its first byte.
typedef struct flare_inflate flare_inflate;

enum {
    FLARE_INFLATE_GZIP = 1,
    FLARE_INFLATE_DEFLATE = 2,
    FLARE_INFLATE_ZSTD = 3,
};

enum {
    /// All input is taken, and all that it stands for is written.
    FLARE_INFLATE_NEEDS_INPUT = 0,
    /// The output is full; push the rest of the input, or nothing, with more room.
    FLARE_INFLATE_NEEDS_OUTPUT = 1,
    /// The bytes are not of this kind; `flare_inflate_reason` says why. Nothing more can be pushed.
    FLARE_INFLATE_INVALID = -1,
    FLARE_INFLATE_NO_MEMORY = -2,
};

/// Returns NULL without memory or for an unknown kind. Free it with `flare_inflate_end`.
flare_inflate *_Nullable flare_inflate_begin(int kind);

/// Decompresses what of `input` fits into `output` (a capacity of at least one byte), and says how far it came in both.
int flare_inflate_push(
    flare_inflate *_Nonnull state,
    const void *_Nullable input, size_t length, size_t *_Nonnull consumed,
    void *_Nonnull output, size_t capacity, size_t *_Nonnull produced);

/// Whether the input so far ends where a body may end: at the end of a member, stream or frame.
int flare_inflate_is_whole(const flare_inflate *_Nonnull state);

/// Why a push was invalid, in the library's words.
const char *_Nonnull flare_inflate_reason(const flare_inflate *_Nonnull state);

void flare_inflate_end(flare_inflate *_Nullable state);

#endif
