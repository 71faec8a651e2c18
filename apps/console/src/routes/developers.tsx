import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";

export default function Developers() {
  const { developers } = useMessages();
  return <Page title={developers.title}>{null}</Page>;
}
