export type Piece = { kind: "text" | "link"; text: string };

const link = /https?:\/\/[^\s<>"]*[^\s<>".,;:!?)]/g;

/** A plain text in pieces: what is an address, and what stands between. */
export function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(link)) {
    if (match.index > end) pieces.push({ kind: "text", text: text.slice(end, match.index) });
    pieces.push({ kind: "link", text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push({ kind: "text", text: text.slice(end) });
  return pieces;
}

/** What a step of the clock was about: `renewal: sub_1` is `renewal` of `sub_1`. */
export function stepParts(what: string): { name: string; object: string | null } {
  const [name = what, object] = what.split(": ");
  return { name, object: object ?? null };
}
