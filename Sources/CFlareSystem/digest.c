#include "CFlareSystem.h"

#include <openssl/evp.h>
#include <openssl/sha.h>


flare_md5 *flare_md5_begin(void) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context) return NULL;
    if (EVP_DigestInit_ex(context, EVP_md5(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return (flare_md5 *)context;
}

void flare_md5_update(flare_md5 *state, const void *bytes, size_t length) {
    EVP_DigestUpdate((EVP_MD_CTX *)state, bytes, length);
}

void flare_md5_finish(flare_md5 *state, uint8_t *digest16) {
    EVP_DigestFinal_ex((EVP_MD_CTX *)state, digest16, NULL);
    EVP_MD_CTX_free((EVP_MD_CTX *)state);
}

void flare_md5_discard(flare_md5 *state) {
    EVP_MD_CTX_free((EVP_MD_CTX *)state);
}

void flare_sha256(const void *bytes, size_t length, uint8_t *digest32) {
    SHA256(bytes, length, digest32);
}
