import { expect, test } from "vitest";
import { faultOfName } from "./names.ts";

test.each([
  ["Latin", "Zoë Müller-Łukasz, Inc."],
  ["Arabic", "شركة النور"],
  ["Hebrew with Latin and digits", "חברת Acme 24"],
  ["Persian with a non-joiner", "می\u200Cخواهم"],
  ["Sinhala with a joiner", "ශ්\u200Dරී ලංකා"],
  ["Hindi", "क्\u200Dष Enterprises"],
  ["Thai", "บริษัท"],
  ["Japanese with another form of a letter", "葛\u{E0100}城市"],
  ["an emoji of several", "Team 👩\u200D💻"],
  ["an emoji with its selector", "I \u2764\uFE0F tea"],
  ["the flag of England", "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F} FC"],
  ["a blank that does not break", "10\u00A0000 Lakes"],
])("%s is a name", (_, name) => {
  expect(faultOfName(name)).toBeNull();
});

test.each([
  ["left-to-right embedding", "\u202A"],
  ["right-to-left embedding", "\u202B"],
  ["pop", "\u202C"],
  ["left-to-right override", "\u202D"],
  ["right-to-left override", "\u202E"],
  ["left-to-right isolate", "\u2066"],
  ["right-to-left isolate", "\u2067"],
  ["first strong isolate", "\u2068"],
  ["pop isolate", "\u2069"],
  ["left-to-right mark", "\u200E"],
  ["right-to-left mark", "\u200F"],
  ["Arabic letter mark", "\u061C"],
  ["zero width space", "\u200B"],
  ["word joiner", "\u2060"],
  ["byte order mark", "\uFEFF"],
  ["soft hyphen", "\u00AD"],
  ["Hangul filler", "\u3164"],
  ["line separator", "\u2028"],
  ["paragraph separator", "\u2029"],
  ["annotation", "\uFFF9"],
  ["old tag of a language", "\u{E0001}"],
])("%s is in no name, wherever it stands", (_, control) => {
  for (const name of [`${control}acme`, `ac${control}me`, `acme${control}`]) {
    expect(faultOfName(name)).toContain("cannot be seen");
  }
});

test.each(["\u200D", "\u200C\u200D", " \u00A0", "\uFE0F"])("%j alone is no name", (name) => {
  expect(faultOfName(name)).toContain("can be seen");
});
