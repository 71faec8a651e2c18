import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";

export default function Members() {
  const { members } = useMessages();
  return <Page title={members.title}>{null}</Page>;
}
