import { useFormats } from "@headroom/react";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Outputs } from "../organization.tsx";

export type Assignment = Outputs["operator"]["organization"]["assignments"][number];

/** Plans that were given without Stripe, as a table. */
export function Assignments({ assignments }: { assignments: readonly Assignment[] }) {
  const { operator } = useToolMessages();
  const words = operator.assign;
  const formats = useFormats();
  return (
    <table className="hr-table" data-cards>
      <caption className="hr-hidden">{words.caption}</caption>
      <thead>
        <tr>
          <th scope="col">{words.planId}</th>
          <th scope="col">{words.state}</th>
          <th scope="col">{words.from}</th>
          <th scope="col">{words.until}</th>
          <th scope="col">{words.reason}</th>
        </tr>
      </thead>
      <tbody>
        {assignments.map(({ planId, planVersion, state, start, until, reason }) => (
          <tr key={`${state} ${planId} ${start}`}>
            <th scope="row">{operator.version(planId, formats.number(planVersion))}</th>
            <td data-label={words.state}>{words.states[state]}</td>
            <td data-label={words.from}>{formats.dateTime(start)}</td>
            <td data-label={words.until}>{until === null ? words.forGood : formats.dateTime(until)}</td>
            <td data-label={words.reason}>{reason}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
