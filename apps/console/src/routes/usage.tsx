import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";

export default function Usage() {
  const { usage } = useMessages();
  return <Page title={usage.title}>{null}</Page>;
}
