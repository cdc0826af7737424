-- What the runs of the staging regression found. `report`, `recorded` and `suite_text` are text: the hash covers these exact
-- characters, and a list of tools is kept raw, so that it can be compared anew with a later baseline.
CREATE TABLE release_gate.evidence (
  run_id text PRIMARY KEY,
  -- The order in which runs were kept: two may have begun in one millisecond.
  seq bigint GENERATED ALWAYS AS IDENTITY,
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  head_sha text NOT NULL,
  tree_sha text,
  server text NOT NULL,
  environment text NOT NULL,
  suite text NOT NULL,
  suite_text text,
  deployment_id bigint,
  server_name text,
  server_version text,
  verdict text NOT NULL CHECK (verdict IN ('passed', 'failed', 'inconclusive')),
  summary text NOT NULL,
  report text NOT NULL,
  report_hash text NOT NULL CHECK (report_hash ~ '^[0-9a-f]{64}$'),
  recorded text,
  baseline_id bigint,
  requested_by bigint,
  started_at timestamp(3) with time zone NOT NULL
);

CREATE INDEX evidence_head ON release_gate.evidence (installation_id, repository_id, head_sha, seq DESC);
CREATE INDEX evidence_tree ON release_gate.evidence (installation_id, repository_id, tree_sha, seq DESC);

-- Evidence is never changed; what a run found stays found.
CREATE TRIGGER evidence_append_only BEFORE UPDATE OR DELETE ON release_gate.evidence
  FOR EACH ROW EXECUTE FUNCTION release_gate.refuse_change();

-- The list of tools of each release to the default branch, raw, for the contract of the next one.
CREATE TABLE release_gate.baselines (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  server text NOT NULL,
  head_sha text NOT NULL,
  run_id text NOT NULL UNIQUE REFERENCES release_gate.evidence,
  recorded text NOT NULL,
  recorded_at timestamp(3) with time zone NOT NULL
);

CREATE INDEX baselines_newest ON release_gate.baselines (installation_id, repository_id, server, id DESC);

-- The check run "Staging regression" that was posted last on a commit. `check_run_id` is null until GitHub has answered.
CREATE TABLE release_gate.regression_checks (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  head_sha text NOT NULL,
  external_id text NOT NULL,
  check_run_id bigint,
  url text,
  completed boolean NOT NULL,
  -- The run whose report it shows; null while it only offers the button, or tells the progress.
  run_id text,
  PRIMARY KEY (installation_id, repository_id, head_sha)
);

ALTER TABLE release_gate.evidence ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.baselines ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.regression_checks ENABLE ROW LEVEL SECURITY;
