#!/usr/bin/env bash
# A database and a role for each side, closed to the other. Runs once, inside the image of PostgreSQL.
set -euo pipefail
side() {
  psql --set ON_ERROR_STOP=1 --set side="$1" --set password="$2" --username postgres <<'SQL'
CREATE ROLE :"side" LOGIN PASSWORD :'password';
CREATE DATABASE :"side" OWNER :"side";
REVOKE ALL ON DATABASE :"side" FROM PUBLIC;
SQL
}
side court "$COURT_PASSWORD"
side procuratorate "$PROCURATORATE_PASSWORD"
psql --set ON_ERROR_STOP=1 --username postgres --command 'REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC'
