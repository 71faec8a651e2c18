import { useState } from "react";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { AssignDialog } from "./assign-dialog.tsx";
import { type Assignment, Assignments } from "./assignments.tsx";

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
