import { createHeadroomClient, isHeadroomError } from "@headroom/client";

const headroom = createHeadroomClient({
  url: process.env.HEADROOM_URL ?? "http://localhost:3000",
  token: process.env.HEADROOM_TOKEN ?? "",
});

const organization = await headroom.organizations.create.mutate({ name: "Example Works" });
const organizationId = organization.id;
console.log(`${organization.name} is ${organization.slug}`);

for (const email of ["bo@example.com", "cy@example.com", "di@example.com"]) {
  try {
    const invite = await headroom.invites.create.mutate({ organizationId, email, role: "member" });
    console.log(`${email}: ${invite.status}`);
  } catch (error) {
    if (!isHeadroomError(error, "seat_limit_reached")) throw error;
    const { used, limit, upgradePlans } = error.data.details;
    const plans = upgradePlans.map(({ displayName }) => displayName).join(", ");
    console.log(`${email}: ${used} of ${limit} seats are taken; more with: ${plans || "no plan"}`);
    break;
  }
}

const { usage } = await headroom.usage.get.query({ organizationId });
console.log(`${usage.dailyUsed} of ${usage.dailyLimit ?? "unlimited"} ${usage.meter} used today`);
