import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Adapter, AdapterPayload } from "oidc-provider";

type Entry = { payload: AdapterPayload /** Milliseconds; null for ever. */; expiresAt: number | null };

/** Everything that the issuer remembers: sessions, grants, tokens, and the people who signed in. */
export type IssuerStore = {
  find: (key: string) => AdapterPayload | undefined;
  put: (key: string, payload: AdapterPayload, seconds: number | null) => void;
  /** The key of the first entry that fits. */
  search: (fits: (key: string, payload: AdapterPayload) => boolean) => string | undefined;
  /** Removes all that fit. */
  remove: (fits: (key: string, payload: AdapterPayload) => boolean) => void;
};

const isOver = ({ expiresAt }: Entry): boolean => expiresAt !== null && expiresAt <= Date.now();

/** One file, written whole at each change: people sign in seldom, and a killed issuer forgets nobody. */
export const openIssuerStore = (file: string): IssuerStore => {
  const kept: [string, Entry][] = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : [];
  const entries = new Map(kept);
  const save = (): void => {
    for (const [key, entry] of entries) if (isOver(entry)) entries.delete(key);
    writeFileSync(`${file}.new`, JSON.stringify([...entries]), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  };
  const live = (): [string, Entry][] => [...entries].filter(([, entry]) => !isOver(entry));
  return {
    find: (key) => {
      const entry = entries.get(key);
      return entry === undefined || isOver(entry) ? undefined : entry.payload;
    },
    put: (key, payload, seconds) => {
      entries.set(key, { payload, expiresAt: seconds === null ? null : Date.now() + seconds * 1000 });
      save();
    },
    search: (fits) => live().find(([key, { payload }]) => fits(key, payload))?.[0],
    remove: (fits) => {
      for (const [key, { payload }] of live()) if (fits(key, payload)) entries.delete(key);
      save();
    },
  };
};

/** What `oidc-provider` keeps its models in. */
export const adapterOf =
  (store: IssuerStore) =>
  (model: string): Adapter => {
    const keyOf = (id: string): string => `${model}:${id}`;
    const findKey = async (key: string | undefined): Promise<AdapterPayload | undefined> =>
      key === undefined ? undefined : store.find(key);
    const isOurs = (key: string): boolean => key.startsWith(`${model}:`);
    return {
      upsert: async (id, payload, seconds) => store.put(keyOf(id), payload, seconds ?? null),
      find: (id) => findKey(keyOf(id)),
      findByUid: (uid) => findKey(store.search((key, payload) => isOurs(key) && payload.uid === uid)),
      findByUserCode: (code) =>
        findKey(store.search((key, payload) => isOurs(key) && payload.userCode === code)),
      destroy: async (id) => store.remove((key) => key === keyOf(id)),
      revokeByGrantId: async (grant) =>
        store.remove((key, payload) => isOurs(key) && payload.grantId === grant),
      consume: async (id) => {
        const payload = store.find(keyOf(id));
        const exp = payload?.exp ?? null;
        const consumed = Math.floor(Date.now() / 1000);
        if (payload) store.put(keyOf(id), { ...payload, consumed }, exp === null ? null : exp - consumed);
      },
    };
  };
