#ifndef CFLARE_SYSTEM_WEBSOCKET_H
#define CFLARE_SYSTEM_WEBSOCKET_H

#include <stddef.h>
#include <stdint.h>

/// SHA-1 of a whole buffer; writes 20 bytes. Only for the handshake of RFC 6455, which asks for it.
void flare_sha1(const void *_Nullable bytes, size_t length, uint8_t *_Nonnull digest20);

/// XORs `length` bytes in place with the four bytes of `key`, repeated, beginning with the first.
/// Returns the OR of all resulting bytes: below 0x80 when they are ASCII.
uint8_t flare_websocket_unmask(uint8_t *_Nonnull bytes, size_t length, const uint8_t *_Nonnull key4);

#endif
