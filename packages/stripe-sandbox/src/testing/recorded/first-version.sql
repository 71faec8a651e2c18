-- A sandbox file as the first version made it, with one event that was delivered and one that was not.
create table object (
  seq integer primary key autoincrement, id text not null unique, kind text not null,
  created integer not null, removed integer not null default 0, body text not null, detail text
);
create index object_kind on object (kind, seq);
create index object_customer on object (kind, (body ->> '$.customer'));
create table due (object_id text not null, what text not null, at integer not null, primary key (object_id, what));
create index due_at on due (at);
create table delivery (
  seq integer primary key autoincrement, event_id text not null, endpoint_id text not null,
  state text not null, attempts integer not null, first_at integer not null, next_at integer not null,
  last_result text, unique (event_id, endpoint_id)
);
create index delivery_state on delivery (state, next_at);
create table idempotency (
  key text primary key, fingerprint text not null, status integer not null, body text not null,
  request_id text not null, created integer not null
);
create table setting (name text primary key, value text not null);
pragma user_version = 1;
insert into object (id, kind, created, body) values
  ('evt_done', 'event', 1700000000, '{"id":"evt_done","object":"event","type":"customer.created","created":1700000000,"livemode":false,"data":{"object":{}}}'),
  ('evt_waiting', 'event', 1700000001, '{"id":"evt_waiting","object":"event","type":"customer.created","created":1700000001,"livemode":false,"data":{"object":{}}}');
insert into delivery (event_id, endpoint_id, state, attempts, first_at, next_at, last_result) values
  ('evt_done', 'we_sandbox', 'delivered', 1, 1700000000000, 0, '200'),
  ('evt_waiting', 'we_sandbox', 'pending', 2, 9999999999999, 1700000001000, '503');
