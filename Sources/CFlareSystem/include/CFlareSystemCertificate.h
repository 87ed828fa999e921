#ifndef CFLARE_SYSTEM_CERTIFICATE_H
#define CFLARE_SYSTEM_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

/// X.509 certificates for TLS on one machine: a certificate authority, and a server certificate that it signs.
///
/// Keys are EC P-256, signatures SHA-256, serial numbers random. All text is PEM; what is returned is to be freed with
/// `flare_certificate_free`. Times are in seconds since 1970.

/// A certificate with its private key. Both are NULL after a failure.
typedef struct {
    char *_Nullable certificate;
    char *_Nullable key;
} flare_certificate;

/// Makes a self-signed authority (CA:TRUE, pathlen:0, keyCertSign) named `name`. Returns 1, or 0 when libcrypto failed.
int flare_certificate_make_authority(
    const char *_Nonnull name, int64_t notBefore, int64_t notAfter, flare_certificate *_Nonnull made);

/// Makes a certificate for a TLS server (CA:FALSE, serverAuth) named `name`, signed by an authority.
/// `alternatives` are its names in the form of X509V3_EXT: "DNS:localhost,IP:127.0.0.1".
/// Returns 1, or 0 when the authority cannot be read or libcrypto failed.
int flare_certificate_make_server(
    const char *_Nonnull authority, const char *_Nonnull authorityKey,
    const char *_Nonnull name, const char *_Nonnull alternatives, int64_t notBefore, int64_t notAfter,
    flare_certificate *_Nonnull made);

void flare_certificate_free(flare_certificate *_Nonnull made);

enum {
    FLARE_CERTIFICATE_VALID = 0,
    FLARE_CERTIFICATE_NOT_PEM = 1,
    FLARE_CERTIFICATE_KEY_NOT_PEM = 2,
    FLARE_CERTIFICATE_KEY_ENCRYPTED = 3,
    FLARE_CERTIFICATE_KEY_OTHER = 4,
};

typedef struct {
    int64_t not_before;
    int64_t not_after;
    /// SHA-256 of the certificate's DER.
    uint8_t fingerprint[32];
} flare_certificate_facts;

/// Reads the first certificate of a PEM chain and checks that a private key is the one that belongs to it.
/// Returns one of FLARE_CERTIFICATE_…; `facts` is set unless it is NOT_PEM.
int flare_certificate_check(
    const void *_Nullable chain, size_t chainLength, const void *_Nullable key, size_t keyLength,
    flare_certificate_facts *_Nonnull facts);

/// Whether the first certificate of a PEM text is for `host`, and is signed by the first certificate of `authority`.
int flare_certificate_is_for(
    const char *_Nonnull certificate, const char *_Nonnull authority, const char *_Nonnull host);

#endif
