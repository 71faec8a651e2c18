/**
 * A JSON value without texts about a person, in whatever case: a string that is one of them becomes null, one that
 * has it between other words says `[erased]` there. Part of a longer word or of somebody else's address is left: "Ada" is
 * neither in "Adam" nor in "ada@other.example".
 */
export function withoutTexts(value: unknown, texts: readonly string[]): unknown {
  if (typeof value === "string") {
    return withoutText(value, texts);
  }
  if (Array.isArray(value)) {
    return value.map((item) => withoutTexts(item, texts));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutTexts(item, texts)]));
}

function withoutText(value: string, texts: readonly string[]): string | null {
  const known = texts.filter((text) => text !== "");
  if (known.some((text) => text.toLowerCase() === value.toLowerCase())) {
    return null;
  }
  // The longest first: a name may be a part of an address.
  return known
    .toSorted((one, other) => other.length - one.length)
    .reduce((left, text) => left.replace(wholeWords(text), "[erased]"), value);
}

// Between what ends an address in running text: a name in there belongs to somebody else's address.
const inAddress = String.raw`[^\s<>()\[\],;:"]*`;
const edges = {
  address: { before: String.raw`(?<![\p{L}\p{N}][._+'-]*)`, after: String.raw`(?![._-]*[\p{L}\p{N}])` },
  name: {
    before: String.raw`(?<![\p{L}\p{N}_]|@${inAddress})`,
    after: String.raw`(?![\p{L}\p{N}_]|${inAddress}@)`,
  },
};

function wholeWords(text: string): RegExp {
  const literal = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const { before, after } = edges[text.includes("@") ? "address" : "name"];
  return new RegExp(`${before}${literal}${after}`, "giu");
}
