/** The areas of the reference, in the order in which they are read. */
export const areas: Readonly<Record<string, string>> = {
  me: "The caller.",
  organizations: "Tenants and billing accounts: members, a plan, usage.",
  members: "Users in an organization, with a role.",
  invites: "Pending memberships for e-mail addresses.",
  permissions: "What the caller may do.",
  plans: "What can be bought.",
  billing: "An organization's plan, checkout and invoices.",
  usage: "Taking from limits, recording what has happened, and how limits stand.",
  alerts: "Thresholds of usage that tell when they are reached, once in each window.",
  apiKeys: "Credentials of programs.",
  webhooks: "Events sent to an organization's own endpoints.",
  events: "What has changed in an organization, numbered. Over tRPC and Socket.IO also as it happens.",
  audit: "Who did what, where authority or money changed.",
  profiles: "Named sub-resources of an organization, limited by its plan.",
  conversations: "Open items that are assigned to members.",
  users: "Accounts, for the SaaS's own back end.",
};
