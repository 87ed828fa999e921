#include "CFlareSystemSnappy.h"

#include <snappy-c.h>

// The library must not see a null pointer, not even for no bytes.
static const char *bytes_of(const void *source) {
    return source ? source : "";
}

size_t flare_snappy_bound(size_t length) {
    return snappy_max_compressed_length(length);
}

size_t flare_snappy_compress(const void *source, size_t length, void *destination, size_t capacity) {
    size_t written = capacity;
    return snappy_compress(bytes_of(source), length, destination, &written) == SNAPPY_OK ? written : 0;
}

bool flare_snappy_uncompressed_length(const void *source, size_t length, size_t *result) {
    return snappy_uncompressed_length(bytes_of(source), length, result) == SNAPPY_OK;
}

bool flare_snappy_uncompress(const void *source, size_t length, void *destination, size_t capacity) {
    size_t written = capacity;
    return snappy_uncompress(bytes_of(source), length, destination, &written) == SNAPPY_OK;
}
