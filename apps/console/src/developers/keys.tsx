import { useFormats } from "@headroom/react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTRPC } from "../api.ts";
import { Button } from "../components/button.tsx";
import { Section } from "../components/page.tsx";
import { Answer, Empty } from "../components/states.tsx";
import { useToolMessages } from "../messages/tool-messages.tsx";
import { useOrganization } from "../organization.tsx";
import { CreateKeyDialog } from "./create-key-dialog.tsx";
import { RevokeKeyDialog, RotateKeyDialog } from "./key-dialogs.tsx";
import { useTold } from "./secret-dialog.tsx";
import type { ApiKey } from "./types.ts";

const most = 200;

/** The organization's keys; for those who may not manage them, their own. */
export function Keys({ manages }: { manages: boolean }) {
  const { developers, common } = useToolMessages();
  const words = developers.keys;
  const { id: organizationId } = useOrganization();
  const trpc = useTRPC();
  const [includeRevoked, setIncludeRevoked] = useState(false);
  const input = { organizationId, includeRevoked, limit: most };
  const all = useQuery({ ...trpc.apiKeys.list.queryOptions(input), enabled: manages });
  const own = useQuery({ ...trpc.apiKeys.listOwn.queryOptions(input), enabled: !manages });
  const [creating, setCreating] = useState(false);
  const [rotated, setRotated] = useState<ApiKey | null>(null);
  const [revoked, setRevoked] = useState<ApiKey | null>(null);
  const told = useTold();
  return (
    <Section
      title={manages ? words.title : words.own}
      text={manages ? words.text : words.ownText}
      actions={
        <Button
          kind="primary"
          reason={manages ? null : developers.notAllowedKeys}
          onClick={() => {
            told.remember();
            setCreating(true);
          }}
        >
          {words.create}
        </Button>
      }
    >
      <Answer query={manages ? all : own}>
        {({ apiKeys }) =>
          apiKeys.length === 0 ? (
            <Empty title={words.empty} text={words.emptyText} />
          ) : (
            <Table
              keys={apiKeys}
              mayNot={manages ? null : common.notAllowed}
              onRotate={(key) => {
                told.remember();
                setRotated(key);
              }}
              onRevoke={setRevoked}
            />
          )
        }
      </Answer>
      <label className="developers-check">
        <input
          type="checkbox"
          checked={includeRevoked}
          onChange={({ currentTarget }) => setIncludeRevoked(currentTarget.checked)}
        />
        {words.showRevoked}
      </label>
      {creating ? <CreateKeyDialog onClose={() => setCreating(false)} onTold={told.tell} /> : null}
      {rotated ? (
        <RotateKeyDialog apiKey={rotated} onClose={() => setRotated(null)} onTold={told.tell} />
      ) : null}
      {revoked ? <RevokeKeyDialog apiKey={revoked} onClose={() => setRevoked(null)} /> : null}
      {told.dialog}
    </Section>
  );
}

type Acts = { mayNot: string | null; onRotate: (key: ApiKey) => void; onRevoke: (key: ApiKey) => void };

function Table({ keys, ...acts }: Acts & { keys: ApiKey[] }) {
  const { keys: words } = useToolMessages().developers;
  return (
    <table className="hr-table" data-cards>
      <caption className="hr-hidden">{words.caption}</caption>
      <thead>
        <tr>
          <th scope="col">{words.name}</th>
          <th scope="col">{words.scopes}</th>
          <th scope="col">{words.lastUsed}</th>
          <th scope="col">{words.expires}</th>
          <th scope="col">
            <span className="hr-hidden">{words.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <Row key={key.id} apiKey={key} {...acts} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ apiKey, mayNot, onRotate, onRevoke }: Acts & { apiKey: ApiKey }) {
  const { keys: words } = useToolMessages().developers;
  const formats = useFormats();
  const { data: me } = useQuery(useTRPC().me.get.queryOptions());
  const isMine = me?.kind === "user" && me.user.id === apiKey.memberId;
  const cannotRotate = apiKey.replacedBy !== null ? words.hasSuccessor : null;
  const othersKey = apiKey.memberId === null || isMine ? null : words.othersPersonal;
  return (
    <tr>
      <th scope="row">
        <span className="developers-two">
          <span className="developers-name">
            {apiKey.name}
            {apiKey.memberId === null ? null : (
              <span className="hr-badge">{isMine ? words.mine : words.member}</span>
            )}
            {apiKey.revokedAt === null ? null : (
              <span className="hr-badge" data-tone="danger">
                {words.revoked}
              </span>
            )}
            {apiKey.replacedBy === null || apiKey.revokedAt !== null ? null : (
              <span className="hr-badge" data-tone="warning">
                {words.replaced}
              </span>
            )}
          </span>
          <code className="hr-muted">{`${apiKey.secretPrefix}…`}</code>
        </span>
      </th>
      <td data-label={words.scopes}>
        <span className="developers-scopes">
          {apiKey.scopes.map((scope) => (
            <code key={scope} className="hr-badge" title={words.scope[scope]}>
              {scope}
            </code>
          ))}
        </span>
      </td>
      <td data-label={words.lastUsed}>
        {apiKey.lastUsedAt === null ? words.never : formats.dateTime(apiKey.lastUsedAt)}
      </td>
      <td data-label={words.expires}>
        {apiKey.expiresAt === null ? words.neverExpires : formats.dateTime(apiKey.expiresAt)}
      </td>
      <td>
        {apiKey.revokedAt !== null ? null : (
          <div className="actions">
            <Button
              aria-label={words.rotateOf(apiKey.name)}
              reason={mayNot ?? othersKey ?? cannotRotate}
              onClick={() => onRotate(apiKey)}
            >
              {words.rotate}
            </Button>
            <Button
              kind="danger"
              aria-label={words.revokeOf(apiKey.name)}
              reason={mayNot}
              onClick={() => onRevoke(apiKey)}
            >
              {words.revoke}
            </Button>
          </div>
        )}
      </td>
    </tr>
  );
}
