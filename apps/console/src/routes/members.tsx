import "../styles/members.css";
import { Page } from "../components/page.tsx";
import { Answer } from "../components/states.tsx";
import { useMessages } from "../messages/messages.tsx";
import { useEverybody } from "../people/members.ts";
import { People } from "../people/people.tsx";

export default function Members() {
  const { members } = useMessages();
  const query = useEverybody();
  if (query.data !== undefined) return <People everybody={query.data} />;
  return (
    <Page title={members.title}>
      <Answer query={query} lines={6}>
        {() => null}
      </Answer>
    </Page>
  );
}
