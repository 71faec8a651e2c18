import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";

export default function Invoices() {
  const { invoices } = useMessages();
  return <Page title={invoices.title}>{null}</Page>;
}
