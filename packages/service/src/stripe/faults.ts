import { DomainError } from "@headroom/domain/errors";
import { uuidv7 } from "@headroom/platform/uuid";
import Stripe from "stripe";

/**
 * What a failed call to Stripe means for the caller: `missing` the object is not there; `conflict` another call with
 * the same key is under way; `refused` the request itself is wrong, again and again; `declined` what had to be paid at once was not; `credentials` the key is wrong or
 * lacks a right; `limited` and `unavailable` pass, try again.
 */
export type StripeFaultKind =
  | "missing"
  | "conflict"
  | "refused"
  | "declined"
  | "credentials"
  | "limited"
  | "unavailable";

/** A call to Stripe that failed. The message is Stripe's, for logs; it never reaches a caller. */
export class StripeFault extends Error {
  override readonly name = "StripeFault";
  readonly kind: StripeFaultKind;
  readonly requestId: string | null;

  constructor(
    kind: StripeFaultKind,
    message: string,
    options: { requestId?: string | null; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.requestId = options.requestId ?? null;
  }
}

/** True for a fault that the same call may not meet again. */
export function isPassing(fault: unknown): boolean {
  return fault instanceof StripeFault && ["conflict", "limited", "unavailable"].includes(fault.kind);
}

/**
 * True for an error of Stripe's own that was answered: Stripe gives it again for a day to whoever asks under the same key.
 * After a look at what it came to, the same wish goes out under another. What never had an answer keeps its key.
 */
export function isKeptFault(fault: unknown): boolean {
  return fault instanceof StripeFault && fault.kind === "unavailable" && fault.requestId !== null;
}

/** True for a fault after which the same wish goes out under the same key: whether it was done is not known. */
export function isUnanswered(fault: unknown): boolean {
  return isPassing(fault) && !isKeptFault(fault);
}

/**
 * Makes something that is found again under a name of its own: under one key for all who make it. After an error that
 * Stripe keeps it is looked for, and made under another key when it is not there.
 */
export async function makeOnce<Made>(
  key: string,
  make: (key: string) => Promise<Made>,
  find: () => Promise<Made | null>,
): Promise<Made> {
  try {
    return await make(key);
  } catch (fault) {
    if (!isKeptFault(fault)) {
      throw fault;
    }
    return (await find()) ?? (await make(uuidv7()));
  }
}

/** Runs a call of the `stripe` client and turns its errors into `StripeFault`. Other errors pass. */
export async function call<Result>(request: () => Promise<Result>): Promise<Result> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) {
      throw new StripeFault(kindOf(error), error.message, {
        requestId: error.requestId ?? null,
        cause: error,
      });
    }
    throw error;
  }
}

/** As `call`, of an object that may be gone: null then. */
export async function findOrNull<Result>(request: () => Promise<Result>): Promise<Result | null> {
  try {
    return await call(request);
  } catch (error) {
    if (error instanceof StripeFault && error.kind === "missing") {
      return null;
    }
    throw error;
  }
}

/** What a person who waits for Stripe is told when it fails. Other errors pass. */
export async function forWaitingPerson<Result>(request: () => Promise<Result>): Promise<Result> {
  try {
    return await request();
  } catch (error) {
    if (error instanceof StripeFault) {
      const unavailable = new DomainError("unavailable", "The payment provider did not answer. Try again.");
      unavailable.cause = error;
      throw unavailable;
    }
    throw error;
  }
}

// A missing object is an invalid request with a code of its own, not a class of its own.
function kindOf(error: InstanceType<typeof Stripe.errors.StripeError>): StripeFaultKind {
  const { errors } = Stripe;
  if (error.code === "resource_missing") {
    return "missing";
  }
  if (error instanceof errors.StripeAuthenticationError || error instanceof errors.StripePermissionError) {
    return "credentials";
  }
  if (error instanceof errors.StripeRateLimitError) {
    return "limited";
  }
  if (error instanceof errors.StripeCardError) {
    return "declined";
  }
  if (error.statusCode === 409) {
    return "conflict";
  }
  if (error instanceof errors.StripeInvalidRequestError || error instanceof errors.StripeIdempotencyError) {
    return "refused";
  }
  return "unavailable";
}
