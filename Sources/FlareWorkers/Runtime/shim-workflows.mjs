// Stands in for "cloudflare:workflows" in a bundle.
export const { NonRetryableError } = globalThis[Symbol.for("flare.runtime")];
