import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";

export default function OperatorOrganization() {
  const { operator } = useMessages();
  return <Page title={operator.title}>{null}</Page>;
}
