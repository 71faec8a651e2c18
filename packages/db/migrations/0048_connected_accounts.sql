-- An event of a connected account is put aside: whose customer it is about, our key cannot see.
alter table stripe_inbox
  drop constraint stripe_inbox_reason_check,
  add constraint stripe_inbox_reason_check
    check (reason in ('unlinked', 'unknown_price', 'unknown_status', 'unstorable', 'other_account'));
