import type { IssuerStore } from "./store.ts";
import { type Person, subjectOf } from "./tokens.ts";

/** Who has signed in here, by subject: a token that is made later says about them what they said last. */
export type People = {
  /** Answers the subject. */
  remember: (person: Person) => string;
  find: (subject: string) => Person | null;
};

export const rememberPeople = (store: IssuerStore): People => {
  const keyOf = (subject: string): string => `Person:${subject}`;
  return {
    remember: (person) => {
      const subject = subjectOf(person.email);
      store.put(keyOf(subject), { ...person }, null);
      return subject;
    },
    find: (subject) => (store.find(keyOf(subject)) as Person | undefined) ?? null,
  };
};
