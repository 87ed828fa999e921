// Stands in for "cloudflare:workers" in a bundle.
const runtime = globalThis[Symbol.for("flare.runtime")];
export const {
  WorkflowEntrypoint, Workflow, WorkerEntrypoint, DurableObject, RpcTarget, env, exports, waitUntil, withEnv,
  withExports, withEnvAndExports,
} = runtime;
