#include "CFlareSystem.h"

#include <zlib.h>
#include <zstd.h>

size_t flare_gzip_bound(size_t length) {
    // deflateBound for a gzip wrapper: compressBound covers the zlib wrapper, the gzip one is 12 bytes longer.
    return compressBound(length) + 18;
}

size_t flare_zstd_bound(size_t length) {
    return ZSTD_compressBound(length);
}

size_t flare_gzip_compress(const void *source, size_t length, void *destination, size_t capacity, int level) {
    z_stream stream = {0};
    // 15 window bits; + 16 asks for the gzip wrapper (zlib.h, deflateInit2).
    if (deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    stream.next_in = (Bytef *)source;
    stream.avail_in = (uInt)length;
    stream.next_out = destination;
    stream.avail_out = (uInt)capacity;
    int result = deflate(&stream, Z_FINISH);
    size_t written = stream.total_out;
    deflateEnd(&stream);
    return result == Z_STREAM_END ? written : 0;
}

size_t flare_zstd_compress(const void *source, size_t length, void *destination, size_t capacity, int level) {
    size_t written = ZSTD_compress(destination, capacity, source, length, level);
    return ZSTD_isError(written) ? 0 : written;
}
