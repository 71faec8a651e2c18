/** The controls of the local Stripe and of the mail capture, which stand at addresses of their own. */
export type Step = { at: string; what: string };
export type Walk = { now: string; steps: Step[] };
export type StripeEvent = {
  id: string;
  type: string;
  at: string;
  object: string | null;
  deliveries: { state: "pending" | "delivered" | "failed"; attempts: number; lastResult: string | null }[];
};
export type Subscription = {
  id: string;
  customer: string;
  customerName: string | null;
  status: string;
  currentPeriodEnd: string | null;
  trialEnd: string | null;
  cancelAt: string | null;
};
export type PaymentFailure = { customer: string | null; subscription: string | null; left: number };
export type Delivered = { deliveries: { id: string; endpoint: string; result: string }[] };
export type Mail = { id: string; to: string; subject: string; text: string; receivedAt: string };

/** What a control said against it, in its own words; null: it did not answer. */
export type Refusal = Error & { refusal: string | null };

export const refusalOf = (error: unknown): string | null =>
  error instanceof Error && "refusal" in error ? ((error as Refusal).refusal ?? null) : null;

/** Every call rejects with a `Refusal`. */
export function stripeControls(url: string) {
  const ask = <Answer>(path: string, init?: RequestInit) => askJson<Answer>(`${url}/_sandbox${path}`, init);
  const post = <Answer>(path: string, body: object = {}) =>
    ask<Answer>(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  return {
    clock: () => ask<{ now: string }>("/clock"),
    /** To an instant or by a duration, such as `1d`. */
    advance: (target: { to: string } | { by: string }) => post<Walk>("/clock/advance", target),
    subscriptions: () => ask<{ subscriptions: Subscription[] }>("/subscriptions"),
    events: (limit: number) => ask<{ events: StripeEvent[]; hasMore: boolean }>(`/events?limit=${limit}`),
    /** Puts the event in the queue again. */
    resend: (id: string) => post<object>(`/events/${encodeURIComponent(id)}/resend`),
    /** Sends these events once more, in exactly this order; an id may stand there twice. */
    deliver: (ids: string[]) => post<Delivered>("/events/deliver", { ids }),
    failures: () => ask<{ failures: PaymentFailure[] }>("/payments/fail"),
    /** Of anybody without `subscription`. */
    failPayments: (failure: { subscription?: string; times: number }) =>
      post<{ failures: PaymentFailure[] }>("/payments/fail", failure),
    forgetFailures: () => ask<{ failures: PaymentFailure[] }>("/payments/fail", { method: "DELETE" }),
  };
}

export type StripeControls = ReturnType<typeof stripeControls>;

/** What was sent, newest first. */
export async function capturedMail(url: string): Promise<Mail[]> {
  return (await askJson<Mail[]>(`${url}/messages`)).reverse();
}

async function askJson<Answer>(url: string, init?: RequestInit): Promise<Answer> {
  const answer = await fetch(url, init).catch(() => null);
  const body = await answer?.json().catch(() => null);
  if (answer?.ok) return body;
  const refusal: string | null = body?.error?.message ?? null;
  throw Object.assign(new Error(refusal ?? url), { refusal });
}
