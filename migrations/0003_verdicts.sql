-- Every evaluation takes a number at its start; what an older one would still write is refused.
CREATE SEQUENCE release_gate.generation;

-- The latest verdict on each pull request. `snapshot` and `report` are json, not jsonb: jsonb refuses \u0000, which a title may hold.
CREATE TABLE release_gate.verdicts (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  generation bigint NOT NULL,
  owner text NOT NULL,
  repo text NOT NULL,
  head_sha text NOT NULL,
  base_ref text NOT NULL,
  -- A pull request counts for the check of its head while it is open and the policy covers its base.
  counts boolean NOT NULL,
  state text NOT NULL CHECK (state IN ('passed', 'waiting', 'failed')),
  digest text NOT NULL,
  report json NOT NULL,
  snapshot json NOT NULL,
  policy json,
  -- Where the policy came from, and the sentence about it in the check.
  source json NOT NULL,
  decided_at timestamp(3) with time zone NOT NULL,
  -- When the calendar changes the verdict, and when the facts are to be read again before that.
  next_at timestamp(3) with time zone,
  prepare_at timestamp(3) with time zone,
  -- A generation number, taken when something was heard of the pull request: what an evaluation that began before it read is
  -- not fresh. A number and no time, since the clocks of two processes may differ.
  heard bigint,
  PRIMARY KEY (installation_id, repository_id, number)
);

CREATE INDEX verdicts_next ON release_gate.verdicts (next_at) WHERE counts;
CREATE INDEX verdicts_head ON release_gate.verdicts (installation_id, repository_id, head_sha);

-- Open pull requests that offer a commit and have no verdict yet: nothing is green on it before they have one.
CREATE TABLE release_gate.unjudged (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  number integer NOT NULL,
  head_sha text NOT NULL,
  PRIMARY KEY (installation_id, repository_id, number)
);

CREATE INDEX unjudged_head ON release_gate.unjudged (installation_id, repository_id, head_sha);

-- What stands on GitHub: a check run belongs to a commit, not to a pull request. `check_run_id` is null from the moment that a
-- run is about to be posted until GitHub has answered.
CREATE TABLE release_gate.check_runs (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  owner text NOT NULL,
  repo text NOT NULL,
  head_sha text NOT NULL,
  external_id text NOT NULL,
  check_run_id bigint,
  state text NOT NULL CHECK (state IN ('passed', 'waiting', 'failed')),
  title text NOT NULL,
  digest text NOT NULL,
  posted_at timestamp(3) with time zone NOT NULL,
  -- A green check that can still let a merge through, and has to be taken back at closing.
  outstanding boolean NOT NULL,
  -- When that last ended: closing that has begun stays as wide as it was, or what was taken back would turn green again.
  left_green_at timestamp(3) with time zone,
  PRIMARY KEY (installation_id, repository_id, head_sha)
);

CREATE INDEX check_runs_outstanding ON release_gate.check_runs (installation_id) WHERE outstanding;
CREATE INDEX check_runs_left_green ON release_gate.check_runs (installation_id, left_green_at);

-- Every write to GitHub of the last hour: its limits set the pace.
CREATE TABLE release_gate.writes (
  installation_id bigint NOT NULL,
  at timestamp(3) with time zone NOT NULL
);

CREATE INDEX writes_at ON release_gate.writes (installation_id, at);

-- Only one process at a time writes the check of a commit. A lease ends by itself, so that a dead process holds nothing.
CREATE TABLE release_gate.leases (
  key text PRIMARY KEY,
  holder text NOT NULL,
  expires_at timestamp(3) with time zone NOT NULL
);

-- The last policy of each repository that could be read: a broken one is repaired under it.
CREATE TABLE release_gate.policies (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  text text NOT NULL,
  blob text NOT NULL,
  PRIMARY KEY (installation_id, repository_id)
);

ALTER TABLE release_gate.verdicts ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.writes ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.check_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.unjudged ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.leases ENABLE ROW LEVEL SECURITY;
ALTER TABLE release_gate.policies ENABLE ROW LEVEL SECURITY;

-- What was found out about commits, such as the proof that two changes are the same; the key names every commit it depends on.
CREATE TABLE release_gate.facts (
  key text PRIMARY KEY,
  value json NOT NULL,
  last_used_at timestamp(3) with time zone NOT NULL
);

CREATE INDEX facts_last_used ON release_gate.facts (last_used_at);

ALTER TABLE release_gate.facts ENABLE ROW LEVEL SECURITY;
