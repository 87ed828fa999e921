/// The workflow with which the platform's workflows were announced, as it was printed.
package enum Announcement {
    /// Byte for byte, odd indentation included; the blanks that no source here may hold are escaped.
    ///
    /// Reads the objects that a queue's messages name from `R2`, has `AI` make an embedding of each, and calls
    /// `VECTOR_INDEX.upsert()` with no arguments.
    package static let workflow = """
        import { Ai } from "@cloudflare/ai";
        import { Workflow } from "cloudflare:workers";

        export interface Env {
          R2: R2Bucket;
          AI: any;
          VECTOR_INDEX: VectorizeIndex;
        }

        export default class extends Workflow {
          async run(event: Event) {
            const ai = new Ai(this.env.AI);

            // List of keys to fetch from our incoming event notification
            const keysToFetch = event.messages.map((val) => {
              return val.object.key;
            });

            // The return value of each step is stored (the "durable" part
            // of "durable execution")
            // This ensures that state can be persisted between steps, reducing
            // the need to recompute results ($$, time) should subsequent
            // steps fail.
            const inputs = await this.ctx.run(
              // Each step has a user-defined label
              // Metrics are emitted as each step runs (to success or failure)
        // with this label attached and available within per-Workflow
        // analytics in near-real-time.
        "read objects from R2", async () => {
              const objects = [];

              for (const key of keysToFetch) {
                const object = await this.env.R2.get(key);
                objects.push(await object.text());
              }

              return objects;
            });


            // Persist the output of this step.
            const embeddings = await this.ctx.run(
              "generate embeddings",
              async () => {
                const { data } = await ai.run("@cf/baai/bge-small-en-v1.5", {
                  text: inputs,
                });

                if (data.length) {
                  return data;
                } else {
                  // Uncaught exceptions trigger an automatic retry of the step
                  // Retries and timeouts have sane defaults and can be overridden
            // per step
                  throw new Error("Failed to generate embeddings");
                }
              },
              {
                retries: {
                  limit: 5,
                  delayMs: 1000,
                  backoff: "exponential",
                },
              }
            );

            await this.ctx.run("insert vectors", async () => {
              const vectors = [];

              keysToFetch.forEach((key, index) => {
                vectors.push({
                  id: crypto.randomUUID(),
                  // Our embeddings from the previous step
                  values: embeddings[index].values,\u{20}
                  // The path to each R2 object to map back to during
         \t    // vector search
                  metadata: { r2Path: key },
                });
              });

              return this.env.VECTOR_INDEX.upsert();
            });
          }
        }

        """

    /// Its steps, in order.
    package static let steps = ["read objects from R2", "generate embeddings", "insert vectors"]
}
