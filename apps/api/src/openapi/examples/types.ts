import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import type { AppRouter } from "../../router.ts";

type Inputs = inferRouterInputs<AppRouter>;
type Outputs = inferRouterOutputs<AppRouter>;

/** A call and its answer as tRPC spells them; the reference spells them as REST does. */
export type Example = { input: unknown; output: unknown };

/** One example for each procedure of an area that REST has too. */
export type ExamplesOf<Area extends keyof Inputs> = {
  [Name in Exclude<keyof Inputs[Area] & keyof Outputs[Area], "subscribe">]: {
    input: Extract<Inputs[Area][Name], object>;
    output: Outputs[Area][Name];
  };
};
