import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";

export default function Sandbox() {
  const { sandbox } = useMessages();
  return <Page title={sandbox.title}>{null}</Page>;
}
