type Tag = { name: string; "x-displayName": string; description: string };

/** The areas of the reference, in the order in which they are read. */
const areas: Readonly<Record<string, string>> = {
  me: "The caller.",
  organizations: "Tenants and billing accounts: members, a plan, usage.",
  members: "Users in an organization, with a role.",
  invites: "Pending memberships for e-mail addresses.",
  permissions: "What the caller may do.",
  plans: "What can be bought.",
  billing: "An organization's plan, checkout and invoices.",
  entitlements: "What an organization may do: plan, features, seats and limits together.",
  usage: "Taking from limits, recording what has happened, and how limits stand.",
  alerts: "Thresholds of usage that tell when they are reached, once in each window.",
  apiKeys: "Credentials of programs.",
  webhooks: "Events sent to an organization's own endpoints.",
  events: "What has changed in an organization, numbered. Over tRPC and Socket.IO also as it happens.",
  overrides: "Limits, seats and features that operators set in place of a plan's.",
  operator: "What only operators do: everybody's organizations, assigned plans, reading from Stripe again.",
  audit: "Who did what, where authority or money changed.",
  profiles: "Named sub-resources of an organization, limited by its plan.",
  conversations: "Open items that are assigned to members.",
  users: "Accounts, for the SaaS's own back end.",
};

/** The tags of the document: the areas, and the preset whose paths it has besides. */
export function tagsOf(aliases: Readonly<Record<string, unknown>>): Tag[] {
  const operations = Object.values(aliases).flatMap((methods) => Object.values(methods as object));
  const presets = new Set(operations.flatMap(({ tags }: { tags: string[] }) => tags));
  return [
    ...Object.entries(areas).map(([name, description]) => tag(name, description)),
    ...[...presets].map((name) =>
      tag(name, `The paths of the preset \`${name}\`: other names of calls above.`),
    ),
  ];
}

/** `apiKeys` is shown as "API keys". */
function tag(name: string, description: string): Tag {
  const words = name
    .replace(/^api/, "API")
    .replace(/(?<=[a-zI])[A-Z](?=[a-z])/g, (letter) => ` ${letter.toLowerCase()}`);
  return { name, "x-displayName": words.replace(/^[a-z]/, (letter) => letter.toUpperCase()), description };
}
