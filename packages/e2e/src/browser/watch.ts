import type { Page } from "playwright-core";

/**
 * A list that grows with what goes wrong on a page from now on: errors on its console (which include requests that
 * were refused), exceptions, and requests that got no answer.
 */
export const watchErrors = (page: Page): string[] => {
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => errors.push(`exception: ${error.message}`));
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "failed";
    // A page that is left takes its running requests with it.
    if (reason !== "net::ERR_ABORTED") errors.push(`${request.method()} ${request.url()}: ${reason}`);
  });
  return errors;
};
