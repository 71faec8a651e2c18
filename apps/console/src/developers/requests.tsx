import { useFormats } from "@headroom/react";
import { useState } from "react";
import { TextField } from "../components/field.tsx";
import { Section } from "../components/page.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { type SentRequest, useSentRequests } from "../requests.ts";
import { callOf, matching } from "./sent.ts";

const shownAtOnce = 12;

/** What this tab has asked, with the ids that the log and the audit trail have too. */
export function Requests() {
  const { requests: words } = useToolMessages().developers;
  const [text, setText] = useState("");
  const found = matching(useSentRequests(), text).slice(0, shownAtOnce);
  return (
    <Section title={words.title} text={words.text}>
      <div className="narrow">
        <TextField
          label={words.search}
          hint={words.searchHint}
          type="search"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </div>
      {found.length === 0 ? <p className="hr-muted">{words.none}</p> : <Table requests={found} />}
    </Section>
  );
}

function Table({ requests }: { requests: SentRequest[] }) {
  const { requests: words } = useToolMessages().developers;
  const formats = useFormats();
  return (
    <table className="hr-table" data-cards>
      <caption className="hr-hidden">{words.caption}</caption>
      <thead>
        <tr>
          <th scope="col">{words.call}</th>
          <th scope="col">{words.status}</th>
          <th scope="col" data-number>
            {words.duration}
          </th>
          <th scope="col">{words.time}</th>
          <th scope="col">{words.id}</th>
        </tr>
      </thead>
      <tbody>
        {requests.map(({ requestId, path, status, ms, at }) => (
          <tr key={requestId}>
            <th scope="row">
              <code className="developers-wrap">{callOf(path)}</code>
            </th>
            <td data-label={words.status}>
              <span className="hr-badge" data-tone={status < 400 ? "ok" : "danger"}>
                {status}
              </span>
            </td>
            <td data-label={words.duration} data-number className="developers-nowrap">
              {words.ms(formats.number(ms))}
            </td>
            <td data-label={words.time}>{formats.dateTime(at)}</td>
            <td data-label={words.id}>
              <code className="developers-wrap developers-whole">{requestId}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
