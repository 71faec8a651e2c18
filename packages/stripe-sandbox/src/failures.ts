/** The body of Stripe's error envelope (`{error: …}`). */
export interface ErrorBody {
  type: "invalid_request_error" | "idempotency_error" | "card_error" | "api_error";
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  doc_url?: string;
  request_log_url?: string;
}

/** A refusal shaped as Stripe shapes it; everything the request did is rolled back. */
export class StripeFailure extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: ErrorBody, headers: Record<string, string> = {}) {
    super(body.message);
    this.name = "StripeFailure";
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** 400 `invalid_request_error`. */
export function invalid(message: string, code?: string, param?: string): StripeFailure {
  return new StripeFailure(400, {
    type: "invalid_request_error",
    message,
    ...(code ? { code, doc_url: `https://docs.stripe.com/error-codes/${code.replaceAll("_", "-")}` } : {}),
    ...(param ? { param } : {}),
  });
}

/** 400 for what Stripe does and this sandbox does not: said aloud instead of half done. */
export function unsupported(what: string, param?: string): StripeFailure {
  return invalid(`The Stripe sandbox does not do this: ${what}`, "sandbox_unsupported", param);
}

/** 404 `resource_missing`; a reference inside a request (`param` given and not `id`) is a 400, as at Stripe. */
export function missing(noun: string, id: string, param = "id"): StripeFailure {
  return new StripeFailure(param === "id" ? 404 : 400, {
    type: "invalid_request_error",
    code: "resource_missing",
    doc_url: "https://docs.stripe.com/error-codes/resource-missing",
    message: `No such ${noun}: '${id}'`,
    param,
  });
}

/** 402 `card_error`: the test card declines charges. */
export function declined(): StripeFailure {
  return new StripeFailure(402, {
    type: "card_error",
    code: "card_declined",
    decline_code: "generic_decline",
    doc_url: "https://docs.stripe.com/error-codes/card-declined",
    message: "Your card was declined.",
  });
}

/** The URL when it is http or https, else 400 `url_invalid`. */
export function httpUrl(url: string, param: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || !["http:", "https:"].includes(parsed.protocol)) {
    throw invalid(`Invalid URL: ${url}`, "url_invalid", param);
  }
  return url;
}
