import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";

export default function AcceptInvite() {
  const { invites } = useMessages();
  return <Page title={invites.title}>{null}</Page>;
}
