/** A load process: opens one side, and does what it is told (`load-process.ts`). */
import path from "node:path";
import process from "node:process";
import type { OpenSide, Side } from "./benchmark.ts";
import type { Answer, Order } from "./load-process.ts";

let side: Side | undefined;

async function obey(order: Order): Promise<Answer> {
  if (order.do === "open") {
    const { open } = (await import(path.join(import.meta.dirname, order.module))) as {
      open: OpenSide<unknown>;
    };
    side = await open(order.parameters);
    return {};
  }
  if (order.do === "run") return { sample: await opened().run(order.seconds) };
  if (order.do === "verify") await opened().verify?.();
  else await opened().close();
  return {};
}

function opened(): Side {
  if (side === undefined) throw new Error("no side was opened");
  return side;
}

process.on("message", (order: Order) => {
  obey(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) =>
      process.send?.({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.on("disconnect", () => process.exit());
