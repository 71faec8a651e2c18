import type { DeliveryProgram } from "./delivery-program.ts";
import type { FaultProgress } from "./faults.ts";
import type { Sandbox } from "./parts.ts";

type Holder = Pick<Sandbox, "faults" | "programs" | "store">;

/** Arms the faults of a program that has just begun. */
export function beginFaults(sandbox: Holder, program: DeliveryProgram): void {
  arm(sandbox, program, []);
}

/** Arms the faults of the program in force where they were before a restart. */
export function resumeFaults(sandbox: Holder): void {
  const program = sandbox.programs.current();
  const kept = sandbox.store.setting("delivery_faults");
  if (program !== null) arm(sandbox, program, kept === null ? [] : (JSON.parse(kept) as FaultProgress[]));
}

function arm({ faults, store }: Holder, program: DeliveryProgram, progress: FaultProgress[]): void {
  const rules = program.faults.map((rule, index) => ({ ...rule, ...progress[index] }));
  faults.addProgram(rules, (now) => store.putSetting("delivery_faults", JSON.stringify(now)));
}
