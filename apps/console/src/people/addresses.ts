import { foldEmail, parseEmail } from "@headroom/domain/invites";

/** What stands in the field for addresses. */
export type Addresses = {
  /** Well-formed ones, each once, as they were written. */
  valid: readonly string[];
  /** What is no address. */
  invalid: readonly string[];
};

/**
 * Reads what people paste: addresses with commas, semicolons, blanks or line ends between them, also as mail programs
 * copy them (`Ada Lovelace <ada@acme.test>, …`).
 */
export function readAddresses(text: string): Addresses {
  const valid = new Map<string, string>();
  const invalid = new Set<string>();
  for (const word of wordsOf(text)) {
    const email = addressOf(word);
    if (email === null) {
      invalid.add(word);
    } else if (!valid.has(foldEmail(email))) {
      valid.set(foldEmail(email), email);
    }
  }
  return { valid: [...valid.values()], invalid: [...invalid] };
}

function wordsOf(text: string): string[] {
  return text.split(/[,;\n]/).flatMap((part) => {
    // A name before an address in brackets is not meant.
    const bracketed = [...part.matchAll(/<([^<>\s]+)>/g)].map((match) => match[1] ?? "");
    return bracketed.length > 0 ? bracketed : part.split(/\s+/).filter(Boolean);
  });
}

function addressOf(word: string): string | null {
  try {
    return parseEmail(word.replace(/^mailto:/i, ""));
  } catch {
    return null;
  }
}
