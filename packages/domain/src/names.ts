// Joiners shape the letters of Persian, Hindi and others, and many emoji; variation selectors and tags make emoji and flags.
const needed = String.raw`\u034F\u200C\u200D\p{Variation_Selector}\u{E0020}-\u{E007F}`;
const hidden = new RegExp(
  String.raw`(?![${needed}])[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\u2028\u2029\uFFF9-\uFFFB]`,
  "u",
);
const visible = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}]/u;

/**
 * What is wrong with a name that people read, null: nothing. Refused are characters that nobody sees and that turn the text
 * after them (embeddings, overrides, isolates and marks of the bidirectional algorithm), hide in it, or break its line; letters of
 * every script are taken, with the joiners that they need.
 */
export function faultOfName(name: string): string | null {
  if (hidden.test(name)) {
    return "holds characters that cannot be seen, such as those that turn the direction of text";
  }
  return visible.test(name) ? null : "has no character that can be seen";
}
