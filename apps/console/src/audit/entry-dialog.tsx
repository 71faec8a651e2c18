import { useFormats } from "@headroom/react";
import { Dialog } from "../components/dialog.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { useTextOfAction } from "./actions.ts";
import { type Entry, type Fact, factsOf, nameOf, textOf } from "./facts.ts";
import { useNameOfActor } from "./people.ts";

/** One entry with all that it has. */
export function EntryDialog({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const { audit: words } = useToolMessages();
  const formats = useFormats();
  const nameOfActor = useNameOfActor();
  const textOfAction = useTextOfAction();
  const facts = factsOf(entry.data);
  const rows = [
    [words.what, textOfAction(entry.action), entry.action],
    [words.who, nameOfActor(entry.actor), entry.actor.id],
    [words.when, formats.dateTime(entry.at), entry.at],
    [words.target, null, entry.target],
    [words.request, entry.requestId === null ? words.noRequest : null, entry.requestId],
  ] as const;
  return (
    <Dialog open onOpenChange={(open) => open || onClose()} title={words.entry(formats.number(entry.seq))}>
      <dl className="audit-entry">
        {rows.map(([label, text, raw]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              {text === null ? null : <span>{text}</span>}
              {raw === null ? null : <code className="hr-muted">{raw}</code>}
            </dd>
          </div>
        ))}
      </dl>
      {facts.length === 0 ? null : <Facts facts={facts} />}
    </Dialog>
  );
}

function Facts({ facts }: { facts: Fact[] }) {
  const { audit: words } = useToolMessages();
  return (
    <table className="hr-table audit-facts">
      <caption className="hr-hidden">{words.facts}</caption>
      <thead>
        <tr>
          <th scope="col">{words.fact}</th>
          <th scope="col">{words.before}</th>
          <th scope="col">{words.after}</th>
        </tr>
      </thead>
      <tbody>
        {facts.map(({ name, after, ...fact }) => (
          <tr key={name}>
            <th scope="row">{name === "" ? words.change : nameOf(name, words.fields)}</th>
            <td>{"before" in fact ? textOf(fact.before, words) : null}</td>
            <td>{textOf(after, words)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
