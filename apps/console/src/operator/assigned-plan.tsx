import { useFormats } from "@headroom/react";
import { useState } from "react";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import type { Outputs } from "../organization.tsx";
import { AssignDialog } from "./assign-dialog.tsx";

export type Assignment = Outputs["operator"]["organization"]["assignments"][number];

/** Plans that operators gave the organization without Stripe. */
export function AssignedPlan(props: { organizationId: string; assignments: Assignment[] }) {
  const { assign: words } = useToolMessages().operator;
  const { organizationId, assignments } = props;
  const [asked, setAsked] = useState<"assign" | "takeBack" | null>(null);
  const isNone = assignments.length === 0;
  return (
    <Section
      title={words.title}
      text={words.text}
      actions={
        <>
          <Button kind="danger" reason={isNone ? words.empty : null} onClick={() => setAsked("takeBack")}>
            {words.takeBack}
          </Button>
          <Button onClick={() => setAsked("assign")}>{words.assign}</Button>
        </>
      }
    >
      {isNone ? <p className="hr-muted">{words.empty}</p> : <Assignments assignments={assignments} />}
      {asked === null ? null : (
        <AssignDialog organizationId={organizationId} act={asked} onClose={() => setAsked(null)} />
      )}
    </Section>
  );
}

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
