#include "CFlareSystemDecompress.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/// The largest zstd window, 8 MiB: RFC 9659 lets no HTTP body ask for more. Bounds what one request holds in memory.
#define ZSTD_WINDOW_LOG_MAX 23

struct flare_inflate {
    int kind;
    /// zlib is initialised: for deflate only once the first byte has shown its wrapping.
    int has_stream;
    /// The input so far ends at the end of a member, stream or frame.
    int is_whole;
    const char *reason;
    z_stream stream;
    ZSTD_DCtx *zstd;
};

flare_inflate *flare_inflate_begin(int kind) {
    flare_inflate *state = calloc(1, sizeof *state);
    if (!state) return NULL;
    state->kind = kind;
    state->reason = "";
    int isReady = 0;
    switch (kind) {
    case FLARE_INFLATE_GZIP:
        // 15 window bits; + 16 asks for the gzip wrapper (zlib.h, inflateInit2).
        isReady = state->has_stream = inflateInit2(&state->stream, 15 + 16) == Z_OK;
        break;
    case FLARE_INFLATE_DEFLATE:
        isReady = 1;
        break;
    case FLARE_INFLATE_ZSTD:
        state->zstd = ZSTD_createDCtx();
        isReady = state->zstd
            && !ZSTD_isError(ZSTD_DCtx_setParameter(state->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX));
        break;
    }
    if (isReady) return state;
    flare_inflate_end(state);
    return NULL;
}

static int invalid(flare_inflate *state, const char *reason) {
    state->is_whole = 0;
    state->reason = reason;
    return FLARE_INFLATE_INVALID;
}

/// zlib's wrapping begins with a byte whose low half is 8, "deflate" (RFC 1950, 2.2). In a raw stream that would be a
/// stored block whose padding is not zero (RFC 1951, 3.2.4), which no encoder writes.
static int begin_deflate(flare_inflate *state, uint8_t first) {
    int windowBits = (first & 0x0F) == Z_DEFLATED ? 15 : -15;
    if (inflateInit2(&state->stream, windowBits) != Z_OK) return FLARE_INFLATE_NO_MEMORY;
    state->has_stream = 1;
    return FLARE_INFLATE_NEEDS_INPUT;
}

static uInt clamped(size_t length) {
    return length > UINT_MAX ? UINT_MAX : (uInt)length;
}

static int push_zlib(
    flare_inflate *state,
    const uint8_t *input, size_t length, size_t *consumed, uint8_t *output, size_t capacity, size_t *produced
) {
    z_stream *stream = &state->stream;
    for (;;) {
        size_t left = length - *consumed;
        if (state->is_whole) {
            if (left == 0) return FLARE_INFLATE_NEEDS_INPUT;
            if (state->kind == FLARE_INFLATE_DEFLATE) return invalid(state, "data after its end");
            // What follows a member is the next one.
            inflateReset(stream);
            state->is_whole = 0;
        }
        if (*produced == capacity) return FLARE_INFLATE_NEEDS_OUTPUT;
        uInt given = clamped(left), room = clamped(capacity - *produced);
        stream->next_in = (Bytef *)(input + *consumed);
        stream->avail_in = given;
        stream->next_out = output + *produced;
        stream->avail_out = room;
        int result = inflate(stream, Z_NO_FLUSH);
        *consumed += given - stream->avail_in;
        *produced += room - stream->avail_out;
        switch (result) {
        case Z_STREAM_END:
            state->is_whole = 1;
            break;
        case Z_OK:
            if (*consumed == length && *produced < capacity) return FLARE_INFLATE_NEEDS_INPUT;
            break;
        case Z_BUF_ERROR:
            // Nothing to do without more input: the output was not full.
            return FLARE_INFLATE_NEEDS_INPUT;
        case Z_MEM_ERROR:
            return FLARE_INFLATE_NO_MEMORY;
        case Z_NEED_DICT:
            return invalid(state, "it needs a dictionary");
        default:
            return invalid(state, stream->msg ? stream->msg : "damaged data");
        }
    }
}

static int push_zstd(
    flare_inflate *state,
    const uint8_t *input, size_t length, size_t *consumed, uint8_t *output, size_t capacity, size_t *produced
) {
    ZSTD_inBuffer in = {input, length, 0};
    ZSTD_outBuffer out = {output, capacity, 0};
    for (;;) {
        if (state->is_whole && in.pos == in.size) return FLARE_INFLATE_NEEDS_INPUT;
        if (out.pos == out.size) return FLARE_INFLATE_NEEDS_OUTPUT;
        size_t result = ZSTD_decompressStream(state->zstd, &out, &in);
        *consumed = in.pos;
        *produced = out.pos;
        if (ZSTD_isError(result)) {
            if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) return FLARE_INFLATE_NO_MEMORY;
            return invalid(state, ZSTD_getErrorName(result));
        }
        // 0: a frame is decoded and flushed.
        state->is_whole = result == 0;
        if (in.pos == in.size && out.pos < out.size) return FLARE_INFLATE_NEEDS_INPUT;
    }
}

int flare_inflate_push(
    flare_inflate *state,
    const void *input, size_t length, size_t *consumed, void *output, size_t capacity, size_t *produced
) {
    *consumed = 0;
    *produced = 0;
    if (state->kind == FLARE_INFLATE_ZSTD)
        return push_zstd(state, input, length, consumed, output, capacity, produced);
    if (!state->has_stream) {
        if (length == 0) return FLARE_INFLATE_NEEDS_INPUT;
        int status = begin_deflate(state, *(const uint8_t *)input);
        if (status != FLARE_INFLATE_NEEDS_INPUT) return status;
    }
    return push_zlib(state, input, length, consumed, output, capacity, produced);
}

int flare_inflate_is_whole(const flare_inflate *state) {
    return state->is_whole;
}

const char *flare_inflate_reason(const flare_inflate *state) {
    return state->reason;
}

void flare_inflate_end(flare_inflate *state) {
    if (!state) return;
    if (state->has_stream) inflateEnd(&state->stream);
    ZSTD_freeDCtx(state->zstd);
    free(state);
}
