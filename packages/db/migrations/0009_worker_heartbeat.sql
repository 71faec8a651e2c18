-- Which worker processes live, by real time. A job whose worker has fallen silent is given back to the others.
set local role hr_jobs;

create table worker_heartbeat (
  worker_id text primary key, -- what graphile-worker writes into locked_by
  beat_at timestamptz not null
);
