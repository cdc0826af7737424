-- Which evaluation of a pull request is the newest: a handler that outlived its expiry holds an older number and must
-- not write any more.
CREATE TABLE release_gate.evaluations (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  generation integer NOT NULL,
  PRIMARY KEY (installation_id, repository_id, number)
);

-- What stands on GitHub: one row for each check run that was posted.
-- `snapshot` is json, not jsonb: jsonb refuses \u0000, which a title may hold.
CREATE TABLE release_gate.published_checks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  head_sha text NOT NULL,
  check_run_id bigint NOT NULL,
  state text NOT NULL,
  title text NOT NULL,
  digest text NOT NULL,
  policy_digest text NOT NULL,
  snapshot json,
  generation integer NOT NULL,
  published_at timestamp(3) with time zone NOT NULL,
  superseded_at timestamp(3) with time zone,
  taken_back_at timestamp(3) with time zone
);

CREATE UNIQUE INDEX published_checks_current
  ON release_gate.published_checks (installation_id, repository_id, number) WHERE superseded_at IS NULL;
CREATE INDEX published_checks_head ON release_gate.published_checks (repository_id, head_sha);

ALTER TABLE release_gate.evaluations ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.published_checks ENABLE ROW LEVEL SECURITY;
