#include "CFlareSystemKafka.h"

#include <lz4frame.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

uint32_t flare_crc32(uint32_t crc, const void *bytes, size_t length) {
    return length == 0 ? crc : (uint32_t)crc32_z(crc, bytes, length);
}

void flare_bytes_free(flare_bytes *bytes) {
    free(bytes->bytes);
    *bytes = (flare_bytes){0};
}

/// Makes room for more output: doubles, up to one byte over the limit, so that going over it shows.
static flare_decompress_result grow(flare_bytes *output, size_t length, size_t limit) {
    if (output->length > limit) return FLARE_DECOMPRESS_TOO_LARGE;
    if (output->length < output->capacity) return FLARE_DECOMPRESSED;
    size_t capacity = output->capacity ? output->capacity * 2 : length * 4 + 4096;
    if (capacity > limit + 1) capacity = limit + 1;
    uint8_t *bytes = realloc(output->bytes, capacity);
    if (!bytes) return FLARE_DECOMPRESS_NO_MEMORY;
    output->bytes = bytes;
    output->capacity = capacity;
    return FLARE_DECOMPRESSED;
}

flare_decompress_result flare_decompress_gzip(
    const void *source, size_t length, size_t limit, flare_bytes *output) {
    z_stream stream = {0};
    // 15 window bits; + 16 asks for the gzip wrapper (zlib.h, inflateInit2).
    if (length > UINT32_MAX) return FLARE_DECOMPRESS_TOO_LARGE;
    if (inflateInit2(&stream, 15 + 16) != Z_OK) return FLARE_DECOMPRESS_NO_MEMORY;
    stream.next_in = (Bytef *)source;
    stream.avail_in = (uInt)length;
    flare_decompress_result result;
    while ((result = grow(output, length, limit)) == FLARE_DECOMPRESSED) {
        size_t room = output->capacity - output->length;
        stream.next_out = output->bytes + output->length;
        stream.avail_out = (uInt)room;
        int status = inflate(&stream, Z_NO_FLUSH);
        output->length += room - stream.avail_out;
        if (status == Z_STREAM_END) {
            if (stream.avail_in == 0) break;
            inflateReset(&stream);
        } else if (status != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0)) {
            result = status == Z_MEM_ERROR ? FLARE_DECOMPRESS_NO_MEMORY : FLARE_DECOMPRESS_CORRUPT;
            break;
        }
    }
    inflateEnd(&stream);
    return result == FLARE_DECOMPRESSED && output->length > limit ? FLARE_DECOMPRESS_TOO_LARGE : result;
}

static flare_decompress_result append_snappy(
    const uint8_t *source, size_t length, size_t limit, flare_bytes *output) {
    size_t expected;
    if (snappy_uncompressed_length((const char *)source, length, &expected) != SNAPPY_OK)
        return FLARE_DECOMPRESS_CORRUPT;
    if (expected > limit - output->length) return FLARE_DECOMPRESS_TOO_LARGE;
    // No element of snappy makes more than 64 bytes out of three: a larger claim is a lie.
    if (expected / 64 > length) return FLARE_DECOMPRESS_CORRUPT;
    if (output->capacity - output->length < expected) {
        size_t capacity = output->capacity * 2 > output->length + expected ? output->capacity * 2
                                                                           : output->length + expected;
        uint8_t *bytes = realloc(output->bytes, capacity);
        if (!bytes) return FLARE_DECOMPRESS_NO_MEMORY;
        output->bytes = bytes;
        output->capacity = capacity;
    }
    if (expected == 0) return FLARE_DECOMPRESSED;
    size_t written = expected;
    char *destination = (char *)output->bytes + output->length;
    if (snappy_uncompress((const char *)source, length, destination, &written) != SNAPPY_OK)
        return FLARE_DECOMPRESS_CORRUPT;
    output->length += written;
    return FLARE_DECOMPRESSED;
}

flare_decompress_result flare_decompress_snappy(
    const void *source, size_t length, size_t limit, flare_bytes *output) {
    // snappy-java, SnappyCodec: magic, version and compatible version of four bytes each, then blocks, each after
    // its length in four big-endian bytes. Streams may follow each other.
    static const uint8_t magic[8] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
    const uint8_t *bytes = source;
    if (length < 16 || memcmp(bytes, magic, 8) != 0) return append_snappy(bytes, length, limit, output);
    size_t position = 0;
    while (position < length) {
        if (length - position >= 16 && memcmp(bytes + position, magic, 8) == 0) {
            position += 16;
            continue;
        }
        if (length - position < 4) return FLARE_DECOMPRESS_CORRUPT;
        size_t block = (size_t)bytes[position] << 24 | (size_t)bytes[position + 1] << 16
            | (size_t)bytes[position + 2] << 8 | bytes[position + 3];
        position += 4;
        if (block > length - position) return FLARE_DECOMPRESS_CORRUPT;
        flare_decompress_result result = append_snappy(bytes + position, block, limit, output);
        if (result != FLARE_DECOMPRESSED) return result;
        position += block;
    }
    return FLARE_DECOMPRESSED;
}

static uint32_t rotate(uint32_t value, int bits) {
    return value << bits | value >> (32 - bits);
}

/// XXH32 with seed 0 of fewer than 16 bytes.
/// https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
static uint32_t short_xxh32(const uint8_t *bytes, size_t length) {
    const uint32_t p1 = 2654435761u, p2 = 2246822519u, p3 = 3266489917u, p4 = 668265263u, p5 = 374761393u;
    uint32_t hash = p5 + (uint32_t)length;
    for (; length >= 4; bytes += 4, length -= 4) {
        uint32_t lane = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16
            | (uint32_t)bytes[3] << 24;
        hash = rotate(hash + lane * p3, 17) * p4;
    }
    for (; length > 0; bytes++, length--) hash = rotate(hash + *bytes * p5, 11) * p1;
    hash = (hash ^ hash >> 15) * p2;
    hash = (hash ^ hash >> 13) * p3;
    return hash ^ hash >> 16;
}

/// The header of an LZ4 frame: magic 4, FLG, BD, content size 8 when bit 3 of FLG is set, dictionary id 4 when bit 0
/// is, and one byte of checksum over what lies between.
/// https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
enum { LZ4_HEADER_MAX = 19 };

static size_t lz4_header_length(const uint8_t *bytes, size_t length) {
    if (length < 7) return 0;
    size_t header = 7 + (bytes[4] & 8 ? 8 : 0) + (bytes[4] & 1 ? 4 : 0);
    return header <= length ? header : 0;
}

flare_decompress_result flare_decompress_lz4(
    const void *source, size_t length, size_t limit, bool ignores_header_checksum, flare_bytes *output) {
    LZ4F_dctx *context;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) return FLARE_DECOMPRESS_NO_MEMORY;
    const uint8_t *bytes = source;
    uint8_t header[LZ4_HEADER_MAX];
    size_t position = 0, header_length = 0;
    if (ignores_header_checksum && (header_length = lz4_header_length(bytes, length)) > 0) {
        memcpy(header, bytes, header_length);
        header[header_length - 1] = (uint8_t)(short_xxh32(header + 4, header_length - 5) >> 8);
    }
    flare_decompress_result result;
    size_t hint = 1;
    while ((result = grow(output, length, limit)) == FLARE_DECOMPRESSED) {
        bool is_header = position < header_length;
        const uint8_t *next = is_header ? header + position : bytes + position;
        size_t consumed = is_header ? header_length - position : length - position;
        size_t room = output->capacity - output->length, written = room;
        hint = LZ4F_decompress(context, output->bytes + output->length, &written, next, &consumed, NULL);
        if (LZ4F_isError(hint)) {
            result = FLARE_DECOMPRESS_CORRUPT;
            break;
        }
        output->length += written;
        position += consumed;
        // Zero: a frame has ended. What follows is the next one.
        if (position == length && (hint == 0 || written < room)) break;
    }
    LZ4F_freeDecompressionContext(context);
    if (result != FLARE_DECOMPRESSED) return result;
    if (output->length > limit) return FLARE_DECOMPRESS_TOO_LARGE;
    return hint == 0 ? FLARE_DECOMPRESSED : FLARE_DECOMPRESS_CORRUPT;
}

flare_decompress_result flare_decompress_zstd(
    const void *source, size_t length, size_t limit, flare_bytes *output) {
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!context) return FLARE_DECOMPRESS_NO_MEMORY;
    ZSTD_inBuffer input = {source, length, 0};
    flare_decompress_result result;
    size_t hint = 1;
    while ((result = grow(output, length, limit)) == FLARE_DECOMPRESSED) {
        ZSTD_outBuffer room = {output->bytes, output->capacity, output->length};
        hint = ZSTD_decompressStream(context, &room, &input);
        if (ZSTD_isError(hint)) {
            result = FLARE_DECOMPRESS_CORRUPT;
            break;
        }
        output->length = room.pos;
        // Zero: a frame has ended and is written out in full.
        if (input.pos == length && (hint == 0 || room.pos < room.size)) break;
    }
    ZSTD_freeDCtx(context);
    if (result != FLARE_DECOMPRESSED) return result;
    if (output->length > limit) return FLARE_DECOMPRESS_TOO_LARGE;
    return hint == 0 ? FLARE_DECOMPRESSED : FLARE_DECOMPRESS_CORRUPT;
}
