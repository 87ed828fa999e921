#include "CFlareSystemWebSocket.h"

#include <openssl/sha.h>
#include <string.h>

void flare_sha1(const void *bytes, size_t length, uint8_t *digest20) {
    SHA1(bytes, length, digest20);
}

uint8_t flare_websocket_unmask(uint8_t *bytes, size_t length, const uint8_t *key4) {
    uint8_t keys[8];
    memcpy(keys, key4, 4);
    memcpy(keys + 4, key4, 4);
    uint64_t key;
    memcpy(&key, keys, 8);
    uint64_t seen = 0;
    size_t index = 0;
    for (; index + 8 <= length; index += 8) {
        uint64_t word;
        memcpy(&word, bytes + index, 8);
        word ^= key;
        seen |= word;
        memcpy(bytes + index, &word, 8);
    }
    uint8_t last = 0;
    for (; index < length; index++) {
        bytes[index] ^= keys[index & 7];
        last |= bytes[index];
    }
    seen |= seen >> 32;
    seen |= seen >> 16;
    seen |= seen >> 8;
    return (uint8_t)seen | last;
}
