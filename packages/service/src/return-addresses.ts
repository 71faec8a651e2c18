import { invalidField } from "@headroom/domain/validation";
import type { ServiceContext } from "./context.ts";

/**
 * An address that a person is sent back to, when its origin is the console's or one that the operator listed, over http
 * or https. Anything else could send people from a payment to a stranger's page.
 * @param field the input's name, for the error.
 * @throws DomainError validation_failed
 */
export function assertReturnAddress(
  address: string,
  { console, returnOrigins = [] }: Pick<ServiceContext["addresses"], "console" | "returnOrigins">,
  field: string,
): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  const allowed = [new URL(console).origin, ...returnOrigins];
  const plain = url !== null && url.username === "" && url.password === "";
  if (!plain || !allowed.includes(url.origin) || !["http:", "https:"].includes(url.protocol)) {
    throw invalidField(field, `must be an address below ${allowed.join(" or ")}`);
  }
  return url.href;
}
