#!/usr/bin/env bash
# Runs once, when the postgres image makes its data, after roles.sql: the login that migrates and that the
# applications use. It is no superuser; each connection takes one of the hr_ roles.
set -euo pipefail

psql --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set password="$(</run/secrets/headroom_password)" <<'SQL'
create role headroom login noinherit nosuperuser password :'password';
grant hr_owner, hr_migrator, hr_engine, hr_jobs, hr_api, hr_worker, hr_webhook, hr_readonly to headroom;
SQL
