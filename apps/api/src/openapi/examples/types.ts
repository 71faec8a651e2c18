import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import type { Path } from "../../rest/routes.ts";
import type { AppRouter } from "../../router.ts";

type Inputs = inferRouterInputs<AppRouter>;
type Outputs = inferRouterOutputs<AppRouter>;

/**
 * A call and its answer as tRPC spells them; the reference spells them as REST does. `at` has those at paths
 * that ask for something else than the first one.
 */
export type Example = {
  input: unknown;
  output: unknown;
  at?: Readonly<Record<Path, { input: unknown; output: unknown }>>;
};

type Call<Area extends keyof Inputs, Name extends keyof Inputs[Area] & keyof Outputs[Area]> = {
  input: Extract<Inputs[Area][Name], object>;
  output: Outputs[Area][Name];
};

/** One example for each procedure of an area that REST has too. */
export type ExamplesOf<Area extends keyof Inputs> = {
  [Name in Exclude<keyof Inputs[Area] & keyof Outputs[Area], "subscribe">]: Call<Area, Name> & {
    at?: Readonly<Record<Path, Call<Area, Name>>>;
  };
};
