import {
  listConversationsAbout,
  listProfilesOf,
  scrubConversation,
  scrubProfile,
} from "@headroom/db/personal-modules";
import type { Tx } from "@headroom/db/tenancy";
import { withoutTexts } from "@headroom/domain/erasure";
import type { PersonTrace } from "./people.ts";
import { textsOf } from "./personal-text.ts";

/** Takes the person from their profiles, and from the subjects of conversations they had; before they leave. */
export async function forgetInModules(tx: Tx, organizationId: string, person: PersonTrace): Promise<void> {
  const texts = textsOf(person);
  for (const { id, name, slug, settings } of await listProfilesOf(tx, organizationId, person.userId)) {
    await scrubProfile(tx, organizationId, {
      id,
      name: withoutText(name, texts),
      // It was made of the name, or chosen by the person.
      slug: slug === null ? null : `erased-${id}`,
      settings: withoutTexts(settings, texts),
    });
  }
  for (const { id, subject } of await listConversationsAbout(tx, organizationId, person.userId)) {
    await scrubConversation(tx, organizationId, { id, subject: withoutText(subject, texts) });
  }
}

function withoutText(text: string, texts: string[]): string {
  return (withoutTexts(text, texts) as string | null) ?? "[erased]";
}
