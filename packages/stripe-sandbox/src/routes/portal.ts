import type Stripe from "stripe";
import { patched } from "../billing/items.ts";
import { type Books, create, get, save } from "../books.ts";
import { httpUrl } from "../failures.ts";
import { pageOf } from "../lists.ts";
import { buildConfiguration, buildPortalSession } from "../objects/portal.ts";
import {
  type AnyReaders,
  choice,
  clearable,
  expand,
  flag,
  ignored,
  metadata,
  object,
  only,
  onlyDisabled,
  paging,
  parameters,
  refused,
  required,
  text,
} from "../parameters.ts";
import { route } from "../routes.ts";
import type { PortalConfiguration } from "../wire.ts";

type Features = Stripe.BillingPortal.ConfigurationCreateParams.Features;

const switchOf = (more: AnyReaders = {}) => object({ ...more, enabled: required(flag) });

const createTable = parameters<Stripe.BillingPortal.ConfigurationCreateParams>()({
  features: required(
    object(
      parameters<Features>()({
        customer_update: switchOf({ allowed_updates: ignored }),
        invoice_history: switchOf(),
        payment_method_update: switchOf({ payment_method_configuration: refused }),
        subscription_cancel: object({
          cancellation_reason: ignored,
          enabled: required(flag),
          mode: choice("at_period_end", "immediately"),
          proration_behavior: only("none"),
        }),
        subscription_pause: onlyDisabled,
        subscription_update: onlyDisabled,
      }),
    ),
  ),
  business_profile: object({
    headline: clearable(text),
    privacy_policy_url: text,
    terms_of_service_url: text,
  }),
  default_return_url: clearable(text),
  expand,
  login_page: onlyDisabled,
  metadata,
  name: clearable(text),
});
const sessionTable = parameters<Stripe.BillingPortal.SessionCreateParams>()({
  after_expiration: refused,
  configuration: text,
  customer: required(text),
  customer_account: refused,
  expand,
  flow_data: refused,
  locale: text,
  on_behalf_of: refused,
  return_url: text,
});
const listTable = parameters<Stripe.BillingPortal.ConfigurationListParams>()({
  ...paging,
  active: flag,
  is_default: flag,
});

/** The account's default configuration, made when it is first needed. */
function defaultConfiguration(books: Books): PortalConfiguration {
  const [known] = books.store.where("billing_portal.configuration", "$.name", "Sandbox default");
  if (known) return known;
  const features = { customerUpdate: false, invoiceHistory: true, paymentMethodUpdate: true, cancel: true };
  const configuration = buildConfiguration({
    now: books.now,
    isDefault: true,
    name: "Sandbox default",
    defaultReturnUrl: null,
    businessProfile: { headline: null, privacy_policy_url: null, terms_of_service_url: null },
    features,
    cancelMode: "at_period_end",
    metadata: {},
  });
  return save(books, "billing_portal.configuration", configuration);
}

export const portal = [
  route("POST", "/v1/billing_portal/configurations", createTable, ({ books, input }) => {
    const { features, business_profile: profile } = input;
    const configuration = buildConfiguration({
      now: books.now,
      isDefault: false,
      name: input.name ?? null,
      defaultReturnUrl: input.default_return_url ?? null,
      businessProfile: {
        headline: profile?.headline ?? null,
        privacy_policy_url: profile?.privacy_policy_url ?? null,
        terms_of_service_url: profile?.terms_of_service_url ?? null,
      },
      features: {
        customerUpdate: features.customer_update?.enabled === true,
        invoiceHistory: features.invoice_history?.enabled === true,
        paymentMethodUpdate: features.payment_method_update?.enabled === true,
        cancel: features.subscription_cancel?.enabled === true,
      },
      cancelMode: features.subscription_cancel?.mode ?? "at_period_end",
      metadata: patched({}, input.metadata),
    });
    return create(
      books,
      "billing_portal.configuration",
      configuration,
      "billing_portal.configuration.created",
    );
  }),
  route("GET", "/v1/billing_portal/configurations", listTable, ({ books, input, path }) =>
    pageOf(books, "billing_portal.configuration", path, input, {
      equal: { "$.active": input.active, "$.is_default": input.is_default },
    }),
  ),
  route("GET", "/v1/billing_portal/configurations/{id}", { expand }, ({ books, id }) =>
    get(books, "billing_portal.configuration", id),
  ),
  route("POST", "/v1/billing_portal/sessions", sessionTable, ({ books, input }) => {
    const customer = get(books, "customer", input.customer, "customer");
    const configuration = input.configuration
      ? get(books, "billing_portal.configuration", input.configuration, "configuration")
      : defaultConfiguration(books);
    const session = buildPortalSession({
      now: books.now,
      base: books.base,
      configuration: configuration.id,
      customer: customer.id,
      returnUrl: input.return_url
        ? httpUrl(input.return_url, "return_url")
        : configuration.default_return_url,
      locale: input.locale ?? null,
    });
    return create(books, "billing_portal.session", session, "billing_portal.session.created");
  }),
];
