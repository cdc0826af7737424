-- How each pull request looked from outside when its facts were read, and when that was: the hourly look reads in full only what
-- looks different. `seen` is empty where it has to be read at the next look whatever it looks like; from `stale_at` on, what the check says is
-- no longer true, though nothing changed on GitHub.
ALTER TABLE release_gate.verdicts
  ADD COLUMN seen text,
  ADD COLUMN read_at timestamp(3) with time zone,
  ADD COLUMN stale_at timestamp(3) with time zone;

-- The repositories of each installation, with the last time that one was looked at, and what kept it from being looked at since.
CREATE TABLE release_gate.looks (
  installation_id bigint NOT NULL,
  repository_id bigint NOT NULL,
  node_id text NOT NULL,
  owner text NOT NULL,
  repo text NOT NULL,
  listed_at timestamp(3) with time zone NOT NULL,
  looked_at timestamp(3) with time zone,
  tried_at timestamp(3) with time zone,
  problem text,
  PRIMARY KEY (installation_id, repository_id)
);

ALTER TABLE release_gate.looks ENABLE ROW LEVEL SECURITY;
