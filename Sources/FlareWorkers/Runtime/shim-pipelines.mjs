// Stands in for "cloudflare:pipelines" in a bundle.
export const { PipelineTransformationEntrypoint } = globalThis[Symbol.for("flare.runtime")];
