/** What the api tells the console when it starts: `GET /console.json`. */
export type Settings = {
  issuer: string;
  clientId: string;
  audience: string | null;
  environment: string;
  support: string | null;
  /** The parts of the development stack, null where they are somebody else's; null in production. */
  development: { stripeUrl: string | null; mailUrl: string | null } | null;
};

/** @throws Error when the api does not answer */
export async function loadSettings(): Promise<Settings> {
  const answer = await fetch("/console.json");
  if (!answer.ok) throw new Error(`console.json: ${answer.status}`);
  return answer.json();
}
