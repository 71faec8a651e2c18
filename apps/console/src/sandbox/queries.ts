import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { capturedMail, type StripeControls } from "./controls.ts";

const everyMs = 2_000;
const key = "sandbox";

/** What the sandbox has, asked anew every two seconds: nobody tells the page of changes there. */
export const sandboxQueries = {
  clock: (stripe: StripeControls) =>
    queryOptions({ queryKey: [key, "clock"], queryFn: stripe.clock, refetchInterval: everyMs }),
  subscriptions: (stripe: StripeControls) =>
    queryOptions({
      queryKey: [key, "subscriptions"],
      queryFn: stripe.subscriptions,
      refetchInterval: everyMs,
    }),
  events: (stripe: StripeControls, limit: number) =>
    queryOptions({
      queryKey: [key, "events", limit],
      queryFn: () => stripe.events(limit),
      refetchInterval: everyMs,
      placeholderData: (shown) => shown,
    }),
  failures: (stripe: StripeControls) =>
    queryOptions({ queryKey: [key, "failures"], queryFn: stripe.failures, refetchInterval: everyMs }),
  mail: (url: string) =>
    queryOptions({ queryKey: [key, "mail"], queryFn: () => capturedMail(url), refetchInterval: everyMs }),
};

/** A control that may change what any page shows: afterwards everything is asked anew. */
export function useControl<Input, Output>(control: (input: Input) => Promise<Output>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: control,
    onSettled: () => void queries.invalidateQueries(),
  });
}
