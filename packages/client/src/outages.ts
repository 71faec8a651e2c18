import { isOutage, type RetryOptions, tryRepeatedly } from "./retries.ts";
import type { CheckInput, ConsumeInput, ReserveInput } from "./usage-client.ts";

/** The call that had no answer. `input` has its key: recording it later cannot count twice. */
export type UnavailableEvent<Input = AskedInput> = { input: Input; error: unknown };

/** What a `consume`, a `check` or a `reserve` asks. */
export type AskedInput = ConsumeInput | (CheckInput & { quantity: number }) | ReserveInput;

/**
 * What counts when Headroom cannot be asked. `deny`: no limit is ever passed by an outage. A function decides case by
 * case; where it throws, the call rejects with that.
 */
export type OnUnavailable<Input = AskedInput> =
  | "deny"
  | "allow"
  | ((event: UnavailableEvent<Input>) => boolean | Promise<boolean>);

export type OutageOptions<Input = AskedInput> = RetryOptions & {
  /** `deny` unless given. */
  onUnavailable?: OnUnavailable<Input>;
};

/** Headroom's answer, marked `live`, or the caller's rule, marked `fallback`. Rejects with refusals of the call alone. */
export async function askOr<Input, Answer>(
  ask: (signal: AbortSignal) => Promise<Answer>,
  input: Input,
  options: OutageOptions<Input>,
): Promise<(Answer & { source: "live" }) | { source: "fallback"; allowed: boolean; error: unknown }> {
  try {
    return { ...(await tryRepeatedly(ask, options)), source: "live" };
  } catch (error) {
    if (!isOutage(error)) throw error;
    const rule = options.onUnavailable ?? "deny";
    const allowed = typeof rule === "function" ? await rule({ input, error }) : rule === "allow";
    return { source: "fallback", allowed, error };
  }
}

/** The call's own settings before those of the meter. */
export function settingsOf<Input extends AskedInput>(
  call: OutageOptions<Input>,
  meter: OutageOptions,
): OutageOptions<Input> {
  return {
    ...chosen("timeoutMs", call.timeoutMs ?? meter.timeoutMs),
    ...chosen("tries", call.tries ?? meter.tries),
    ...chosen("onUnavailable", call.onUnavailable ?? meter.onUnavailable),
  };
}

function chosen<Name extends string, Value>(name: Name, value: Value | undefined): { [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]: Value });
}
