#include "CFlareSystem.h"

#include <openssl/sha.h>

void flare_sha256(const void *bytes, size_t length, uint8_t *digest32) {
    SHA256(bytes, length, digest32);
}
