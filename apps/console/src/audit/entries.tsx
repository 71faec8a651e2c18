import { useFormats } from "@headroom/react";
import { useState } from "react";
import { Button } from "../components/button.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { useTextOfAction } from "./actions.ts";
import { EntryDialog } from "./entry-dialog.tsx";
import { type Entry, factsOf, nameOf, textOf } from "./facts.ts";
import { useNameOfActor, useNameOfUser } from "./people.ts";

/** Entries as a table; one opens with all that it has. */
export function Entries({ entries }: { entries: Entry[] }) {
  const { audit: words } = useToolMessages();
  const [opened, setOpened] = useState<Entry | null>(null);
  return (
    <>
      <table className="hr-table" data-cards>
        <caption className="hr-hidden">{words.caption}</caption>
        <thead>
          <tr>
            <th scope="col">{words.what}</th>
            <th scope="col">{words.who}</th>
            <th scope="col">{words.when}</th>
            <th scope="col">
              <span className="hr-hidden">{words.details}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <Row key={entry.seq} entry={entry} onOpen={() => setOpened(entry)} />
          ))}
        </tbody>
      </table>
      {opened === null ? null : <EntryDialog entry={opened} onClose={() => setOpened(null)} />}
    </>
  );
}

function Row({ entry, onOpen }: { entry: Entry; onOpen: () => void }) {
  const { audit: words } = useToolMessages();
  const formats = useFormats();
  const nameOfActor = useNameOfActor();
  const textOfAction = useTextOfAction();
  const nameOfUser = useNameOfUser();
  const shown = (value: unknown) =>
    typeof value === "string" && value.startsWith("usr_") ? nameOfUser(value) : textOf(value, words);
  const summary = factsOf(entry.data)
    .filter((fact) => "before" in fact || (fact.after !== null && fact.after !== entry.actor.id))
    .slice(0, 3)
    .map(({ name, after, ...fact }) => {
      const change = "before" in fact ? words.changed(shown(fact.before), shown(after)) : shown(after);
      return name === "" ? change : words.factIs(nameOf(name, words.fields), change);
    });
  return (
    <tr>
      <th scope="row">
        <span className="audit-two">
          <span>{textOfAction(entry.action)}</span>
          <span className="hr-muted small">{summary.join(" · ")}</span>
        </span>
      </th>
      <td data-label={words.who} className="audit-who">
        {nameOfActor(entry.actor)}
      </td>
      <td data-label={words.when} className="audit-when">
        {formats.dateTime(entry.at)}
      </td>
      <td>
        <Button aria-label={words.detailsOf(formats.number(entry.seq))} onClick={onOpen}>
          {words.details}
        </Button>
      </td>
    </tr>
  );
}
