import { readClock } from "@headroom/db/clock";
import { findReferences } from "@headroom/db/organization-references";
import { withSystem } from "@headroom/db/tenancy";
import type { Actor } from "@headroom/domain/actors";
import { decodeId, encodeId } from "@headroom/domain/ids";
import type { ServiceContext } from "../context.ts";
import { recordOperatorAct } from "../operator-acts.ts";
import { createPlatformKey, revokePlatformKey } from "../platform-keys.ts";
import { hashSecret } from "../secrets.ts";
import { allNew, type Belonged, type Belongings, importBelongings } from "./belongings.ts";
import { type CheckedFile, checkFile, type LineFault } from "./check.ts";
import { assertUnchanged, readLines, stampOf } from "./lines.ts";
import { importOrganizations, importUsers, type Tally } from "./newcomers.ts";
import { type ImportRecord, parseRecord, type RecordOf } from "./records.ts";

type Context = Pick<ServiceContext, "db" | "configuration" | "environment">;

export interface FileImportInput {
  file: string;
  dryRun: boolean;
  /** Import the other lines although some cannot be. */
  skipBad: boolean;
  operator: Actor;
  /** Issuers that users may be of; empty: any. */
  issuers: ReadonlySet<string>;
  onProgress?: (done: number, total?: number) => void;
}

export interface FileImport {
  dryRun: boolean;
  lines: number;
  faults: LineFault[];
  /** False: a line cannot be imported, and so none was. */
  imported: boolean;
  users: Tally;
  organizations: Tally;
  members: Tally;
  invites: Tally;
  usage: Tally;
  /** Organizations with more members than seats. */
  overLimit: { organizationId: string; externalId: string; members: number; limit: number }[];
}

const usersAtOnce = 500;
const organizationsAtOnce = 100;
const belongingsAtOnce = 2_000;
const keyLivesMs = 86_400_000;

/**
 * Imports users, organizations, members, pending invites and opening usage from a file of one JSON object a line. Every
 * line is looked at first: one that cannot be imported keeps all others out, unless `skipBad`. What is there already is
 * left as it is, so that a second run, or one after a kill, adds what lacks. The file is read several times and never
 * held: kept are the names in it.
 * @param context `db` as hr_api
 * @throws DomainError validation_failed when the file is changed meanwhile; an error of the file system
 */
export async function importFile(context: Context, input: FileImportInput): Promise<FileImport> {
  const { dryRun, skipBad, operator, onProgress = () => undefined } = input;
  const stamp = await stampOf(input.file);
  const checked = await checkFile(context, input.file, input.issuers);
  await assertUnchanged(input.file, stamp);
  const result = emptyResult(dryRun, checked);
  if (checked.faults.length > 0 && !skipBad) {
    return result;
  }
  result.imported = !dryRun;
  const bad = new Set(checked.faults.map(({ line }) => line));
  const total = checked.lines - bad.size;
  let done = 0;
  const progress = (more: number) => {
    done += more;
    onProgress(done, total);
  };
  const of = <Kind extends ImportRecord["kind"]>(most: number, ...kinds: Kind[]) =>
    batches(input.file, { bad, kinds, most, stamp });
  for await (const users of of(usersAtOnce, "user")) {
    add(result.users, await importUsers(context, users, { dryRun }));
    progress(users.length);
  }
  const created = new Set<string>();
  for await (const some of of(organizationsAtOnce, "organization")) {
    const made = await importOrganizations(context, some, { dryRun, operator, top: checked.top });
    for (const externalId of made) created.add(externalId);
    add(result.organizations, { created: made.length, existing: some.length - made.length });
    progress(some.length);
  }
  await withKey(context, { dryRun: dryRun || checked.kinds.usage === 0, operator }, async (credential) => {
    for await (const some of of(belongingsAtOnce, "member", "invite", "usage")) {
      await importGroups(context, some, { dryRun, operator, credential, created, result });
      progress(some.length);
    }
  });
  // An owner comes with the organization, and was there when the line was reached.
  if (!dryRun) {
    add(result.members, { created: created.size, existing: -created.size });
    await recordEnd(context, operator, result);
  }
  return result;
}

function emptyResult(dryRun: boolean, { lines, faults }: CheckedFile): FileImport {
  const tally = () => ({ created: 0, existing: 0 });
  return {
    dryRun,
    lines,
    faults,
    imported: false,
    users: tally(),
    organizations: tally(),
    members: tally(),
    invites: tally(),
    usage: tally(),
    overLimit: [],
  };
}

async function importGroups(
  context: Context,
  records: readonly RecordOf<"member" | "invite" | "usage">[],
  options: {
    dryRun: boolean;
    operator: Actor;
    credential: Buffer | null;
    created: ReadonlySet<string>;
    result: FileImport;
  },
): Promise<void> {
  const groups = groupsOf(records);
  const ids = await findReferences(context.db.kysely, [...groups.keys()]);
  for (const [externalId, belongings] of groups) {
    const id = ids.get(externalId);
    const belonged =
      id === undefined ? allNew(belongings) : await importBelongings(context, id, belongings, options);
    take(options.result, belonged, { externalId, id: id ?? null });
  }
}

function groupsOf(records: readonly RecordOf<"member" | "invite" | "usage">[]): Map<string, Belongings> {
  const groups = new Map<string, Belongings>();
  for (const record of records) {
    const group = groups.get(record.organization) ?? { members: [], invites: [], usage: [] };
    groups.set(record.organization, group);
    if (record.kind === "member") group.members.push(record);
    else if (record.kind === "invite") group.invites.push(record);
    else group.usage.push(record);
  }
  return groups;
}

function take(
  result: FileImport,
  { members, invites, usage, overLimit }: Belonged,
  { externalId, id }: { externalId: string; id: string | null },
): void {
  add(result.members, members);
  add(result.invites, invites);
  add(result.usage, usage);
  // An organization's lines may come in several portions: the last look counts.
  const others = result.overLimit.filter((one) => one.externalId !== externalId);
  result.overLimit =
    overLimit === null || id === null
      ? others
      : [...others, { organizationId: encodeId("org", id), externalId, ...overLimit }];
}

function add(sum: Tally, { created, existing }: Tally): void {
  sum.created += created;
  sum.existing += existing;
}

/** Usage is written as the callers of the api write it: with a key, which lives as long as the import. */
async function withKey(
  context: Context,
  { dryRun, operator }: { dryRun: boolean; operator: Actor },
  work: (credential: Buffer | null) => Promise<void>,
): Promise<void> {
  if (dryRun) {
    return work(null);
  }
  const now = await withSystem(context.db, readClock);
  const expiresAt = new Date(now.getTime() + keyLivesMs).toISOString();
  const key = await createPlatformKey(
    context,
    { name: "import", scopes: ["usage:write"], expiresAt },
    operator,
  );
  try {
    await work(hashSecret(key.secret ?? ""));
  } finally {
    await revokePlatformKey(context, decodeId("key", key.id) ?? key.id, operator);
  }
}

async function recordEnd({ db }: Context, operator: Actor, result: FileImport): Promise<void> {
  const { users, organizations, members, invites, usage, faults } = result;
  const made = [users, organizations, members, invites, usage].reduce((sum, one) => sum + one.created, 0);
  if (made > 0) {
    const data = { users, organizations, members, invites, usage, badLines: faults.length };
    await withSystem(db, (tx) =>
      recordOperatorAct(tx, operator, { action: "file.imported", target: null, data }),
    );
  }
}

/** The good lines of some kinds, in portions; none of a file that is not the one that was looked at. */
async function* batches<Kind extends ImportRecord["kind"]>(
  file: string,
  {
    bad,
    kinds,
    most,
    stamp,
  }: { bad: ReadonlySet<number>; kinds: readonly Kind[]; most: number; stamp: string },
): AsyncGenerator<RecordOf<Kind>[]> {
  let batch: RecordOf<Kind>[] = [];
  for await (const { number, text } of readLines(file)) {
    const parsed = bad.has(number) ? null : parseRecord(text);
    if (parsed !== null && "record" in parsed && (kinds as readonly string[]).includes(parsed.record.kind)) {
      batch.push(parsed.record as RecordOf<Kind>);
    }
    if (batch.length === most) {
      await assertUnchanged(file, stamp);
      yield batch;
      batch = [];
    }
  }
  await assertUnchanged(file, stamp);
  if (batch.length > 0) {
    yield batch;
  }
}
