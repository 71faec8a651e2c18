-- Changes that people make to a subscription: at most one is under way, and Stripe's portal has a configuration of ours.

create unique index stripe_intent_one_pending_change on stripe_intent (organization_id)
  where kind in ('change_plan', 'set_seats', 'cancel', 'resume') and status = 'pending';

alter table configuration add column if not exists portal_configuration_id text;

-- Whoever reads back what came of a change lets the overage that waited for it go on.
grant update (next_attempt_at) on overage to hr_api;
