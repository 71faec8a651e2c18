import type { ExitOptions } from "./backlog.ts";
import type { MeterError } from "./meter-errors.ts";
import type { OutageOptions } from "./outages.ts";
import type { BatchOptions } from "./record-buffer.ts";

/** `onUnavailable` and the tries are for `consume`, `check` and `reserve`. */
export type MeterOptions = OutageOptions & {
  /**
   * Units that were allowed because Headroom could not be asked are recorded as soon as it can be, with the key of the
   * call: counted once, also when Headroom had counted them and only its answer was lost. When too much waits already,
   * the call is denied instead. Off unless given.
   */
  recordAllowed?: boolean;
  batch?: BatchOptions;
  exit?: ExitOptions;
  /** Told of every event and commit that is not counted, awaited or not. A line on the console when absent. */
  onRejected?: (error: MeterError) => void;
};

/** What one call may decide for itself. */
export type CallOptions<Input> = OutageOptions<Input> & Pick<MeterOptions, "recordAllowed">;
