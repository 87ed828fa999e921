#include "CFlareSystemCertificate.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/// A serial number has at most 20 bytes and is positive (RFC 5280, 4.1.2.2).
#define SERIAL_BITS 159

static BIO *reader(const void *bytes, size_t length) {
    return length > INT_MAX ? NULL : BIO_new_mem_buf(bytes, (int)length);
}

static X509 *read_certificate(const void *bytes, size_t length) {
    BIO *bio = reader(bytes, length);
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return certificate;
}

/// Never asks for a passphrase at a terminal; notes that one would be needed.
static int no_passphrase(char *buffer, int size, int isWriting, void *isEncrypted) {
    (void)buffer, (void)size, (void)isWriting;
    *(int *)isEncrypted = 1;
    return -1;
}

static EVP_PKEY *read_key(const void *bytes, size_t length, int *isEncrypted) {
    BIO *bio = reader(bytes, length);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, isEncrypted) : NULL;
    BIO_free(bio);
    ERR_clear_error();
    return key;
}

/// What was written to a memory BIO, as a string of its own; NULL without memory.
static char *text_of(BIO *bio) {
    char *bytes = NULL;
    long length = BIO_get_mem_data(bio, &bytes);
    char *text = length > 0 ? malloc((size_t)length + 1) : NULL;
    if (!text) return NULL;
    memcpy(text, bytes, (size_t)length);
    text[length] = 0;
    return text;
}

static int write_pem(X509 *certificate, EVP_PKEY *key, flare_certificate *made) {
    BIO *certificateText = BIO_new(BIO_s_mem()), *keyText = BIO_new(BIO_s_secmem());
    if (certificateText && keyText && PEM_write_bio_X509(certificateText, certificate) == 1
        && PEM_write_bio_PKCS8PrivateKey(keyText, key, NULL, NULL, 0, NULL, NULL) == 1) {
        made->certificate = text_of(certificateText);
        made->key = text_of(keyText);
    }
    BIO_free(certificateText);
    BIO_free(keyText);
    if (made->certificate && made->key) return 1;
    flare_certificate_free(made);
    return 0;
}

static int set_serial(X509 *certificate) {
    BIGNUM *number = BN_new();
    int isSet = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1
        && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return isSet;
}

static int set_name(X509 *certificate, const char *name) {
    X509_NAME *subject = X509_get_subject_name(certificate);
    return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const unsigned char *)"flare", -1, -1, 0) == 1
        && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1;
}

static int add_extension(X509 *certificate, X509 *issuer, int kind, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    int isAdded = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return isAdded;
}

/// A version 3 certificate for `key` with its name, serial number and times, not signed yet. NULL when libcrypto
/// failed.
static X509 *begin_certificate(EVP_PKEY *key, const char *name, int64_t notBefore, int64_t notAfter) {
    X509 *certificate = X509_new();
    // 2 is the code of version 3.
    if (certificate && X509_set_version(certificate, 2) == 1 && set_serial(certificate) && set_name(certificate, name)
        && ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)notBefore)
        && ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)notAfter)
        && X509_set_pubkey(certificate, key) == 1)
        return certificate;
    X509_free(certificate);
    return NULL;
}

int flare_certificate_make_authority(
    const char *name, int64_t notBefore, int64_t notAfter, flare_certificate *made
) {
    *made = (flare_certificate){0};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key ? begin_certificate(key, name, notBefore, notAfter) : NULL;
    int isMade = certificate
        && X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1
        && add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
        && add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign")
        && add_extension(certificate, certificate, NID_subject_key_identifier, "hash")
        && add_extension(certificate, certificate, NID_authority_key_identifier, "keyid:always")
        && X509_sign(certificate, key, EVP_sha256()) > 0 && write_pem(certificate, key, made);
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return isMade;
}

int flare_certificate_make_server(
    const char *authority, const char *authorityKey, const char *name, const char *alternatives, int64_t notBefore,
    int64_t notAfter, flare_certificate *made
) {
    *made = (flare_certificate){0};
    int isEncrypted = 0;
    X509 *issuer = read_certificate(authority, strlen(authority));
    EVP_PKEY *issuerKey = read_key(authorityKey, strlen(authorityKey), &isEncrypted);
    EVP_PKEY *key = issuer && issuerKey ? EVP_EC_gen("P-256") : NULL;
    X509 *certificate = key ? begin_certificate(key, name, notBefore, notAfter) : NULL;
    int isMade = certificate
        && X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1
        && add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE")
        && add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature")
        && add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth")
        && add_extension(certificate, issuer, NID_subject_key_identifier, "hash")
        && add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always")
        && add_extension(certificate, issuer, NID_subject_alt_name, alternatives)
        && X509_sign(certificate, issuerKey, EVP_sha256()) > 0 && write_pem(certificate, key, made);
    X509_free(certificate);
    EVP_PKEY_free(key);
    EVP_PKEY_free(issuerKey);
    X509_free(issuer);
    ERR_clear_error();
    return isMade;
}

void flare_certificate_free(flare_certificate *made) {
    if (made->key) OPENSSL_cleanse(made->key, strlen(made->key));
    free(made->certificate);
    free(made->key);
    *made = (flare_certificate){0};
}

static int64_t seconds_of(const ASN1_TIME *time) {
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

int flare_certificate_check(
    const void *chain, size_t chainLength, const void *key, size_t keyLength, flare_certificate_facts *facts
) {
    *facts = (flare_certificate_facts){0};
    X509 *certificate = read_certificate(chain, chainLength);
    if (!certificate) return FLARE_CERTIFICATE_NOT_PEM;
    facts->not_before = seconds_of(X509_get0_notBefore(certificate));
    facts->not_after = seconds_of(X509_get0_notAfter(certificate));
    unsigned length = sizeof facts->fingerprint;
    X509_digest(certificate, EVP_sha256(), facts->fingerprint, &length);
    int isEncrypted = 0;
    EVP_PKEY *private = read_key(key, keyLength, &isEncrypted);
    int status = private && X509_check_private_key(certificate, private) == 1 ? FLARE_CERTIFICATE_VALID
        : private                                                             ? FLARE_CERTIFICATE_KEY_OTHER
        : isEncrypted                                                         ? FLARE_CERTIFICATE_KEY_ENCRYPTED
                                                                              : FLARE_CERTIFICATE_KEY_NOT_PEM;
    EVP_PKEY_free(private);
    X509_free(certificate);
    ERR_clear_error();
    return status;
}

int flare_certificate_is_for(const char *certificate, const char *authority, const char *host) {
    X509 *leaf = read_certificate(certificate, strlen(certificate));
    X509 *issuer = read_certificate(authority, strlen(authority));
    int isFor = leaf && issuer && X509_check_host(leaf, host, 0, 0, NULL) == 1
        && X509_verify(leaf, X509_get0_pubkey(issuer)) == 1;
    X509_free(leaf);
    X509_free(issuer);
    ERR_clear_error();
    return isFor;
}
