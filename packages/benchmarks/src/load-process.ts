import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import type { Sample, Side, SidePlace } from "./benchmark.ts";

/** What a load process is told; it answers each with an `Answer`. */
export type Order =
  | { do: "open"; module: string; parameters: unknown }
  | { do: "run"; seconds: number }
  | { do: "verify" }
  | { do: "close" };

export type Answer = { sample?: Sample; failure?: string };

/** Opens a side in a process of its own. It ends with `close`, or with this process. */
export async function openSide(place: SidePlace): Promise<Required<Side>> {
  const child = fork(path.join(import.meta.dirname, "load.ts"), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  await ask(child, { do: "open", ...place });
  return {
    async run(seconds) {
      const { sample } = await ask(child, { do: "run", seconds });
      if (sample === undefined) throw new Error("the load process measured nothing");
      return sample;
    },
    verify: async () => void (await ask(child, { do: "verify" })),
    async close() {
      await ask(child, { do: "close" });
      child.disconnect();
    },
  };
}

function ask(child: ChildProcess, order: Order): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null) => reject(new Error(`a load process ended with ${code}`));
    child.once("exit", died);
    child.once("message", (answer: Answer) => {
      child.off("exit", died);
      if (answer.failure === undefined) resolve(answer);
      else reject(new Error(answer.failure));
    });
    child.send(order);
  });
}
