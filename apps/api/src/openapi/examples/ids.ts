/** Who and what the examples are about: the same organization everywhere, so that one call's answer is the next one's input. */
export const ids = {
  organization: "org_01983a5e-7c01-7d2e-9b4f-3a1c5e7d9f01",
  owner: "usr_01983a5c-1a02-7c3d-8e5f-6b7a8c9d0e02",
  admin: "usr_01983a5d-4b03-7a1b-9c2d-3e4f5a6b7c03",
  ownerMembership: "mbr_01983a5e-7c04-7e5f-8a9b-0c1d2e3f4a04",
  adminMembership: "mbr_01983a61-9d07-7f6a-8b7c-8d9e0f1a2b07",
  invite: "inv_01983a60-2b10-7e4f-8a6b-9c0d1e2f3a05",
  otherInvite: "inv_01983a60-2b11-7b8c-9d0e-1f2a3b4c5d06",
  key: "key_01983a62-0e08-7c9d-8e0f-1a2b3c4d5e08",
  nextKey: "key_01983a90-1f09-7d0e-9f1a-2b3c4d5e6f09",
  platformKey: "key_01983a40-0a0a-7b1c-8d2e-3f4a5b6c7d0a",
  profile: "prf_01983a63-2a0b-7e2f-8a3b-4c5d6e7f8a0b",
  conversation: "cnv_01983a64-3b0c-7f3a-9b4c-5d6e7f8a9b0c",
  webhook: "whk_01983a65-4c0d-7a4b-8c5d-6e7f8a9b0c0d",
  event: "evt_01983a66-5d0e-7b5c-9d6e-7f8a9b0c1d0e",
  usageEvent: "evt_01983a67-6e0f-7c6d-8e7f-8a9b0c1d2e0f",
  voidEvent: "evt_01983a67-9a12-7e8f-9a0b-1c2d3e4f5a12",
  reservation: "res_01983a69-8b13-7f9a-8b1c-2d3e4f5a6b13",
} as const;

/** The moments of the story, in its order. */
export const times = {
  founded: "2026-03-02T09:00:00.000Z",
  invited: "2026-03-02T09:05:00.000Z",
  inviteEnds: "2026-03-09T09:05:00.000Z",
  joined: "2026-03-02T10:12:00.000Z",
  now: "2026-03-10T12:30:00.000Z",
  soon: "2026-03-10T12:40:00.000Z",
  tomorrow: "2026-03-11T00:00:00.000Z",
  nextMonth: "2026-04-01T00:00:00.000Z",
  monthStart: "2026-03-01T00:00:00.000Z",
} as const;
