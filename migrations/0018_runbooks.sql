-- The tools of the last release at the time when the gate `runbooks` was first evaluated for a server of a repository, as JSON: they
-- are older than the gate. Without a release by then there are none.
CREATE TABLE release_gate.runbook_starts (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  server text NOT NULL,
  tools text NOT NULL,
  since timestamp(3) with time zone NOT NULL,
  PRIMARY KEY (installation_id, repository_id, server)
);

ALTER TABLE release_gate.runbook_starts ENABLE ROW LEVEL SECURITY;
