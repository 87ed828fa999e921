#include "CFlareSystem.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

flare_signature_digest *flare_signature_digest_begin(void) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context) return NULL;
    if (EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return (flare_signature_digest *)context;
}

void flare_signature_digest_update(flare_signature_digest *state, const void *bytes, size_t length) {
    EVP_DigestUpdate((EVP_MD_CTX *)state, bytes, length);
}

void flare_signature_digest_finish(flare_signature_digest *state, uint8_t *digest32) {
    EVP_DigestFinal_ex((EVP_MD_CTX *)state, digest32, NULL);
    EVP_DigestInit_ex((EVP_MD_CTX *)state, NULL, NULL);
}

void flare_signature_digest_free(flare_signature_digest *state) {
    EVP_MD_CTX_free((EVP_MD_CTX *)state);
}

void flare_hmac_sha256(
    const void *key, size_t keyLength, const void *bytes, size_t length, uint8_t *digest32) {
    // A key without bytes may have no address, which HMAC would take for "the key of last time".
    HMAC(EVP_sha256(), key ? key : "", (int)keyLength, bytes, length, digest32, NULL);
}

bool flare_is_equal_in_constant_time(const void *left, const void *right, size_t length) {
    return length == 0 || CRYPTO_memcmp(left, right, length) == 0;
}
