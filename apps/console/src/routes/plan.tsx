import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";

export default function Plan() {
  const { plan } = useMessages();
  return <Page title={plan.title}>{null}</Page>;
}
