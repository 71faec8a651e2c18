import { Page } from "../components/page.tsx";
import { useMessages } from "../messages/messages.tsx";

export default function Limits() {
  const { limits } = useMessages();
  return <Page title={limits.title}>{null}</Page>;
}
