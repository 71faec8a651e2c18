-- A plan that waits because of a schedule at Stripe is not in the subscription's items yet; one that was kept is. And why
-- a subscription is paused, for whoever looks into it.
alter table subscription
  add column pending_scheduled boolean not null default false,
  add column paused_for text;
