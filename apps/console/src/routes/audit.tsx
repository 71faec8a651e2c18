import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";

export default function Audit() {
  const { audit } = useMessages();
  return <Page title={audit.title}>{null}</Page>;
}
