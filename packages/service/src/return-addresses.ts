import { invalidField } from "@headroom/domain/validation";

/**
 * An address that a person is sent back to, when it is one of ours: the origin of the console, over http or https.
 * Anything else could send people from a payment to a stranger's page.
 * @param field the input's name, for the error.
 * @throws DomainError validation_failed
 */
export function assertReturnAddress(address: string, consoleAddress: string, field: string): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  const allowed = new URL(consoleAddress).origin;
  const plain = url !== null && url.username === "" && url.password === "";
  if (!plain || url.origin !== allowed || !["http:", "https:"].includes(url.protocol)) {
    throw invalidField(field, `must be an address below ${allowed}`);
  }
  return url.href;
}
