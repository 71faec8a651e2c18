import { createTransport } from "nodemailer";

const patience = 4_000;

/** Connects to a mail server, logs in, and sends nothing. @throws Error that says what went wrong */
export async function verifySmtp(url: string): Promise<void> {
  const transport = createTransport({
    url,
    connectionTimeout: patience,
    greetingTimeout: patience,
    socketTimeout: patience,
    dnsTimeout: patience,
  });
  try {
    await transport.verify();
  } finally {
    transport.close();
  }
}

/**
 * Asks Loops whether it takes an API key (loops.so/docs/api-reference/api-key).
 * @param baseUrl for tests; Loops itself unless given
 * @throws Error that says what went wrong
 */
export async function verifyLoops(apiKey: string, baseUrl = "https://app.loops.so"): Promise<void> {
  const response = await fetch(`${baseUrl}/api/v1/api-key`, {
    headers: { authorization: `Bearer ${apiKey}` },
    redirect: "error",
    signal: AbortSignal.timeout(patience),
  });
  await response.body?.cancel();
  if (!response.ok) {
    throw new Error(`Loops answered ${response.status}`);
  }
}
