import { WorkflowEntrypoint, WorkflowEvent, WorkflowStep } from "cloudflare:workers";
import { Flight, summarise } from "./summary";

interface Env {
  FLIGHTS: R2Bucket;
  SUMMARIES: R2Bucket;
}

/** The message that a bucket's notification rule puts into a queue. */
interface ObjectNotification {
  action: string;
  bucket: string;
  object: { key: string; size: number; eTag: string };
  eventTime: string;
}

/** Summarises the flights of each new object. Started by the queue "flight-objects", one run for each batch. */
export class SummariseFlights extends WorkflowEntrypoint<Env, { messages: ObjectNotification[] }> {
  async run(event: WorkflowEvent<{ messages: ObjectNotification[] }>, step: WorkflowStep) {
    const written = [];
    for (const { object } of event.payload.messages) {
      // Each step's result is stored before the next one starts: a run that was interrupted goes on behind the last
      // finished step.
      const summary = await step.do(`summarise ${object.key}`, async () => {
        const stored = await this.env.FLIGHTS.get(object.key);
        if (stored === null) throw new Error(`object ${object.key} is gone`);
        const lines = (await stored.text()).trimEnd().split("\n");
        return summarise(lines.map((line) => JSON.parse(line) as Flight), object.key);
      });

      // The key comes from the object's own name, so that writing it twice leaves one summary.
      const key = await step.do(`write the summary of ${object.key}`, async () => {
        const id = object.key.split("/").at(-1)?.split(".")[0];
        const key = `summaries/${summary.carrier}-${id}.json`;
        await this.env.SUMMARIES.put(key, JSON.stringify(summary, null, 2), {
          httpMetadata: { contentType: "application/json" },
        });
        return key;
      });
      written.push({ key, flights: summary.flights });
    }
    return { written, flights: written.reduce((sum, { flights }) => sum + flights, 0) };
  }
}

export default {};
